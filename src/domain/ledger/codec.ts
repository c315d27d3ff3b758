/**
 * The books as plain data (arrays, objects, text, numbers, bigints, bytes) and back, for snapshots
 * and for the state hash. Rows whose order means something keep it; the others are sorted, so that
 * equal books have equal data. What can be computed from the rest is not written: running sums, the
 * locks of a stake, the indexes of the queue; reading back computes it. A snapshot takes the live needs
 * that rest as they rest (`keptLedger`): they are most of it, and seldom change.
 */

import type { Parameters } from "#domain/genesis/genesis.ts";
import type { SpendLimits } from "#protocol/bodies.ts";
import type { Credits, Did, LogMs, NeedId } from "#protocol/words.ts";
import { RestingMap, type EncodedResting } from "#envelope/resting-map.ts";
import { addStake, lockStake } from "./accounts.ts";
import { assertConserved, recount } from "./conservation.ts";
import type { LedgerAnswer } from "./requests.ts";
import { EndedKeys } from "./ended-keys.ts";
import { HOLDS, KEYS, optional } from "./resting-needs.ts";
import { enterQueue } from "./seat-queue.ts";
import { createLedger } from "./state.ts";
import { widenCredits } from "./widen.ts";
import type {
  AttemptHolds,
  BondHold,
  LedgerState,
  NeedHold,
  EndedPostings,
  Spending,
  TransferRow,
  Waiting,
} from "./state.ts";

type PlainAttempt = Omit<AttemptHolds, "bond"> & { readonly bond: readonly BondHold[] };
type PlainNeed = Omit<NeedHold, "open"> & { readonly open: PlainAttempt };

interface PlainBucket {
  readonly bucket: number;
  readonly floor: number;
  readonly sweepAt: number;
  readonly kept: readonly {
    readonly key: string;
    readonly position: number;
    readonly answer: readonly LedgerAnswer[];
    readonly ended: readonly NeedId[];
  }[];
}

export interface PlainLedger {
  readonly version: 1;
  readonly minted: Credits;
  readonly nowMs: LogMs;
  readonly sequence: number;
  readonly burned: Credits;
  readonly balances: readonly (readonly [string, Credits])[];
  readonly staked: readonly (readonly [Did, Credits])[];
  readonly unbonding: readonly { agent: Did; amount: Credits; releaseAtMs: LogMs }[];
  readonly needs: readonly PlainNeed[];
  /** In a snapshot: those that rest. `needs` are the others then. */
  readonly resting?: {
    readonly needs: EncodedResting<never>;
    readonly liveKeys: EncodedResting<NeedId>;
  };
  readonly endedKeys: Uint8Array;
  readonly endedPostings: readonly (readonly [NeedId, EndedPostings])[];
  readonly transfers: readonly (readonly [string, TransferRow])[];
  readonly grants: readonly (readonly [string, TransferRow])[];
  readonly freeCancels: readonly (readonly [Did, readonly LogMs[]])[];
  readonly challenged: readonly (readonly [string, readonly LogMs[]])[];
  /** Absent: no limits, nothing counted, nobody paused. */
  readonly limits?: readonly (readonly [string, readonly (readonly [string, Credits])[]])[];
  readonly spending?: readonly (readonly [string, Spending])[];
  readonly paused?: readonly Did[];
  readonly pausedAll?: true;
  readonly answers: readonly PlainBucket[];
  readonly arrivals: number;
  readonly queue: readonly Omit<Waiting, "ready">[];
}

const sorted = <V>(map: Iterable<readonly [string, V]>): (readonly [string, V])[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));

const plainNeed = (hold: NeedHold): PlainNeed => ({
  ...hold,
  postings: [...hold.postings],
  open: {
    ...hold.open,
    bond: optional(hold.open.bond).map((bond) => ({ ...bond })),
    exposures: hold.open.exposures.map((exposure) => ({ ...exposure })),
    challenges: hold.open.challenges.map((challenge) => ({ ...challenge })),
    waiting: [...hold.open.waiting],
  },
});

const plainBuckets = (state: LedgerState): PlainBucket[] =>
  [...state.answers]
    .sort(([a], [b]) => a - b)
    .map(([bucket, { floor, sweepAt, kept }]) => ({
      bucket,
      floor,
      sweepAt,
      kept: sorted(kept).map(([key, { position, answer, ended }]) => ({
        key,
        position,
        answer: optional(answer),
        ended: optional(ended),
      })),
    }));

const LIMITS = ["need", "day", "minute"] as const;

const plainLimits = (limits: SpendLimits): (readonly [string, Credits])[] => [
  ...LIMITS.flatMap((name) => {
    const most = limits[name];
    return most === undefined ? [] : [[name, most] as const];
  }),
  ...(limits.perMinute === undefined ? [] : [["perMinute", BigInt(limits.perMinute)] as const]),
];

/** Only what is there: books without limits have the data they always had. */
const plainFirewall = (
  state: LedgerState,
): Pick<PlainLedger, "limits" | "spending" | "paused" | "pausedAll"> => ({
  ...(state.limits.size === 0
    ? {}
    : { limits: sorted(state.limits).map(([scope, one]) => [scope, plainLimits(one)] as const) }),
  ...(state.spending.size === 0
    ? {}
    : { spending: [...state.spending].map(([scope, one]) => [scope, copied(one)] as const) }),
  ...(state.paused.size === 0 ? {} : { paused: [...state.paused].sort() }),
  ...(state.pausedAll ? { pausedAll: true } : {}),
});

const copied = ({ day, minute }: Spending): Spending => ({
  day: day.map((slot) => ({ ...slot })),
  minute: minute.map((slot) => ({ ...slot })),
});

const readFirewall = (state: LedgerState, plain: PlainLedger): void => {
  const { limits = [], spending = [], paused = [], pausedAll = false } = plain;
  for (const [scope, rows] of limits) {
    const { perMinute, ...amounts } = Object.fromEntries(
      rows.map(([name, most]) => [name, BigInt(most)]),
    );
    const counted = perMinute === undefined ? {} : { perMinute: Number(perMinute) };
    state.limits.set(scope, { ...amounts, ...counted });
  }
  for (const [scope, one] of spending) state.spending.set(scope, copied(one));
  for (const did of paused) state.paused.add(did);
  state.pausedAll = pausedAll;
};

const plainBooks = (state: LedgerState): Omit<PlainLedger, "needs" | "resting"> => ({
  version: 1,
  minted: state.minted,
  nowMs: state.nowMs,
  sequence: state.sequence,
  burned: state.burned,
  balances: sorted(state.balances),
  staked: sorted(state.stakes).map(([agent, { staked }]) => [agent, staked]),
  unbonding: [...state.unbonding].map((tranche) => ({ ...tranche })),
  endedKeys: state.endedKeys.kept(),
  endedPostings: sorted(state.endedPostings),
  transfers: [...state.transfers],
  grants: sorted(state.grants),
  freeCancels: [...state.freeCancels].map(([requester, times]) => [requester, [...times]]),
  challenged: [...state.challenged].map(([entity, times]) => [entity, [...times]]),
  ...plainFirewall(state),
  answers: plainBuckets(state),
  arrivals: state.arrivals,
  queue: [...state.queue.values()].map(({ id, request, untilMs, arrival }) => ({
    id,
    request,
    untilMs,
    arrival,
  })),
});

/**
 * All of the books, as the state hash covers them, whatever rests. Between operations only: effects are
 * never part of them.
 */
export const encodeLedger = (state: LedgerState): PlainLedger => ({
  ...plainBooks(state),
  needs: sorted(state.needs).map(([, hold]) => plainNeed(hold)),
});

/** The same for a snapshot. Views are valid until the next operation. */
export const keptLedger = (state: LedgerState): PlainLedger => {
  const { awake, resting } = state.needs.encode();
  return {
    ...plainBooks(state),
    needs: sorted(awake).map(([, hold]) => plainNeed(hold)),
    resting: { needs: { awake: [], resting }, liveKeys: state.liveKeys.encode() },
  };
};

const readNeed = (state: LedgerState, { open, ...hold }: PlainNeed): void => {
  const [bond] = open.bond;
  state.needs.set(hold.need, {
    ...hold,
    postings: [...hold.postings],
    open: {
      ...open,
      bond,
      exposures: [...open.exposures],
      challenges: open.challenges.map((challenge) => ({ ...challenge })),
      waiting: [...open.waiting],
    },
  });
};

/** What holds of live needs lock; `readStakes` first. */
const readLocks = (state: LedgerState): void => {
  for (const [, { open }] of state.needs) {
    for (const { agent, amount } of open.exposures) lockStake(state, agent, amount, 1);
    if (open.bond?.onStake === true) lockStake(state, open.bond.worker, open.bond.amount);
  }
};

const readNeeds = (state: LedgerState, { needs, resting }: PlainLedger): void => {
  if (resting !== undefined) {
    state.needs = new RestingMap(HOLDS, resting.needs);
    state.liveKeys = new RestingMap(KEYS, resting.liveKeys);
  }
  for (const need of needs) readNeed(state, need);
  if (resting === undefined) for (const { key, need } of needs) state.liveKeys.set(key, need);
  readLocks(state);
};

const readStakes = (state: LedgerState, plain: PlainLedger): void => {
  for (const { agent, amount, releaseAtMs } of plain.unbonding) {
    const tranche = { agent, amount, releaseAtMs };
    state.unbonding.add(tranche);
    const account = state.stakes.get(agent);
    if (account !== undefined) account.tranches.push(tranche);
    else state.stakes.set(agent, { staked: 0n, locked: 0n, seats: 0, tranches: [tranche] });
  }
  for (const [agent, staked] of plain.staked) addStake(state, agent, BigInt(staked));
};

const readAnswers = (state: LedgerState, plain: PlainLedger): void => {
  for (const { bucket, floor, sweepAt, kept } of plain.answers) {
    const rows = kept.map(({ key, position, answer: [answer], ended: [ended] }) => {
      return [key, { position, answer, ended }] as const;
    });
    state.answers.set(bucket, { floor, sweepAt, kept: new Map(rows) });
  }
};

const fill = <K, V>(map: Map<K, V>, rows: readonly (readonly [K, V])[]): void => {
  for (const [key, value] of rows) map.set(key, value);
};

/** Throws where the data do not make a ledger in balance (E1). */
export const decodeLedger = (given: PlainLedger, parameters: Parameters): LedgerState => {
  const plain = widenCredits(given);
  const state = createLedger(parameters, plain.minted);
  state.nowMs = plain.nowMs;
  state.sequence = plain.sequence;
  state.burned = plain.burned;
  state.arrivals = plain.arrivals;
  state.balances.clear();
  for (const [account, balance] of plain.balances) state.balances.set(account, BigInt(balance));
  readStakes(state, plain);
  readNeeds(state, plain);
  state.endedKeys = new EndedKeys(plain.endedKeys);
  fill(state.endedPostings, plain.endedPostings);
  fill(state.transfers, plain.transfers);
  fill(state.grants, plain.grants);
  for (const [requester, times] of plain.freeCancels) state.freeCancels.set(requester, [...times]);
  for (const [entity, times] of plain.challenged) state.challenged.set(entity, [...times]);
  readFirewall(state, plain);
  readAnswers(state, plain);
  for (const waiting of plain.queue) enterQueue(state, { ...waiting, ready: 0 });
  state.effects.stakes.clear();
  Object.assign(state.sums, recount(state));
  assertConserved(state);
  return state;
};
