/** A machine of XState beside the hand-written actors: it goes out by itself. */
import { assign, setup } from "xstate";

export const lamp = setup({
  types: {
    context: {} as { switched: number },
    events: {} as { type: "PRESS" },
  },
  actions: { shine: (_, _params: { switched: number }) => {}, darken: () => {} },
}).createMachine({
  id: "lamp",
  context: { switched: 0 },
  initial: "off",
  states: {
    off: { on: { PRESS: "on" } },
    on: {
      entry: [
        assign({ switched: ({ context }) => context.switched + 1 }),
        { type: "shine", params: ({ context }) => ({ switched: context.switched }) },
      ],
      on: { PRESS: "off" },
      after: { 500: { target: "off", actions: "darken" } },
    },
  },
});
