/**
 * The life of a need (protocol section 4).
 *
 * N1 (P1)  Each attempt is decided at most once; attempts only grow by one.
 * N2 (E1)  Each attempt ends with exactly one settlement; the next opens after the ledger's answer.
 * N3       The deadline runs from funding until COMMIT, over all attempts.
 * N4 (P3)  While a challenge is open nothing settles; the ledger's seal has the last word.
 * N5 (E5)  Every state that is not final has a deadline edge, its own or an ancestor's.
 */

import { assign, setup } from "xstate";
import type { EndBody, RankedBid } from "#protocol/bodies.ts";
import type { Outcome } from "#protocol/words.ts";
import type { KnownFacts, NeedThreadCommand } from "./need-thread.commands.ts";
import type { NeedThreadEvent, NeedThreadInput } from "./need-thread.events.ts";
import {
  absentPays,
  CONTESTS_MAX,
  ending,
  factsOf,
  initialContext,
  nextAttempt,
  planVotesOf,
  type NeedThreadContext,
} from "./need-thread.context.ts";

type Params<T extends NeedThreadCommand["type"]> =
  Extract<NeedThreadCommand, { type: T }> extends { params: infer P } ? P : never;
type Verb = Params<"logEnd">["verb"];

interface Args {
  readonly context: NeedThreadContext;
  readonly event: NeedThreadEvent;
}

const VERB_OF: Readonly<Record<Outcome, Verb>> = {
  finalized: "FINALIZE",
  rejected: "REJECT",
  no_submission: "RELEASE",
  invalidated: "INVALIDATE",
  no_bids: "CLOSE",
  expired: "CLOSE",
  cancelled: "CLOSE",
  evaluator_absent: "CLOSE",
};

const candidateOf = ({ ranking }: NeedThreadContext): RankedBid => {
  const [candidate] = ranking;
  if (candidate === undefined) throw new Error("N1: a plan is voted on without a candidate");
  return candidate;
};

/** End the attempt with `outcome`; the outcome of a revoked lease stands before it. */
const end = (outcome: Outcome, reason?: string) => ({
  type: "endAttempt" as const,
  params: reason === undefined ? { outcome } : { outcome, reason },
});

const endBody = (context: NeedThreadContext): Params<"logEnd">["body"] => {
  const { attempt, outcome = "expired", last, bid, commit, carried, reason, approvals } = context;
  const isDecided = bid !== undefined && approvals.length > 0;
  return {
    attempt,
    outcome,
    last,
    ...(isDecided ? { worker: bid.worker } : {}),
    ...(commit === undefined ? {} : { commit: commit.commit, artifact: commit.artifact }),
    ...(carried.length === 0 ? {} : { votes: carried }),
    ...(reason === undefined ? {} : { reason }),
  };
};

const logEnd = {
  type: "logEnd" as const,
  params: ({ context, event }: Args): Params<"logEnd"> => {
    if (event.type !== "SETTLED") throw new Error("N2: an end is logged after its posting");
    const { outcome = "expired" } = context;
    const { sequence, moves } = event;
    return { verb: VERB_OF[outcome], body: endBody(context), sequence, moves };
  },
};

const closeUnfunded = (outcome: EndBody["outcome"]) => ({
  type: "logEnd" as const,
  params: ({ event }: Args): Params<"logEnd"> => ({
    verb: "CLOSE",
    body: {
      attempt: 1,
      outcome,
      last: true,
      ...(event.type === "FUND_REFUSED" ? { reason: event.code } : {}),
      ...(event.type === "FUND_DUPLICATE" ? { first: event.first } : {}),
    },
    moves: [],
  }),
});

const openAttempt = (auction: boolean) => ({
  type: "openAttempt" as const,
  params: ({ context }: Args): Params<"openAttempt"> => ({
    attempt: context.attempt,
    auction,
    barred: context.barred,
  }),
});

const endLease = (how: "committed" | "revoked") => ({
  type: "endLease" as const,
  params: ({ context }: Args): Params<"endLease"> => ({ attempt: context.attempt, how }),
});

const openChallenge = {
  type: "openChallenge" as const,
  params: ({ context, event }: Args): Params<"openChallenge"> => ({
    attempt: context.attempt,
    challenges: challengesOf(event),
  }),
};

const challengesOf = (event: NeedThreadEvent): readonly string[] => {
  if (event.type === "CHALLENGED") return [event.challenge];
  return event.type === "SETTLE_SEALED" ? event.open : [];
};

const challenged = {
  CHALLENGED: {
    target: "contest_pending" as const,
    actions: ["takeChallenges" as const, openChallenge],
  },
};

const ruled = {
  CHALLENGE_RULED: [
    { guard: "isOneOfMany" as const, actions: "dropChallenge" as const },
    {
      guard: "isUpheld" as const,
      target: "settling" as const,
      actions: ["dropChallenge" as const, end("invalidated")],
    },
    { target: "contestable" as const, actions: "dropChallenge" as const },
  ],
  CHALLENGE_REFUSED: [
    { guard: "isOneOfMany" as const, actions: "dropChallenge" as const },
    {
      guard: "isUpheldBefore" as const,
      target: "settling" as const,
      actions: ["dropChallenge" as const, end("invalidated")],
    },
    { target: "contestable" as const, actions: "dropChallenge" as const },
  ],
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
    endAttempt: assign(
      ({ context }, params: { readonly outcome: Outcome; readonly reason?: string }) => ({
        ...ending(context, context.pending ?? params.outcome),
        ...(params.reason === undefined ? {} : { reason: params.reason }),
      }),
    ),
    takeLeaseEnd: assign(({ context, event }) => {
      if (event.type !== "LEASE_ENDED") return {};
      const { elapsedMs, heartbeatsMissed, yieldedLate, reason } = event;
      const { lease } = context;
      if (lease === undefined) return { reason };
      return { reason, leased: { elapsedMs, ttlMs: lease.ttlMs, heartbeatsMissed, yieldedLate } };
    }),
    takeChallenges: assign(({ context, event }) => ({
      open: [...new Set([...context.open, ...challengesOf(event)])],
    })),
    dropChallenge: assign(({ context, event }) => {
      if (event.type !== "CHALLENGE_REFUSED" && event.type !== "CHALLENGE_RULED") return {};
      const isRuled = event.type === "CHALLENGE_RULED";
      return {
        open: context.open.filter((id) => id !== event.challenge),
        upheld: context.upheld || (isRuled && event.upheld),
        contests: context.contests + (isRuled ? 1 : 0),
      };
    }),
    /** The counters were raised for an end that did not come. */
    unend: assign(({ context }) => {
      const isFailure = context.outcome === "rejected" || context.outcome === "invalidated";
      return { failures: context.failures - (isFailure ? 1 : 0), last: false };
    }),
    openNext: assign(({ context, event }) =>
      event.type === "SETTLED" ? nextAttempt(context, event.atMs) : context,
    ),
  },
  guards: {
    hasRanked: ({ event }) => event.type === "RANKED" && event.bids.length > 0,
    hasPassed: ({ event }) => event.type === "CONCLUDED" && event.result === "pass",
    hasFailed: ({ event }) => event.type === "CONCLUDED" && event.result === "fail",
    isPlan: ({ event }) => event.type === "CONCLUDED" && event.question === "plan",
    hasNext: ({ context }) =>
      context.ranking.length > 1 && context.ordinal < context.planCandidatesMax,
    hasCandidate: ({ context }) =>
      context.ranking.slice(1).some((bid) => !context.barred.includes(bid.worker)) &&
      context.ordinal < context.planCandidatesMax,
    mayVoteAgain: ({ context }) => context.ordinal < context.planCandidatesMax,
    wantsReveal: ({ context }) => context.drawHash,
    isLast: ({ context }) => context.last,
    isLastFinalized: ({ context }) => context.last && context.outcome === "finalized",
    isRejection: ({ context }) => context.verdict === "fail",
    isAbsent: ({ context }) => context.verdict === "absent",
    isOneOfMany: ({ context }) => context.open.length > 1,
    isUpheld: ({ context, event }) =>
      context.upheld || (event.type === "CHALLENGE_RULED" && event.upheld),
    isUpheldBefore: ({ context }) => context.upheld,
  },
  delays: {
    fundRetry: ({ context }) => context.askRetryMs,
    settleRetry: ({ context }) => context.askRetryMs,
    needDeadline: ({ context }) =>
      Math.max(0, context.fundedAtMs + context.deadlineMs - context.openedAtMs),
    drawReveal: ({ context }) => context.drawRevealMs,
    verifyTime: ({ context }) => context.verifyMs,
    contestTime: ({ context }) => context.contestMs,
    /** Only what may be paid can be contested with effect here; a rejection's window is 0 for now. */
    window: ({ context }) => {
      const pays =
        context.verdict === "pass" ||
        (context.verdict === "absent" && absentPays(context) === "price");
      return pays && context.contests < CONTESTS_MAX ? context.challengeWindowMs : 0;
    },
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
          target: "working",
          actions: [
            assign({
              fundedAtMs: ({ event }) => event.atMs,
              openedAtMs: ({ event }) => event.atMs,
            }),
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
    working: {
      initial: "auction",
      states: {
        auction: {
          after: { needDeadline: { target: "#need-thread.settling", actions: end("expired") } },
          on: {
            RANKED: [
              {
                guard: "hasRanked",
                target: "planning",
                actions: assign({ ranking: ({ event }) => event.bids }),
              },
              { target: "#need-thread.settling", actions: end("no_bids") },
            ],
            NO_BIDS: { target: "#need-thread.settling", actions: end("no_bids") },
            CANCEL: {
              target: "#need-thread.settling",
              actions: [assign({ cancelledBefore: true }), end("cancelled")],
            },
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
          after: { needDeadline: { target: "#need-thread.settling", actions: end("expired") } },
          on: {
            CONCLUDED: [
              {
                guard: "hasPassed",
                target: "deciding",
                actions: assign({
                  planVotes: ({ context, event }) => [...context.planVotes, ...planVotesOf(event)],
                  bid: ({ context }) => candidateOf(context),
                  approvals: ({ event }) => event.carried,
                }),
              },
              {
                guard: "hasNext",
                target: "planning",
                reenter: true,
                actions: assign({
                  planVotes: ({ context, event }) => [...context.planVotes, ...planVotesOf(event)],
                  ranking: ({ context }) => context.ranking.slice(1),
                }),
              },
              {
                target: "#need-thread.settling",
                actions: [
                  assign({
                    planVotes: ({ context, event }) => [
                      ...context.planVotes,
                      ...planVotesOf(event),
                    ],
                  }),
                  end("no_bids"),
                ],
              },
            ],
            CANCEL: {
              target: "#need-thread.settling",
              actions: [assign({ cancelledBefore: true }), end("cancelled")],
            },
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
          after: { needDeadline: { target: "#need-thread.settling", actions: end("expired") } },
          on: {
            DECIDED: "awarded",
            LOST: { target: "#need-thread.settling", actions: end("no_submission", "lost") },
          },
        },
        awarded: {
          after: {
            needDeadline: {
              actions: [assign({ pending: "no_submission" as const }), endLease("revoked")],
            },
          },
          on: {
            LEASED: {
              target: "leased",
              actions: assign({
                lease: ({ event }) => ({
                  revision: event.revision,
                  atMs: event.atMs,
                  ttlMs: event.ttlMs,
                }),
              }),
            },
            LEASE_ENDED: {
              target: "#need-thread.settling",
              actions: ["takeLeaseEnd", end("no_submission")],
            },
            CANCEL: { actions: [assign({ pending: "cancelled" as const }), endLease("revoked")] },
          },
        },
        leased: {
          after: {
            needDeadline: {
              actions: [assign({ pending: "no_submission" as const }), endLease("revoked")],
            },
          },
          on: {
            COMMITTED: {
              target: "#need-thread.verifying",
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
            LEASE_ENDED: {
              target: "#need-thread.settling",
              actions: ["takeLeaseEnd", end("no_submission")],
            },
            CANCEL: { actions: [assign({ pending: "cancelled" as const }), endLease("revoked")] },
          },
        },
      },
    },
    verifying: {
      initial: "starting",
      after: {
        verifyTime: {
          target: "contestable",
          actions: assign({ verdict: "absent" as const }),
        },
      },
      on: {
        CONCLUDED: [
          {
            guard: "hasPassed",
            target: "contestable",
            actions: assign({
              verdict: "pass" as const,
              seats: ({ event }) => event.seats,
              carried: ({ event }) => event.carried,
            }),
          },
          {
            guard: "hasFailed",
            target: "contestable",
            actions: assign({
              verdict: "fail" as const,
              seats: ({ event }) => event.seats,
              carried: ({ event }) => event.carried,
            }),
          },
          {
            target: "contestable",
            actions: assign({ verdict: "absent" as const, seats: ({ event }) => event.seats }),
          },
        ],
      },
      states: {
        starting: { always: [{ guard: "wantsReveal", target: "drawing" }, { target: "judging" }] },
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
      after: { contestTime: "contestable" },
      on: { ...challenged, ...ruled, CHALLENGE_OPENED: "contested" },
    },
    contested: {
      after: { contestTime: "contestable" },
      on: { ...challenged, ...ruled },
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
          { guard: "isLastFinalized", target: "finalized", actions: logEnd },
          { guard: "isLast", target: "closed", actions: logEnd },
          {
            guard: "hasCandidate",
            target: "working.planning",
            actions: [logEnd, "openNext", openAttempt(false)],
          },
          {
            target: "working.auction",
            actions: [logEnd, "openNext", openAttempt(true)],
          },
        ],
        SETTLE_SEALED: {
          target: "contest_pending",
          actions: ["unend", "takeChallenges", openChallenge],
        },
      },
    },
    finalized: { type: "final" },
    closed: { type: "final" },
  },
});

/** The name of protocol section 4 for a state value: the flat one, without what lies inside it. */
export const stageOf = (state: { readonly value: unknown }): string => {
  const { value } = state;
  if (typeof value === "string") return value;
  const [name, inner] = Object.entries(value as Record<string, unknown>)[0] ?? ["", ""];
  return name === "working" && typeof inner === "string" ? inner : name;
};
