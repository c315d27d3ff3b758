/**
 * What a need thread remembers, and the pure rules that move it. Plain data only.
 *
 * Two counters end a need. *Awards* counts attempts that ended without a result (claim missed, bond
 * refused, yield, release, lost); *failures* counts results that did not stand (rejected,
 * invalidated). evaluator_absent is in neither: two redraws have shown that nobody judges, so the
 * attempt is the need's last, paid or not.
 */

import type { RankedBid } from "#protocol/bodies.ts";
import type { SeatFact } from "#domain/ledger/requests.ts";
import type { Cid, Did, EnvelopeId, LogMs, Outcome } from "#protocol/words.ts";
import type { KnownFacts } from "./need-thread.commands.ts";
import type { NeedThreadEvent, NeedThreadInput } from "./need-thread.events.ts";

/** Rulings of one attempt that open the window afresh; after them it is zero. */
export const CONTESTS_MAX = 8;

export interface Committed {
  readonly attempt: number;
  readonly commit: EnvelopeId;
  readonly artifact: Cid;
  readonly elapsedMs: LogMs;
  readonly output?: unknown;
  readonly telemetry?: Readonly<Record<string, unknown>>;
}

/** What is true of the current attempt only. */
interface AttemptFacts {
  /** The candidate whose plan was approved. */
  readonly bid: RankedBid | undefined;
  readonly approvals: readonly EnvelopeId[];
  /** DECIDE was logged. */
  readonly decided: boolean;
  readonly lease:
    | { readonly revision: number; readonly atMs: LogMs; readonly ttlMs: LogMs }
    | undefined;
  readonly leased: KnownFacts["leased"] | undefined;
  readonly commit: Committed | undefined;
  /** The revealed preimage of drawHash; zero where none was asked or it came late. */
  readonly r: Uint8Array;
  readonly planVotes: readonly { readonly agent: Did; readonly agreed: boolean }[];
  readonly seats: readonly SeatFact[];
  /** The votes that carry the verdict. */
  readonly carried: readonly EnvelopeId[];
  /** `unheard`: the committee has not concluded in time, so what its seats said is not known. */
  readonly verdict: "pass" | "fail" | "absent" | "unheard" | undefined;
  /** Challenges not yet ruled. */
  readonly open: readonly EnvelopeId[];
  readonly upheld: boolean;
  readonly contests: number;
  /** What is left of the challenge window, and since when it runs (or last ran). */
  readonly windowLeftMs: LogMs;
  readonly windowFromMs: LogMs;
  /** Set while a revoked lease is awaited: what the attempt then ends with. */
  readonly pending: Outcome | undefined;
  readonly outcome: Outcome | undefined;
  readonly last: boolean;
  readonly cancelledBefore: boolean;
  readonly reason: string | undefined;
}

/** Under which lease its worker fell silent. */
export interface SilentAttempt {
  readonly attempt: number;
  readonly revision: number;
  readonly bid: RankedBid;
}

export interface NeedThreadContext extends NeedThreadInput, AttemptFacts {
  readonly attempt: number;
  readonly awards: number;
  readonly failures: number;
  readonly barred: readonly Did[];
  /** Attempts that ended because their worker said nothing more, each with its bid. */
  readonly silent: readonly SilentAttempt[];
  /** Workers that have been an alternate in this need: each is once. */
  readonly salvaged: readonly Did[];
  /** Bids whose result came late: candidates behind those that are ranked, where a plan is voted on next. */
  readonly alternates: readonly RankedBid[];
  /** Bids still to be tried, best first; the first is the candidate. */
  readonly ranking: readonly RankedBid[];
  /** Candidates put to a plan vote in the whole need. */
  readonly ordinal: number;
  readonly fundedAtMs: LogMs;
  /** The need's deadline has passed. */
  readonly late: boolean;
}

const FRESH: AttemptFacts = {
  bid: undefined,
  approvals: [],
  decided: false,
  lease: undefined,
  leased: undefined,
  commit: undefined,
  r: new Uint8Array(32),
  planVotes: [],
  seats: [],
  carried: [],
  verdict: undefined,
  open: [],
  upheld: false,
  contests: 0,
  windowLeftMs: 0,
  windowFromMs: 0,
  pending: undefined,
  outcome: undefined,
  last: false,
  cancelledBefore: false,
  reason: undefined,
};

export const initialContext = (input: NeedThreadInput): NeedThreadContext => ({
  ...input,
  ...FRESH,
  attempt: 1,
  awards: 0,
  failures: 0,
  barred: [],
  silent: [],
  salvaged: [],
  alternates: [],
  ranking: [],
  ordinal: 0,
  fundedAtMs: 0,
  late: false,
});

/** These without those who are barred by now, then whoever has its result already. */
export const withAlternates = (
  { alternates, barred }: NeedThreadContext,
  ranking: readonly RankedBid[],
): readonly RankedBid[] =>
  [
    ...ranking,
    ...alternates.filter(({ worker }) => ranking.every((bid) => bid.worker !== worker)),
  ].filter((bid) => !barred.includes(bid.worker));

/** For the next attempt. */
export const remaining = (c: NeedThreadContext): readonly RankedBid[] =>
  withAlternates(c, c.ranking);

/** Counters, the bar, the deadline and the frozen ranking outlive an attempt; nothing else does. */
export const nextAttempt = (c: NeedThreadContext): Partial<NeedThreadContext> => ({
  ...FRESH,
  attempt: c.attempt + 1,
  ranking: remaining(c),
  alternates: [],
});

/**
 * Salvage (section 15): whoever was cut off with its work and comes back with the result is an alternate,
 * under the bid that had won, of the attempt that is choosing its candidate or else of the next. It is
 * planned, decided and judged there like any other.
 */
export const lateResult = (
  c: NeedThreadContext,
  { attempt, worker, isSalvaged }: Extract<NeedThreadEvent, { type: "LATE_RESULT" }>,
): Partial<NeedThreadContext> => {
  const isMeant = (one: SilentAttempt): boolean =>
    one.attempt === attempt && one.bid.worker === worker;
  const found = c.silent.find(isMeant);
  if (found === undefined) return {};
  const silent = c.silent.filter((one) => !isMeant(one));
  if (!isSalvaged) return { silent };
  return {
    silent,
    salvaged: [...c.salvaged, worker],
    barred: c.barred.filter((did) => did !== worker),
    alternates: [...c.alternates, found.bid],
  };
};

/** Reasons of an attempt without a result for which its worker is not to blame. */
const BLAMELESS = new Set(["lost", "paused", "revoked"]);

/**
 * The attempt ends so: counters, the bar, and whether it is the last, all decided before the intent.
 * It is the last too when no later attempt could do anything: the deadline has passed, or as many
 * candidates as the need was funded for have been put to a plan vote.
 */
export const ending = (
  c: NeedThreadContext,
  outcome: Outcome,
  reason: string | undefined,
): Partial<NeedThreadContext> => {
  const isFailure = outcome === "rejected" || outcome === "invalidated";
  const isAward = outcome === "no_submission";
  const failures = c.failures + (isFailure ? 1 : 0);
  const awards = c.awards + (isAward ? 1 : 0);
  const isSpent = failures >= c.failuresMax || awards >= c.awardsMax;
  const isOver = c.late || c.ordinal >= c.planCandidatesMax;
  const isBarred = isFailure || (isAward && !BLAMELESS.has(reason ?? ""));
  const worker = isBarred ? c.bid?.worker : undefined;
  return {
    outcome,
    reason: reason ?? c.reason,
    failures,
    awards,
    barred: withBarred(c, worker === undefined ? [] : [worker]),
    silent: isAward && reason === "released" ? withSilent(c) : c.silent,
    last: !(isFailure || isAward) || isSpent || isOver,
  };
};

const withSilent = ({ silent, salvaged, attempt, bid, lease }: NeedThreadContext) =>
  bid === undefined || lease === undefined || salvaged.includes(bid.worker)
    ? silent
    : [...silent, { attempt, revision: lease.revision, bid }];

export const withBarred = (c: NeedThreadContext, workers: readonly Did[]): readonly Did[] => [
  ...new Set([...c.barred, ...workers]),
];

/** How the lease went; without a GRANT there was none. */
export const leaseEnd = (
  { lease }: NeedThreadContext,
  event: NeedThreadEvent,
): Partial<NeedThreadContext> => {
  if (event.type !== "LEASE_ENDED") return {};
  const { elapsedMs, heartbeatsMissed, yieldedLate, reason } = event;
  if (lease === undefined) return { reason };
  return { reason, leased: { elapsedMs, ttlMs: lease.ttlMs, heartbeatsMissed, yieldedLate } };
};

/** A challenge has ended: ruled, or without a bond. */
export const withoutChallenge = (
  c: NeedThreadContext,
  event: NeedThreadEvent,
): Partial<NeedThreadContext> => {
  if (event.type !== "CHALLENGE_REFUSED" && event.type !== "CHALLENGE_RULED") return {};
  const isRuled = event.type === "CHALLENGE_RULED";
  return {
    open: c.open.filter((id) => id !== event.challenge),
    upheld: c.upheld || (isRuled && event.upheld),
    contests: c.contests + (isRuled ? 1 : 0),
    // A ruling opens the window afresh; a challenge that never had a bond has gained no time.
    windowLeftMs: isRuled ? c.challengeWindowMs : c.windowLeftMs,
    windowFromMs: event.atMs,
  };
};

/** The window stands still from the first open challenge until all have ended (section 7). */
export const stoppedWindow = (
  c: NeedThreadContext,
  event: NeedThreadEvent,
): Partial<NeedThreadContext> => {
  if (event.type !== "CHALLENGED" || c.open.length > 0) return {};
  const ranMs = Math.max(0, event.atMs - c.windowFromMs);
  return { windowLeftMs: Math.max(0, c.windowLeftMs - ranMs) };
};

/** The ledger knows an open bond: the end that was counted has not come yet. */
export const unending = (c: NeedThreadContext): Partial<NeedThreadContext> => {
  const isFailure = c.outcome === "rejected" || c.outcome === "invalidated";
  return {
    outcome: undefined,
    last: false,
    failures: c.failures - (isFailure ? 1 : 0),
    // Whoever bid was not barred before, so it is barred by this end alone.
    barred: isFailure ? c.barred.filter((did) => did !== c.bid?.worker) : c.barred,
  };
};

/**
 * evaluator_absent (section 4): a small need pays its price only if it asked no kResult and no seat
 * voted fail or abstain; without any fail vote the cancel fee; else nothing. Where nobody told what
 * the seats said, none of that is shown, so nothing is paid.
 */
export const absentPays = (c: NeedThreadContext): "price" | "fee" | "nothing" => {
  if (c.verdict === "unheard") return "nothing";
  const has = (answer: SeatFact["answer"]): boolean =>
    c.seats.some((seat) => seat.answer === answer);
  if (has("fail")) return "nothing";
  return c.tier === "small" && !c.kResultAsked && !has("abstain") ? "price" : "fee";
};

/** The attempt would pay its price: only that can be contested with effect for now. */
export const wouldPay = (c: NeedThreadContext): boolean =>
  c.verdict === "pass" || (c.verdict === "absent" && absentPays(c) === "price");

export const factsOf = (c: NeedThreadContext): KnownFacts => {
  const { attempt, outcome, last, planVotes, seats, bid, leased, commit, reason } = c;
  if (outcome === undefined) throw new Error("N2: an attempt is settled without an outcome");
  return {
    attempt,
    outcome,
    last,
    planVotes,
    seats,
    ...(c.decided && bid !== undefined
      ? { decided: { worker: bid.worker, price: bid.price, etaMs: bid.etaMs } }
      : {}),
    ...(leased === undefined ? {} : { leased }),
    ...(commit === undefined ? {} : { artifact: commit.artifact }),
    ...(outcome === "evaluator_absent" ? { absentPays: absentPays(c) } : {}),
    ...(outcome === "cancelled" ? { cancelledBefore: c.cancelledBefore } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
};

/**
 * Votes on a plan agree where they say what the question came to. A question without an outcome has
 * nobody who was right or wrong: its votes are neither paid nor held against anyone.
 */
export const planVotesOf = (
  event: Extract<NeedThreadEvent, { type: "CONCLUDED" }>,
): NeedThreadContext["planVotes"] =>
  event.result === "absent"
    ? []
    : event.seats.flatMap(({ agent, answer }) =>
        answer === "pass" || answer === "fail" ? [{ agent, agreed: answer === event.result }] : [],
      );
