/**
 * The ledger's books, as plain values that its own operations change in place.
 *
 * Owns balances, stakes, holds, remembered answers and the seats queue. Only the functions of this
 * folder change them, and only after the whole operation was found possible.
 *
 * L1 (E1)  minted = balances + escrows + bonds + stake (unbonding included) + burned.
 * L2 (E1)  No amount is negative.
 * L3 (E2)  What is locked on an agent's stake never exceeds what it has staked.
 * L4       A live need has exactly one open attempt: the one after the last that was posted.
 * L5       `tick` moves time; every other operation happens at the time of the last tick.
 */

import type { Parameters } from "#domain/genesis/genesis.ts";
import { RestingMap } from "#envelope/resting-map.ts";
import type { SpendLimits } from "#protocol/bodies.ts";
import type { Credits, Did, EnvelopeId, LogMs, NeedId, Tier } from "#protocol/words.ts";
import { assert } from "./bug.ts";
import { EndedKeys } from "./ended-keys.ts";
import { MINTED_MAX } from "./limits.ts";
import type { LedgerAnswer, LedgerRequest, ReputationGain } from "./requests.ts";
import { HOLDS, KEYS } from "./resting-needs.ts";

/** The account that the genesis mints to. No did has this form. */
export const TREASURY = "treasury";

/** Of the asker's log: a request is answered once under it (protocol section 7). */
export interface RequestId {
  readonly bucket: number;
  readonly position: number;
  readonly index: number;
}

export interface Answered {
  readonly id: RequestId;
  readonly answer: LedgerAnswer;
}

export type SeatsRequest = Extract<LedgerRequest, { kind: "seats" }>;
export type Posted = Extract<LedgerAnswer, { kind: "posted" }>;

export interface Tranche {
  readonly agent: Did;
  amount: Credits;
  readonly releaseAtMs: LogMs;
}

export interface StakeAccount {
  /** Without what is unbonding. */
  staked: Credits;
  /** Exposures of seats, and performance bonds held on stake. */
  locked: Credits;
  /** Seats that lock an exposure now. */
  seats: number;
  /** Oldest first. */
  tranches: Tranche[];
}

/** What was committed in one slot of T (spending.ts). */
export interface SpendSlot {
  readonly slot: number;
  amount: Credits;
  count: number;
}

/** Slots in order of time. */
export interface Spending {
  readonly day: readonly SpendSlot[];
  readonly minute: readonly SpendSlot[];
}

/** One commitment as it was counted, and under whose limits. */
export interface Spent {
  readonly atMs: LogMs;
  readonly amount: Credits;
  readonly of: readonly string[];
}

export interface Exposure {
  readonly seat: number;
  readonly round: number;
  readonly agent: Did;
  readonly amount: Credits;
}

export interface BondHold {
  readonly worker: Did;
  readonly amount: Credits;
  readonly onStake: boolean;
  readonly sequence: number;
}

export interface ChallengeHold {
  readonly challenge: EnvelopeId;
  readonly challenger: Did;
  readonly amount: Credits;
  readonly sequence: number;
  /** Absent: no limits stood over it. */
  readonly spent?: Spent;
  /** The whole CHALLENGE envelope: whoever asks to settle learns of it from the answer. */
  readonly envelope: Uint8Array;
  status: "open" | "upheld" | "rejected";
  resolvedAt: number;
}

export interface AttemptHolds {
  readonly attempt: number;
  sealed: boolean;
  bond: BondHold | undefined;
  readonly exposures: Exposure[];
  readonly challenges: ChallengeHold[];
  /** Requests for seats that were put into the queue, some of them answered since. */
  readonly waiting: RequestId[];
}

export interface NeedHold {
  readonly need: NeedId;
  readonly requester: Did;
  readonly key: string;
  readonly content: string;
  readonly bounty: Credits;
  readonly tier: Tier;
  readonly sequence: number;
  /** Absent: no limits stood over it. */
  readonly spent?: Spent;
  /** What is left in the escrow. */
  rest: Credits;
  open: AttemptHolds;
  /** By attempt, from 1; all before the open one. */
  readonly postings: Posted[];
}

/** What is left of an ended need for 30 days: enough to answer its key. */
export interface TransferRow {
  readonly from: string;
  readonly to: string;
  readonly amount: Credits;
  readonly sequence: number;
  readonly atMs: LogMs;
}

export interface KeptAnswer {
  readonly position: number;
  /** undefined: it waits in the seats queue. */
  answer: LedgerAnswer | undefined;
  /** The need whose end this answer was: its postings go when the asker has logged the answer. */
  readonly ended: NeedId | undefined;
}

/** What was posted for a need that has ended, and which request ended it. */
export interface EndedPostings {
  readonly bucket: number;
  readonly position: number;
  readonly postings: readonly Posted[];
}

export interface BucketAnswers {
  /** Positions below were answered and logged by the asker. */
  floor: number;
  /** Size after which a sweep pays. */
  sweepAt: number;
  readonly kept: Map<string, KeptAnswer>;
}

export interface Waiting {
  readonly id: RequestId;
  readonly request: SeatsRequest;
  readonly untilMs: LogMs;
  readonly arrival: number;
  /** How many of the order could be seated now. */
  ready: number;
}

export interface Sums {
  balances: Credits;
  escrows: Credits;
  /** Performance bonds on balance, and challenge bonds. */
  bonds: Credits;
  staked: Credits;
  unbonding: Credits;
}

/** What an operation tells the world; taken and emptied by whoever called it. */
export interface Effects {
  answers: Answered[];
  evidence: ReputationGain[];
  stakes: Set<Did>;
}

export interface LedgerState {
  readonly parameters: Parameters;
  readonly minted: Credits;
  nowMs: LogMs;
  /** Grows with each change of the books. */
  sequence: number;
  burned: Credits;
  readonly sums: Sums;
  readonly balances: Map<string, Credits>;
  readonly stakes: Map<Did, StakeAccount>;
  /** In order of release. */
  readonly unbonding: Set<Tranche>;
  needs: RestingMap<NeedHold>;
  /** By requester and key, of live needs. */
  liveKeys: RestingMap<NeedId>;
  /** By requester and key, of ended needs, in order of end. */
  endedKeys: EndedKeys;
  /** Of ended needs, until the asker has logged the last answer. */
  readonly endedPostings: Map<NeedId, EndedPostings>;
  /** In order of time. */
  readonly transfers: Map<string, TransferRow>;
  readonly grants: Map<string, TransferRow>;
  /** By requester, times of cancels before DECIDE, the latest last; in order of the latest. */
  readonly freeCancels: Map<Did, LogMs[]>;
  /** By entity, times of bonds taken within a day, the latest last; in order of the latest. */
  readonly challenged: Map<string, LogMs[]>;
  /** By scope (spending.ts): an agent, an owner, each. */
  readonly limits: Map<string, SpendLimits>;
  /** By scope, in order of the latest commitment. */
  readonly spending: Map<string, Spending>;
  /** By the operator: they commit nothing new and are seated nowhere. */
  readonly paused: Set<Did>;
  /** Nobody funds, bonds, stakes or transfers. */
  pausedAll: boolean;
  readonly answers: Map<number, BucketAnswers>;
  arrivals: number;
  /** In order of arrival. */
  readonly queue: Map<string, Waiting>;
  readonly waitingBy: Map<Did, Set<Waiting>>;
  readonly servable: Set<Waiting>;
  readonly effects: Effects;
}

export const freshAttempt = (attempt: number): AttemptHolds => ({
  attempt,
  sealed: false,
  bond: undefined,
  exposures: [],
  challenges: [],
  waiting: [],
});

/** The books at genesis: everything minted lies in the treasury. At most 10^18 micro-credits. */
export const createLedger = (parameters: Parameters, minted: Credits): LedgerState => {
  assert(minted >= 0n && minted <= MINTED_MAX, "E1: a genesis mints 0 … 10^18 micro-credits");
  return {
    parameters,
    minted,
    nowMs: 0,
    sequence: 0,
    burned: 0n,
    sums: { balances: minted, escrows: 0n, bonds: 0n, staked: 0n, unbonding: 0n },
    balances: new Map(minted > 0n ? [[TREASURY, minted]] : []),
    stakes: new Map(),
    unbonding: new Set(),
    needs: new RestingMap(HOLDS),
    liveKeys: new RestingMap(KEYS),
    endedKeys: new EndedKeys(),
    endedPostings: new Map(),
    transfers: new Map(),
    grants: new Map(),
    freeCancels: new Map(),
    challenged: new Map(),
    limits: new Map(),
    spending: new Map(),
    paused: new Set(),
    pausedAll: false,
    answers: new Map(),
    arrivals: 0,
    queue: new Map(),
    waitingBy: new Map(),
    servable: new Set(),
    effects: { answers: [], evidence: [], stakes: new Set() },
  };
};
