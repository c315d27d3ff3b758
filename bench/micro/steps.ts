/**
 * Steps of a hosted machine a second, beside `createActor` on the same events.
 * Run: node bench/micro/steps.ts
 */
import { createActor, SimulatedClock } from "xstate";
import { assign, setup } from "xstate";
import { logicOf } from "#runtime/logic/xstate.ts";

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
const RUN_MS = 1_000;

const perSecond = (step: (event: (typeof EVENTS)[number]) => void): number => {
  for (let n = 0; n < 20_000; n++) step(EVENTS[n % EVENTS.length]!);
  const begin = performance.now();
  let steps = 0;
  while (performance.now() - begin < RUN_MS) {
    for (let n = 0; n < 1_000; n++) step(EVENTS[n % EVENTS.length]!);
    steps += 1_000;
  }
  return Math.round((steps * 1_000) / (performance.now() - begin));
};

const logic = logicOf(machine);
let { state } = logic.initial(undefined);
const hosted = perSecond((event) => {
  state = logic.step(state, event).state;
});

const actor = createActor(machine, { clock: new SimulatedClock() }).start();
const actors = perSecond((event) => actor.send(event));

console.log(`hosted step    ${hosted.toLocaleString("en")} steps/s`);
console.log(`createActor    ${actors.toLocaleString("en")} steps/s`);
console.log(`ratio          ${(hosted / actors).toFixed(2)}`);
