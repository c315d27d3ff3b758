/**
 * Lease (protocol section 11): awarded → bonding → held → ended.
 *
 * L1 (P5)  It ends once: by COMMIT, yield, silence, its deadline, or being revoked.
 * L2       Every state that is not final has a deadline.
 * L3       Silence is `heartbeatsMissedMax` intervals without a HEARTBEAT; a heartbeat moves both clocks.
 */

import { assign, setup } from "xstate";
import type { LogMs } from "#protocol/words.ts";
import type { LeaseCommand } from "./lease.commands.ts";
import type { LeaseEvent, LeaseInput } from "./lease.events.ts";

export interface LeaseContext extends LeaseInput {
  /** From GRANT to the deadline; before GRANT as asked and bounded. Heartbeats move it. */
  readonly ttlMs: LogMs;
  /** From the last sign of life to the deadline. */
  readonly restMs: LogMs;
  readonly revision: number | undefined;
  readonly grantedAtMs: LogMs | undefined;
  readonly progress: number;
}

type Ended = Extract<LeaseCommand, { type: "ended" }>["params"];

const ended = (reason: Ended["reason"], heartbeatsMissed = 0, yieldedLate = false) => ({
  type: "ended" as const,
  params: { reason, heartbeatsMissed, yieldedLate },
});

/** A yield after a quarter of the lease costs a part of the bond. */
const LATE_YIELD_DIVISOR = 4;

/** At the deadline: whole intervals since the last sign of life, each a heartbeat that did not come. */
const missedOf = ({ restMs, heartbeatMs, heartbeatsMissedMax }: LeaseContext): number =>
  Math.min(heartbeatsMissedMax, Math.floor(restMs / heartbeatMs));

const ends = [
  { guard: "isRevoked" as const, target: "ended" as const, actions: ended("revoked") },
  { target: "ended" as const },
];

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
      (event.atMs - (context.grantedAtMs ?? 0)) * LATE_YIELD_DIVISOR > context.ttlMs,
  },
  delays: {
    claimTime: ({ context }) => context.claimMs,
    bondRetry: ({ context }) => context.askRetryMs,
    leaseTime: ({ context }) => context.restMs,
    silenceTime: ({ context }) => context.heartbeatMs * context.heartbeatsMissedMax,
  },
}).createMachine({
  id: "lease",
  version: "1",
  context: ({ input }) => ({
    ...input,
    ttlMs: 0,
    restMs: 0,
    revision: undefined,
    grantedAtMs: undefined,
    progress: 0,
  }),
  initial: "awarded",
  states: {
    awarded: {
      entry: "callForClaim",
      after: { claimTime: { target: "ended", actions: ended("missed_claim") } },
      on: {
        CLAIM: {
          target: "bonding",
          actions: [
            assign({ ttlMs: ({ event }) => event.ttlMs, restMs: ({ event }) => event.ttlMs }),
            "requestBond",
          ],
        },
        END: ends,
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
          actions: [
            assign({
              revision: ({ event }) => event.revision,
              grantedAtMs: ({ event }) => event.atMs,
            }),
            "callForWork",
          ],
        },
        BOND_REFUSED: { target: "ended", actions: ended("bond_refused") },
        END: ends,
      },
    },
    held: {
      after: {
        leaseTime: {
          target: "ended",
          actions: {
            type: "ended",
            params: ({ context }) => ({
              reason: "released",
              heartbeatsMissed: missedOf(context),
              yieldedLate: false,
            }),
          },
        },
        silenceTime: {
          target: "ended",
          actions: {
            type: "ended",
            params: ({ context }) => ({
              reason: "released",
              heartbeatsMissed: context.heartbeatsMissedMax,
              yieldedLate: false,
            }),
          },
        },
      },
      on: {
        HEARTBEAT: {
          target: "held",
          reenter: true,
          actions: assign({
            ttlMs: ({ context, event }) => event.atMs - (context.grantedAtMs ?? 0) + event.ttlMs,
            restMs: ({ event }) => event.ttlMs,
            progress: ({ event }) => event.progress,
          }),
        },
        YIELD: [
          { guard: "isLateYield", target: "ended", actions: ended("yielded", 0, true) },
          { target: "ended", actions: ended("yielded") },
        ],
        END: ends,
      },
    },
    ended: { type: "final" },
  },
});
