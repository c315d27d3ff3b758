/** What a need thread's commands say: their parameters, as functions of context and event. */

import type { EndBody, RankedBid } from "#protocol/bodies.ts";
import type { Outcome } from "#protocol/words.ts";
import type { NeedThreadCommand } from "./need-thread.commands.ts";
import type { NeedThreadContext } from "./need-thread.context.ts";
import type { NeedThreadEvent } from "./need-thread.events.ts";

export type Params<T extends NeedThreadCommand["type"]> =
  Extract<NeedThreadCommand, { type: T }> extends { params: infer P } ? P : never;
type Verb = Params<"logEnd">["verb"];

export interface Args {
  readonly context: NeedThreadContext;
  readonly event: NeedThreadEvent;
}

/** evaluator_absent closes even where it pays: a FINALIZE always has its K (P6). */
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

export const candidateOf = ({ ranking }: NeedThreadContext): RankedBid => {
  const [candidate] = ranking;
  if (candidate === undefined) throw new Error("N1: a plan is voted on without a candidate");
  return candidate;
};

/** Whoever was barred before may not bid again, whoever let it. */
export const admitted = (
  { barred }: NeedThreadContext,
  { bids }: Extract<NeedThreadEvent, { type: "RANKED" }>,
): readonly RankedBid[] => bids.filter((bid) => !barred.includes(bid.worker));

/** End the attempt with `outcome`. */
export const end = (outcome: Outcome, reason?: string) => ({
  type: "endAttempt" as const,
  params: reason === undefined ? { outcome } : { outcome, reason },
});

const endBody = (context: NeedThreadContext): Params<"logEnd">["body"] => {
  const { attempt, outcome, last, bid, commit, carried, reason } = context;
  if (outcome === undefined) throw new Error("N2: an attempt ends without an outcome");
  return {
    attempt,
    outcome,
    last,
    ...(context.decided && bid !== undefined ? { worker: bid.worker } : {}),
    ...(commit === undefined ? {} : { commit: commit.commit, artifact: commit.artifact }),
    ...(carried.length === 0 ? {} : { votes: carried }),
    ...(reason === undefined ? {} : { reason }),
  };
};

export const logEnd = {
  type: "logEnd" as const,
  params: ({ context, event }: Args): Params<"logEnd"> => {
    if (event.type !== "SETTLED") throw new Error("N2: an end is logged after its posting");
    const body = endBody(context);
    const { sequence, moves } = event;
    return { verb: VERB_OF[body.outcome as Outcome], body, sequence, moves };
  },
};

export const closeUnfunded = (outcome: EndBody["outcome"]) => ({
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

export const openAttempt = (auction: boolean) => ({
  type: "openAttempt" as const,
  params: ({ context }: Args): Params<"openAttempt"> => ({
    attempt: context.attempt,
    auction,
    barred: context.barred,
  }),
});

export const endLease = (how: "committed" | "revoked") => ({
  type: "endLease" as const,
  params: ({ context }: Args): Params<"endLease"> => ({ attempt: context.attempt, how }),
});

export const challengesOf = (event: NeedThreadEvent): readonly string[] => {
  if (event.type === "CHALLENGED") return [event.challenge];
  return event.type === "SETTLE_SEALED" ? event.open : [];
};

/** Those named by the event and not yet open; on a timer, all open ones once more. */
export const openChallenge = {
  type: "openChallenge" as const,
  params: ({ context: { attempt, open }, event }: Args): Params<"openChallenge"> => {
    const named = challengesOf(event).filter((id) => !open.includes(id));
    const isTimer = event.type !== "CHALLENGED" && event.type !== "SETTLE_SEALED";
    return { attempt, challenges: isTimer ? open : named };
  },
};
