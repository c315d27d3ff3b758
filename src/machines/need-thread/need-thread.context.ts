/** What a need thread remembers, and the pure rules that move it. Plain data only. */

import type { RankedBid } from "#protocol/bodies.ts";
import type { SeatFact } from "#domain/ledger/requests.ts";
import type { Cid, Did, EnvelopeId, LogMs, Outcome } from "#protocol/words.ts";
import type { KnownFacts } from "./need-thread.commands.ts";
import type { NeedThreadEvent, NeedThreadInput } from "./need-thread.events.ts";

/** Times that challenges may reopen the window; after them it is not opened again. */
export const CONTESTS_MAX = 8;

export interface Committed {
  readonly attempt: number;
  readonly commit: EnvelopeId;
  readonly artifact: Cid;
  readonly elapsedMs: LogMs;
  readonly output?: unknown;
  readonly telemetry?: Readonly<Record<string, unknown>>;
}

export interface NeedThreadContext extends NeedThreadInput {
  readonly attempt: number;
  readonly awards: number;
  readonly failures: number;
  readonly barred: readonly Did[];
  /** Bids still to be tried, best first; the first is the candidate. */
  readonly ranking: readonly RankedBid[];
  /** Candidates put to a plan vote in the whole need. */
  readonly ordinal: number;
  readonly fundedAtMs: LogMs;
  /** T when bids were last opened: the deadline counts from `fundedAtMs`. */
  readonly openedAtMs: LogMs;
  readonly bid?: RankedBid;
  readonly approvals: readonly EnvelopeId[];
  readonly lease?: { readonly revision: number; readonly atMs: LogMs; readonly ttlMs: LogMs };
  readonly leased?: NonNullable<KnownFacts["leased"]>;
  readonly commit?: Committed;
  readonly r: Uint8Array;
  readonly planVotes: readonly { readonly agent: Did; readonly agreed: boolean }[];
  readonly seats: readonly SeatFact[];
  readonly carried: readonly EnvelopeId[];
  readonly verdict?: "pass" | "fail" | "absent";
  /** Challenges not yet ruled. */
  readonly open: readonly EnvelopeId[];
  readonly upheld: boolean;
  readonly contests: number;
  /** Set while a revoked lease is awaited: what the attempt then ends with. */
  readonly pending?: Outcome;
  readonly outcome?: Outcome;
  readonly last: boolean;
  readonly cancelledBefore?: boolean;
  readonly reason?: string;
}

const NO_REVEAL = new Uint8Array(32);

export const initialContext = (input: NeedThreadInput): NeedThreadContext => ({
  ...input,
  attempt: 1,
  awards: 0,
  failures: 0,
  barred: [],
  ranking: [],
  ordinal: 0,
  fundedAtMs: 0,
  openedAtMs: 0,
  approvals: [],
  r: NO_REVEAL,
  planVotes: [],
  seats: [],
  carried: [],
  open: [],
  upheld: false,
  contests: 0,
  last: false,
});

/** What an attempt leaves behind for the next: counters, the bar, the frozen ranking. */
export const nextAttempt = (c: NeedThreadContext, atMs: LogMs): NeedThreadContext => {
  const {
    bid: _bid,
    lease: _lease,
    leased: _leased,
    commit: _commit,
    verdict: _verdict,
    ...kept
  } = c;
  const {
    pending: _pending,
    outcome: _outcome,
    reason: _reason,
    cancelledBefore: _before,
    ...rest
  } = kept;
  return {
    ...rest,
    attempt: c.attempt + 1,
    openedAtMs: atMs,
    ranking: c.ranking.slice(1).filter((bid) => !c.barred.includes(bid.worker)),
    approvals: [],
    r: NO_REVEAL,
    planVotes: [],
    seats: [],
    carried: [],
    open: [],
    upheld: false,
    contests: 0,
    last: false,
  };
};

type Ending = Pick<NeedThreadContext, "outcome" | "last" | "awards" | "failures" | "barred">;

/** The attempt ends so: counters, bar, and whether it is the last, decided before the intent. */
export const ending = (c: NeedThreadContext, outcome: Outcome): Ending => {
  const worker = c.bid?.worker;
  const barred = worker === undefined ? c.barred : [...c.barred, worker];
  const { awards, failures } = c;
  switch (outcome) {
    case "rejected":
    case "invalidated":
      return {
        outcome,
        awards,
        failures: failures + 1,
        barred,
        last: failures + 1 >= c.failuresMax,
      };
    case "no_submission":
      return {
        outcome,
        awards: awards + 1,
        failures,
        barred,
        last: awards + 1 >= c.awardsMax || c.pending !== undefined,
      };
    default:
      return { outcome, awards, failures, barred: c.barred, last: true };
  }
};

/**
 * evaluator_absent (section 4): a small need pays its price only if it asked no kResult and no seat
 * voted fail or abstain; without any fail vote the cancel fee; else nothing.
 */
export const absentPays = (c: NeedThreadContext): "price" | "fee" | "nothing" => {
  const has = (answer: SeatFact["answer"]): boolean =>
    c.seats.some((seat) => seat.answer === answer);
  if (has("fail")) return "nothing";
  return c.tier === "small" && !c.kResultAsked && !has("abstain") ? "price" : "fee";
};

export const factsOf = (c: NeedThreadContext): KnownFacts => {
  const {
    attempt,
    outcome = "closed" as never,
    last,
    planVotes,
    seats,
    bid,
    leased,
    commit,
    reason,
  } = c;
  return {
    attempt,
    outcome,
    last,
    planVotes,
    seats,
    ...(bid === undefined || c.approvals.length === 0
      ? {}
      : { decided: { worker: bid.worker, price: bid.price, etaMs: bid.etaMs } }),
    ...(leased === undefined ? {} : { leased }),
    ...(commit === undefined ? {} : { artifact: commit.artifact }),
    ...(outcome === "evaluator_absent" ? { absentPays: absentPays(c) } : {}),
    ...(outcome === "cancelled" ? { cancelledBefore: c.cancelledBefore === true } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
};

/** Votes on a plan agree where they say what the question came to; an absent question agrees with none. */
export const planVotesOf = (
  event: Extract<NeedThreadEvent, { type: "CONCLUDED" }>,
): NeedThreadContext["planVotes"] =>
  event.seats.flatMap(({ agent, answer }) =>
    answer === "pass" || answer === "fail" ? [{ agent, agreed: answer === event.result }] : [],
  );
