/**
 * Lease (protocol section 11): awarded → bonding → held → ended.
 *
 * L1 (P5)  It ends once: by COMMIT, yield, silence, its deadline, or being revoked.
 * L2       Every state that is not final has a deadline.
 * L3       Silence is `heartbeatsMissedMax` intervals without a HEARTBEAT; a heartbeat moves both clocks.
 */

import { assign, setup } from "xstate";
import type { LeaseCommand } from "./lease.commands.ts";
import type { LeaseEvent, LeaseInput } from "./lease.events.ts";

export interface LeaseContext extends LeaseInput {
  readonly ttlMs?: number;
  readonly revision?: number;
  readonly grantedAtMs?: number;
  readonly progress: number;
}

type Ended = Extract<LeaseCommand, { type: "ended" }>["params"];

const ended = (reason: Ended["reason"], heartbeatsMissed = 0, yieldedLate = false) => ({
  type: "ended" as const,
  params: { reason, heartbeatsMissed, yieldedLate },
});

/** A yield after a quarter of the lease costs a part of the bond. */
const LATE_YIELD_DIVISOR = 4;

export const leaseMachine = setup({
  types: {} as { context: LeaseContext; events: LeaseEvent; input: LeaseInput },
  actions: {
    callForClaim: () => {},
    requestBond: () => {},
    resend: (_, _params: { readonly name: "bond" }) => {},
    callForWork: () => {},
    ended: (_, _params: Ended) => {},
  },
  guards: {
    isRevoked: ({ event }) => event.type === "END" && event.how === "revoked",
    isLateYield: ({ context, event }) =>
      event.type === "YIELD" &&
      (event.atMs - (context.grantedAtMs ?? 0)) * LATE_YIELD_DIVISOR > (context.ttlMs ?? 0),
  },
  delays: {
    claimTime: ({ context }) => context.claimMs,
    bondRetry: ({ context }) => context.askRetryMs,
    leaseTime: ({ context }) => context.ttlMs ?? 0,
    silenceTime: ({ context }) => context.heartbeatMs * context.heartbeatsMissedMax,
  },
}).createMachine({
  id: "lease",
  version: "1",
  context: ({ input }) => ({ ...input, progress: 0 }),
  initial: "awarded",
  states: {
    awarded: {
      entry: "callForClaim",
      after: { claimTime: { target: "ended", actions: ended("missed_claim") } },
      on: {
        CLAIM: {
          target: "bonding",
          actions: [assign({ ttlMs: ({ event }) => event.ttlMs }), "requestBond"],
        },
        END: [
          { guard: "isRevoked", target: "ended", actions: ended("revoked") },
          { target: "ended" },
        ],
      },
    },
    bonding: {
      after: {
        bondRetry: {
          target: "bonding",
          reenter: true,
          actions: { type: "resend", params: { name: "bond" } },
        },
      },
      on: {
        BONDED: {
          target: "held",
          actions: assign({
            revision: ({ event }) => event.revision,
            grantedAtMs: ({ event }) => event.atMs,
          }),
        },
        BOND_REFUSED: { target: "ended", actions: ended("bond_refused") },
        END: [
          { guard: "isRevoked", target: "ended", actions: ended("revoked") },
          { target: "ended" },
        ],
      },
    },
    held: {
      initial: "working",
      entry: "callForWork",
      on: {
        YIELD: [
          { guard: "isLateYield", target: "ended", actions: ended("yielded", 0, true) },
          { target: "ended", actions: ended("yielded") },
        ],
        END: [
          { guard: "isRevoked", target: "ended", actions: ended("revoked") },
          { target: "ended" },
        ],
      },
      states: {
        working: {
          after: {
            leaseTime: { target: "#lease.ended", actions: ended("released") },
            silenceTime: {
              target: "#lease.ended",
              actions: {
                type: "ended",
                params: ({ context }: { context: LeaseContext }) => ({
                  reason: "released" as const,
                  heartbeatsMissed: context.heartbeatsMissedMax,
                  yieldedLate: false,
                }),
              },
            },
          },
          on: {
            HEARTBEAT: {
              target: "working",
              reenter: true,
              actions: assign({
                ttlMs: ({ event }) => event.ttlMs,
                progress: ({ event }) => event.progress,
              }),
            },
          },
        },
      },
    },
    ended: { type: "final" },
  },
});
