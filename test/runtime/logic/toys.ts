/** Machines that use, between them, every feature a hosted machine may use. */
import { and, assign, cancel, enqueueActions, not, raise, setup, stateIn } from "xstate";

/** Nested states, dynamic `after`, delayed raise with cancel, output on the final state. */
export const kettle = setup({
  types: {
    context: {} as { heatMs: number; boils: number; alarm: string },
    input: {} as { heatMs: number },
    output: {} as { boils: number },
    events: {} as
      | { type: "FILL" }
      | { type: "HEAT"; extraMs: number }
      | { type: "AGAIN" }
      | { type: "MUTE" }
      | { type: "EMPTY" }
      | { type: "RING" }
      | { type: "IGNORED" },
  },
  delays: { heating: ({ context }) => context.heatMs },
  actions: {
    switchOn: (_, _params: { watts: number }) => {},
    whistle: () => {},
    note: (_, _params: { boils: number }) => {},
  },
  guards: { oftenBoiled: ({ context }) => context.boils >= 3 },
}).createMachine({
  id: "kettle",
  context: ({ input }) => ({ heatMs: input.heatMs, boils: 0, alarm: "" }),
  output: ({ context }) => ({ boils: context.boils }),
  initial: "empty",
  on: { IGNORED: {}, RING: { actions: assign({ alarm: "rang" }) } },
  states: {
    empty: { on: { FILL: "full" } },
    full: {
      initial: "cold",
      entry: raise({ type: "RING" }, { id: "alarm", delay: 5_000 }),
      exit: [
        cancel("alarm"),
        { type: "note", params: ({ context }) => ({ boils: context.boils }) },
      ],
      on: {
        EMPTY: { target: "empty" },
        MUTE: { actions: cancel("alarm") },
        AGAIN: { target: "full", reenter: true },
      },
      states: {
        cold: {
          on: {
            HEAT: {
              target: "hot",
              actions: assign({ heatMs: ({ context, event }) => context.heatMs + event.extraMs }),
            },
          },
        },
        hot: {
          entry: { type: "switchOn", params: { watts: 2_000 } },
          after: {
            heating: { target: "boiled", actions: "whistle" },
            100: { actions: assign({ alarm: "warm" }) },
          },
          on: { HEAT: { target: "hot", reenter: true } },
        },
        boiled: {
          entry: assign({ boils: ({ context }) => context.boils + 1 }),
          always: [{ guard: "oftenBoiled", target: "#kettle.broken" }, { target: "cold" }],
        },
      },
    },
    broken: { type: "final" },
  },
});

/** Parallel regions that answer one event together, wait for each other and finish together. */
export const crossing = setup({
  types: {
    context: {} as { seen: string[] },
    input: {} as { first: string },
    events: {} as { type: "GO" } | { type: "WAIT" } | { type: "RESET" } | { type: "LEAVE" },
  },
  actions: {
    show: (_, _params: { light: string }) => {},
    closed: () => {},
  },
  guards: { carsHeld: stateIn({ cars: "held" }) },
}).createMachine({
  id: "crossing",
  context: ({ input }) => ({ seen: [input.first] }),
  type: "parallel",
  onDone: { actions: "closed" },
  states: {
    walkers: {
      initial: "waiting",
      states: {
        waiting: {
          on: { GO: { target: "ready", actions: { type: "show", params: { light: "yellow" } } } },
        },
        ready: { always: { guard: "carsHeld", target: "walking" } },
        walking: {
          entry: assign({ seen: ({ context }) => [...context.seen, "walking"].slice(-4) }),
          after: { 3_000: "waiting" },
          on: { LEAVE: "home" },
        },
        home: { type: "final" },
      },
    },
    cars: {
      initial: "driving",
      on: { LEAVE: ".gone" },
      states: {
        driving: {
          on: { GO: { target: "held", actions: { type: "show", params: { light: "red" } } } },
        },
        held: { after: { 4_000: "driving" }, on: { WAIT: { target: "held", reenter: true } } },
        gone: { type: "final" },
      },
    },
    clock: {
      initial: "ticking",
      on: { RESET: { target: ".ticking", reenter: true } },
      states: { ticking: { after: { 500: "stopped" } }, stopped: { type: "final" } },
    },
  },
});

/** Raised events, enqueued actions, combined guards, and a guard and an assign that throw. */
export const tally = setup({
  types: {
    context: {} as { total: number; odd: boolean },
    input: {} as { start: number },
    events: {} as
      | { type: "ADD"; amount: number }
      | { type: "ODD" }
      | { type: "STOP" }
      | { type: "BREAK"; how: "guard" | "assign" },
  },
  actions: { report: (_, _params: { total: number }) => {}, quiet: () => {} },
  guards: {
    isLarge: ({ context }) => context.total > 40,
    isOdd: ({ context }) => context.odd,
    breaks: ({ event }) => {
      if (event.type === "BREAK" && event.how === "guard") throw new Error("the guard broke");
      return true;
    },
  },
}).createMachine({
  id: "tally",
  context: ({ input }) => ({ total: input.start, odd: false }),
  initial: "counting",
  states: {
    counting: {
      entry: raise({ type: "ODD" }),
      on: {
        ADD: {
          actions: [
            assign({ total: ({ context, event }) => context.total + event.amount }),
            raise({ type: "ODD" }),
            enqueueActions(({ enqueue, check, context }) => {
              if (check({ type: "isOdd" })) enqueue("quiet");
              enqueue({ type: "report", params: { total: context.total } });
            }),
          ],
        },
        ODD: { actions: assign({ odd: ({ context }) => context.total % 2 === 1 }) },
        STOP: { guard: and(["isLarge", not("isOdd")]), target: "stopped" },
        BREAK: {
          guard: "breaks",
          actions: [
            "quiet",
            assign(() => {
              throw new Error("the assign broke");
            }),
          ],
        },
      },
    },
    stopped: { type: "final" },
  },
});
