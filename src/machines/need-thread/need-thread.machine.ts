/**
 * The life of a need (protocol section 4).
 *
 * N1 (P1)  Each attempt is decided at most once; attempts only grow by one.
 * N2 (E1)  Each attempt ends with exactly one settlement; the next opens after the ledger's answer.
 * N3       The deadline runs from FUNDED until COMMIT, over all attempts: one timer of `funded`. After
 *          a COMMIT it ends nothing, but no attempt follows a passed deadline.
 * N4 (P3)  While a challenge is open nothing settles; the ledger's seal has the last word. Only what
 *          would be paid can be invalidated; any other end stands, whatever is ruled about it.
 * N5 (E5)  Every state that is not final has a deadline edge, its own or an ancestor's.
 *
 * States have the names of section 4 (`stageOf` reads them off a value), but `revoking`: a decided
 * attempt was cancelled or ran out of time, and its lease is being ended.
 */

import { assign, setup } from "xstate";
import type { Outcome } from "#protocol/words.ts";
import type { KnownFacts } from "./need-thread.commands.ts";
import type { NeedThreadEvent, NeedThreadInput } from "./need-thread.events.ts";
import {
  challenged,
  contestEnds,
  isAboutOpen,
  isLastOpen,
  isUpheld,
} from "./need-thread.contest.ts";
import {
  CONTESTS_MAX,
  ending,
  factsOf,
  initialContext,
  lateResult,
  leaseEnd,
  nextAttempt,
  planVotesOf,
  remaining,
  stoppedWindow,
  unending,
  withAlternates,
  withBarred,
  withoutChallenge,
  wouldPay,
  type NeedThreadContext,
} from "./need-thread.context.ts";
import {
  admitted,
  candidateOf,
  challengesOf,
  closeUnfunded,
  end,
  endLease,
  logEnd,
  openAttempt,
  openChallenge,
  type Params,
} from "./need-thread.orders.ts";

const cancelUndecided = {
  target: "settling" as const,
  actions: ["cancelBefore" as const, end("cancelled")],
};

const cancelDecided = {
  target: "revoking" as const,
  actions: ["cancelAfter" as const, endLease("revoked")],
};

export const needThreadMachine = setup({
  types: {} as { context: NeedThreadContext; events: NeedThreadEvent; input: NeedThreadInput },
  actions: {
    requestFunding: () => {},
    resend: (_, _params: Params<"resend">) => {},
    openAttempt: (_, _params: Params<"openAttempt">) => {},
    openPlanCommittee: (_, _params: Params<"openPlanCommittee">) => {},
    decide: (_, _params: Params<"decide">) => {},
    askDrawReveal: (_, _params: Params<"askDrawReveal">) => {},
    openResultCommittee: (_, _params: Params<"openResultCommittee">) => {},
    closeAttemptActors: (_, _params: Params<"closeAttemptActors">) => {},
    endLease: (_, _params: Params<"endLease">) => {},
    openChallenge: (_, _params: Params<"openChallenge">) => {},
    settle: (_, _params: KnownFacts) => {},
    logEnd: (_, _params: Params<"logEnd">) => {},
    ackNeed: (_, _params: Params<"ackNeed">) => {},
    nackNeed: (_, _params: Params<"nackNeed">) => {},
    beLate: assign({ late: true }),
    runOut: assign({ pending: "no_submission" }),
    cancelBefore: assign({ cancelledBefore: true }),
    cancelAfter: assign({ pending: "cancelled" }),
    endAttempt: assign(
      ({ context }, params: { readonly outcome: Outcome; readonly reason?: string }) =>
        ending(context, params.outcome, params.reason),
    ),
    /** What was being revoked ends as the reason for it says; else the worker ended the lease. */
    endByLease: assign(({ context }) =>
      ending(context, context.pending ?? "no_submission", context.reason),
    ),
    takeLeaseEnd: assign(({ context, event }) => leaseEnd(context, event)),
    takePlanVotes: assign(({ context, event }) =>
      event.type === "CONCLUDED"
        ? { planVotes: [...context.planVotes, ...planVotesOf(event)] }
        : {},
    ),
    takeVerdict: assign(({ context, event }) =>
      event.type === "CONCLUDED"
        ? {
            windowLeftMs: context.challengeWindowMs,
            windowFromMs: event.atMs,
            verdict: event.result,
            seats: event.seats,
            carried: event.carried,
            reason: event.reason,
          }
        : {},
    ),
    beUnheard: assign({ verdict: "unheard", reason: "the committee did not conclude in time" }),
    takeChallenges: assign(({ context, event }) => ({
      ...stoppedWindow(context, event),
      open: [...new Set([...context.open, ...challengesOf(event)])],
    })),
    dropChallenge: assign(({ context, event }) => withoutChallenge(context, event)),
    unend: assign(({ context }) => unending(context)),
    takeLateResult: assign(({ context, event }) =>
      event.type === "LATE_RESULT" ? lateResult(context, event) : {},
    ),
    dropCandidate: assign(({ context }) => ({ ranking: context.ranking.slice(1) })),
    takeAlternates: assign(({ context }) => ({ ranking: remaining(context), alternates: [] })),
    openNext: assign(({ context }) => nextAttempt(context)),
  },
  guards: {
    hasRanked: ({ context, event }) =>
      event.type === "RANKED" &&
      withAlternates(context, admitted(context, event)).length > 0 &&
      context.ordinal < context.planCandidatesMax,
    isApproved: ({ event }) =>
      event.type === "CONCLUDED" && event.question === "plan" && event.result === "pass",
    isRefusedWithNext: ({ context, event }) =>
      event.type === "CONCLUDED" &&
      event.question === "plan" &&
      withAlternates(context, context.ranking).length > 1 &&
      context.ordinal < context.planCandidatesMax,
    isPlan: ({ event }) => event.type === "CONCLUDED" && event.question === "plan",
    isResult: ({ event }) => event.type === "CONCLUDED" && event.question === "result",
    wantsReveal: ({ context }) => context.drawHash,
    outlivesDeadline: ({ context }) =>
      context.commit !== undefined ||
      context.outcome !== undefined ||
      context.pending !== undefined,
    isDecided: ({ context }) => context.decided,
    isRejection: ({ context }) => context.verdict === "fail",
    isAbsent: ({ context }) => context.verdict === "absent" || context.verdict === "unheard",
    isOneOfMany: (args) => isAboutOpen(args) && args.context.open.length > 1,
    isUpheldAtLast: (args) => isLastOpen(args) && isUpheld(args) && wouldPay(args.context),
    isMootAtLast: (args) => isLastOpen(args) && args.context.verdict === undefined,
    isLastOpen: (args) => isLastOpen(args),
    isLastFinalized: ({ context }) => context.last && context.outcome === "finalized",
    isLast: ({ context }) => context.last,
    isLate: ({ context }) => context.late,
    hasAlternates: ({ context }) =>
      withAlternates(context, []).length > 0 && context.ordinal < context.planCandidatesMax,
    hasRemaining: ({ context }) => remaining(context).length > 0,
    hasVerdict: ({ context }) => context.verdict !== undefined,
  },
  delays: {
    fundRetry: ({ context }) => context.askRetryMs,
    settleRetry: ({ context }) => context.askRetryMs,
    needDeadline: ({ context }) => context.deadlineMs,
    revokeTime: ({ context }) => context.askRetryMs,
    drawReveal: ({ context }) => context.drawRevealMs,
    verifyTime: ({ context }) => context.verifyMs,
    bondTime: ({ context }) => context.contestMs,
    ruleTime: ({ context }) => context.contestMs,
    /** A rejection's window is 0 for now; so is that of an absence that pays nothing. */
    window: ({ context }) =>
      wouldPay(context) && context.contests < CONTESTS_MAX ? context.windowLeftMs : 0,
  },
}).createMachine({
  id: "need-thread",
  version: "1",
  context: ({ input }) => initialContext(input),
  initial: "funding",
  states: {
    funding: {
      entry: "requestFunding",
      initial: "asking",
      states: {
        asking: {
          after: {
            fundRetry: {
              target: "asking",
              reenter: true,
              actions: { type: "resend", params: { name: "fund" } },
            },
          },
        },
      },
      on: {
        FUNDED: {
          target: "funded",
          actions: [
            assign({ fundedAtMs: ({ event }) => event.atMs }),
            { type: "ackNeed", params: {} },
            openAttempt(true),
          ],
        },
        FUND_REFUSED: {
          target: "closed",
          actions: [
            {
              type: "nackNeed",
              params: ({ event }) => ({
                code: event.code,
                ...(event.detail === undefined ? {} : { detail: event.detail }),
              }),
            },
            closeUnfunded("refused"),
          ],
        },
        FUND_DUPLICATE: {
          target: "closed",
          actions: [
            { type: "ackNeed", params: ({ event }) => ({ first: event.first }) },
            closeUnfunded("duplicate"),
          ],
        },
      },
    },
    funded: {
      initial: "auction",
      after: {
        needDeadline: [
          { guard: "outlivesDeadline", actions: "beLate" },
          {
            guard: "isDecided",
            target: ".revoking",
            actions: ["beLate", "runOut", endLease("revoked")],
          },
          { target: ".settling", actions: ["beLate", end("expired")] },
        ],
      },
      on: { LATE_RESULT: { actions: "takeLateResult" } },
      states: {
        auction: {
          on: {
            RANKED: [
              {
                guard: "hasRanked",
                target: "planning",
                actions: assign({
                  ranking: ({ context, event }) =>
                    withAlternates(context, admitted(context, event)),
                  alternates: [],
                  barred: ({ context, event }) => withBarred(context, event.barred),
                }),
              },
              { target: "settling", actions: end("no_bids") },
            ],
            NO_BIDS: [
              { guard: "hasAlternates", target: "planning", actions: "takeAlternates" },
              { target: "settling", actions: end("no_bids") },
            ],
            CANCEL: cancelUndecided,
          },
        },
        planning: {
          entry: [
            assign({ ordinal: ({ context }) => context.ordinal + 1 }),
            {
              type: "openPlanCommittee",
              params: ({ context }) => ({
                attempt: context.attempt,
                candidate: candidateOf(context),
                ordinal: context.ordinal,
              }),
            },
          ],
          on: {
            CONCLUDED: [
              {
                guard: "isApproved",
                target: "deciding",
                actions: [
                  "takePlanVotes",
                  assign({
                    bid: ({ context }) => candidateOf(context),
                    approvals: ({ event }) => event.carried,
                  }),
                ],
              },
              {
                guard: "isRefusedWithNext",
                target: "planning",
                reenter: true,
                actions: ["takePlanVotes", "dropCandidate", "takeAlternates"],
              },
              {
                guard: "isPlan",
                target: "settling",
                actions: [
                  "takePlanVotes",
                  {
                    type: "endAttempt",
                    params: ({ event: { reason } }) => ({
                      outcome: "no_bids",
                      reason: `no candidate is left${reason === undefined ? "" : `: ${reason}`}`,
                    }),
                  },
                ],
              },
            ],
            CANCEL: cancelUndecided,
          },
        },
        deciding: {
          entry: {
            type: "decide",
            params: ({ context }) => ({
              attempt: context.attempt,
              bid: candidateOf(context),
              approvals: context.approvals,
            }),
          },
          on: {
            DECIDED: { target: "awarded", actions: assign({ decided: true }) },
            LOST: { target: "settling", actions: end("no_submission", "lost") },
            PAUSED: { target: "settling", actions: end("no_submission", "paused") },
          },
        },
        awarded: {
          on: {
            LEASED: {
              target: "leased",
              actions: assign({
                lease: ({ event: { revision, atMs, ttlMs } }) => ({ revision, atMs, ttlMs }),
              }),
            },
            LEASE_ENDED: { target: "settling", actions: ["takeLeaseEnd", "endByLease"] },
            CANCEL: cancelDecided,
          },
        },
        leased: {
          on: {
            COMMITTED: {
              target: "verifying",
              actions: [
                assign({
                  commit: ({ context, event }) => {
                    const { type: _type, ...commit } = event;
                    return { ...commit, attempt: context.attempt };
                  },
                  leased: ({ context, event }) => ({
                    elapsedMs: event.elapsedMs,
                    ttlMs: context.lease?.ttlMs ?? 0,
                    heartbeatsMissed: 0,
                    yieldedLate: false,
                  }),
                }),
                endLease("committed"),
              ],
            },
            LEASE_ENDED: { target: "settling", actions: ["takeLeaseEnd", "endByLease"] },
            CANCEL: cancelDecided,
          },
        },
        revoking: {
          after: { revokeTime: { target: "settling", actions: "endByLease" } },
          on: { LEASE_ENDED: { target: "settling", actions: ["takeLeaseEnd", "endByLease"] } },
        },
        verifying: {
          initial: "starting",
          after: {
            verifyTime: {
              target: "contestable",
              actions: "beUnheard",
            },
          },
          on: {
            CONCLUDED: { guard: "isResult", target: "contestable", actions: "takeVerdict" },
          },
          states: {
            starting: {
              always: [{ guard: "wantsReveal", target: "drawing" }, { target: "judging" }],
            },
            drawing: {
              entry: {
                type: "askDrawReveal",
                params: ({ context }) => ({ attempt: context.attempt }),
              },
              after: { drawReveal: "judging" },
              on: {
                DRAW_REVEALED: {
                  target: "judging",
                  actions: assign({ r: ({ event }) => event.preimage }),
                },
              },
            },
            judging: {
              entry: {
                type: "openResultCommittee",
                params: ({ context }) => {
                  const { attempt, commit, lease, r } = context;
                  if (commit === undefined) throw new Error("N2: judged without a COMMIT");
                  const { worker, price } = candidateOf(context);
                  const revision = lease?.revision ?? 0;
                  return { attempt, commit: commit.commit, revision, worker, price, r };
                },
              },
            },
          },
        },
        contestable: {
          after: {
            window: [
              { guard: "isRejection", target: "settling", actions: end("rejected") },
              { guard: "isAbsent", target: "settling", actions: end("evaluator_absent") },
              { target: "settling", actions: end("finalized") },
            ],
          },
          on: challenged,
        },
        contest_pending: {
          after: { bondTime: { target: "contest_pending", reenter: true, actions: openChallenge } },
          on: { ...challenged, ...contestEnds, CHALLENGE_OPENED: "contested" },
        },
        contested: {
          after: { ruleTime: { target: "contested", reenter: true, actions: openChallenge } },
          on: { ...challenged, ...contestEnds },
        },
        settling: {
          entry: [
            {
              type: "closeAttemptActors",
              params: ({ context }) => ({ attempt: context.attempt }),
            },
            { type: "settle", params: ({ context }) => factsOf(context) },
          ],
          initial: "asking",
          states: {
            asking: {
              after: {
                settleRetry: {
                  target: "asking",
                  reenter: true,
                  actions: { type: "resend", params: { name: "settle" } },
                },
              },
            },
          },
          on: {
            SETTLED: [
              { guard: "isLastFinalized", target: "#need-thread.finalized", actions: logEnd },
              { guard: "isLast", target: "#need-thread.closed", actions: logEnd },
              {
                // The deadline passed while the posting was awaited, which had not been the last.
                guard: "isLate",
                target: "settling",
                reenter: true,
                actions: [logEnd, "openNext", openAttempt(false), end("expired")],
              },
              {
                guard: "hasRemaining",
                target: "planning",
                actions: [logEnd, "openNext", openAttempt(false)],
              },
              { target: "auction", actions: [logEnd, "openNext", openAttempt(true)] },
            ],
            SETTLE_SEALED: [
              {
                guard: "hasVerdict",
                target: "contest_pending",
                actions: ["unend", openChallenge, "takeChallenges"],
              },
              // No COMMIT was judged, so nothing can be overturned: the end stands and waits.
              { target: "contest_pending", actions: [openChallenge, "takeChallenges"] },
            ],
          },
        },
      },
    },
    finalized: { type: "final" },
    closed: { type: "final" },
  },
});
