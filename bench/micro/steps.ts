/**
 * Steps of a hosted machine a second, beside `createActor` on the same events.
 * Run: node bench/micro/steps.ts [--ms 1000] [--json]
 */
import { assign, createActor, setup, SimulatedClock } from "xstate";
import { logicOf } from "#runtime/logic/xstate.ts";
import { microFlags } from "../support/flags.ts";
import { ratePerSecond } from "../support/rate.ts";
import { tellFigures } from "../support/report.ts";

const { ms, isJson } = microFlags({ ms: 1_000 });

const machine = setup({
  types: { context: {} as { bids: number }, events: {} as { type: "BID" | "CLOSE" | "OPEN" } },
  actions: { publish: (_, _params: { bids: number }) => {} },
}).createMachine({
  context: { bids: 0 },
  initial: "open",
  states: {
    open: {
      after: { 5_000: "closed" },
      on: {
        BID: { actions: assign({ bids: ({ context }) => context.bids + 1 }) },
        CLOSE: "closed",
      },
    },
    closed: {
      entry: { type: "publish", params: ({ context }) => ({ bids: context.bids }) },
      on: { OPEN: "open" },
    },
  },
});

const EVENTS = (["BID", "BID", "CLOSE", "OPEN"] as const).map((type) => ({ type }));
/** Of one call: enough that the clock is not what is measured. */
const STEPS = 1_000;
type Event = (typeof EVENTS)[number];
const rateOf = (step: (event: Event) => void): Promise<number> =>
  ratePerSecond({ units: STEPS, ms }, () => {
    for (let n = 0; n < STEPS; n++) step(EVENTS[n % EVENTS.length]!);
  });

const logic = logicOf(machine);
let { state } = logic.initial(undefined);
const hosted = await rateOf((event) => {
  state = logic.step(state, event).state;
});
const actor = createActor(machine, { clock: new SimulatedClock() }).start();
const actors = await rateOf((event) => actor.send(event));

const floor = { name: "createActor, the same events", value: actors };
tellFigures("steps", [{ name: "hosted steps", value: hosted, unit: "steps/s", floor }], { isJson });
