/**
 * Challenge (protocol section 12, foundation): bonding → open → resolving → upheld | rejected, or
 * refused.
 *
 * C1 (P3)  Nothing is ruled before the bond is held; the ruling is told after the bond was resolved.
 * C2       An unanswered challenge is rejected at its deadline; one that names nothing, at once.
 */

import { assign, setup } from "xstate";
import type { ChallengeCommand } from "./challenge.commands.ts";
import type { ChallengeEvent, ChallengeInput } from "./challenge.events.ts";

export interface ChallengeContext extends ChallengeInput {
  readonly upheld: boolean;
}

type Report = Extract<ChallengeCommand, { type: "report" }>["params"];

const resolve = {
  type: "resolveBond" as const,
  params: ({ context }: { context: ChallengeContext }) => ({ upheld: context.upheld }),
};
const report = (what: Report["what"]) => ({ type: "report" as const, params: { what } });

export const challengeMachine = setup({
  types: {} as { context: ChallengeContext; events: ChallengeEvent; input: ChallengeInput },
  actions: {
    requestBond: () => {},
    resend: (_, _params: { readonly name: "challenge" | "resolve" }) => {},
    resolveBond: (_, _params: { readonly upheld: boolean }) => {},
    report: (_, _params: Report) => {},
  },
  guards: {
    isMoot: ({ context }) => context.moot === true,
    isBondedMoot: ({ context }) => context.bonded && context.moot === true,
    isBonded: ({ context }) => context.bonded,
    isUpheld: ({ context }) => context.upheld,
  },
  delays: {
    bondRetry: ({ context }) => context.askRetryMs,
    resolveRetry: ({ context }) => context.askRetryMs,
    ruleTime: ({ context }) => context.ruleMs,
  },
}).createMachine({
  id: "challenge",
  version: "1",
  context: ({ input }) => ({ ...input, upheld: false }),
  initial: "starting",
  states: {
    starting: {
      always: [
        { guard: "isBondedMoot", target: "resolving", actions: resolve },
        { guard: "isBonded", target: "open" },
        { target: "bonding", actions: "requestBond" },
      ],
    },
    bonding: {
      after: {
        bondRetry: {
          target: "bonding",
          reenter: true,
          actions: { type: "resend", params: { name: "challenge" } },
        },
      },
      on: {
        BONDED: [
          { guard: "isMoot", target: "resolving", actions: [report("opened"), resolve] },
          { target: "open" },
        ],
        BOND_REFUSED: { target: "refused", actions: report("refused") },
      },
    },
    open: {
      entry: report("opened"),
      after: { ruleTime: { target: "resolving", actions: resolve } },
      on: {
        RULED: {
          target: "resolving",
          actions: [assign({ upheld: ({ event }) => event.upheld }), resolve],
        },
      },
    },
    resolving: {
      after: {
        resolveRetry: {
          target: "resolving",
          reenter: true,
          actions: { type: "resend", params: { name: "resolve" } },
        },
      },
      on: {
        RESOLVED: [
          { guard: "isUpheld", target: "upheld", actions: report("upheld") },
          { target: "rejected", actions: report("rejected") },
        ],
      },
    },
    refused: { type: "final" },
    upheld: { type: "final" },
    rejected: { type: "final" },
  },
});
