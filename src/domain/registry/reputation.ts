/**
 * Reputation, recency and selection weight (protocol section 8) in integers, so that every machine
 * computes the same.
 *
 * W1  More successes never lower a reputation, more failures never raise it.
 * W2  An entity that divides its stake among more agents gains no weight.
 * W3  No entity weighs more than the root of the capped stake, whatever it has staked.
 */

import type { Credits, Did, LogMs, Ppm } from "#protocol/words.ts";
import {
  RECENCY_END_MS,
  RECENCY_LEAST_PPM,
  RECENCY_WHOLE_MS,
  REPUTATION_LEAST_PPM,
} from "./limits.ts";
import { UNATTESTED, entityOf } from "./relations.ts";
import type { AgentRow, Evidence } from "./snapshot.ts";

const MILLION = 1_000_000n;
/** Fixed point of the bound: 12 decimal places, so that rounding cannot turn its order around. */
const UNIT = MILLION * MILLION;
/** z² for a one-sided bound of 95 % (z = 1.644854), in UNIT. */
const Z_SQUARED = 2_705_544_681_316n;

/** ⌊√n⌋ by Newton's method from above. */
export const integerSqrt = (n: bigint): bigint => {
  if (n < 2n) return n;
  let guess = 1n << BigInt((n.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + n / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
};

/**
 * max(50,000 ppm, lower bound of Beta(2 + s, 2 + f)). The bound is Wilson's score bound, one-sided
 * 95 %, for k = 2 + s of n = 4 + s + f: with q = z²,
 *
 *   (2k + q − √(q² + 4qk(n − k)/n)) / (2(n + q)).
 *
 * It is the normal approximation of that lower quantile, solved for the unknown rate instead of
 * read at the observed one: it needs no clipping, is monotone in s and in f, and needs one square
 * root.
 */
export const reputationPpm = (evidence: Evidence | undefined): Ppm => {
  const k = 2n + BigInt(evidence?.successes ?? 0);
  const failures = 2n + BigInt(evidence?.failures ?? 0);
  const n = k + failures;
  const spread = Z_SQUARED * (Z_SQUARED + (4n * k * failures * UNIT) / n);
  const numerator = 2n * k * UNIT + Z_SQUARED - integerSqrt(spread) - 1n;
  const bound = Number((numerator * MILLION) / (2n * (n * UNIT + Z_SQUARED)));
  return Math.max(REPUTATION_LEAST_PPM, bound);
};

/** 1,000,000 while active within the last 24 h, falling linearly to 500,000 at 30 days. */
export const recencyPpm = (lastActiveMs: LogMs, nowMs: LogMs): Ppm => {
  const idleMs = Math.min(RECENCY_END_MS, Math.max(0, nowMs - lastActiveMs));
  if (idleMs <= RECENCY_WHOLE_MS) return 1_000_000;
  const fall = BigInt(1_000_000 - RECENCY_LEAST_PPM) * BigInt(idleMs - RECENCY_WHOLE_MS);
  return 1_000_000 - Number(fall / BigInt(RECENCY_END_MS - RECENCY_WHOLE_MS));
};

/** What the entities of a pool have staked together, and how many agents each has in it. */
export type Entities = ReadonlyMap<string, { readonly stake: Credits; readonly agents: number }>;

export interface Weighing {
  readonly entities: Entities;
  /** `weightStakeMax` of the genesis. */
  readonly stakeMax: Credits;
}

export const entitiesOf = (pool: readonly AgentRow[]): Entities => {
  const entities = new Map<string, { stake: Credits; agents: number }>();
  for (const row of pool) {
    const entity = entities.get(entityOf(row));
    if (entity === undefined) entities.set(entityOf(row), { stake: row.stake, agents: 1 });
    else {
      entity.stake += row.stake;
      entity.agents += 1;
    }
  }
  return entities;
};

/**
 * √min(stake of the entity, cap) × share × reputation × recency, in millionths of √micro-credit. An
 * attested org shares its root equally among its agents. Agents without an org share one root by
 * what each has staked: they are strangers, and an equal share would pay whoever splits.
 */
export const weight = (
  row: AgentRow,
  capability: string,
  nowMs: LogMs,
  { entities, stakeMax }: Weighing,
): bigint => {
  const name = entityOf(row);
  const entity = entities.get(name);
  if (entity === undefined || entity.stake === 0n) return 0n;
  const counted = entity.stake < stakeMax ? entity.stake : stakeMax;
  const root = integerSqrt(counted * UNIT);
  const quality =
    BigInt(reputationPpm(row.reputation[capability])) * BigInt(recencyPpm(row.lastActiveMs, nowMs));
  if (name === UNATTESTED) return (root * row.stake * quality) / (entity.stake * UNIT);
  return (root * quality) / (BigInt(entity.agents) * UNIT);
};

/** Weights of a pool (for a draw: of those eligible), by agent. */
export const weights = (
  pool: readonly AgentRow[],
  capability: string,
  nowMs: LogMs,
  stakeMax: Credits,
): ReadonlyMap<Did, bigint> => {
  const weighing = { entities: entitiesOf(pool), stakeMax };
  return new Map(pool.map((row) => [row.did, weight(row, capability, nowMs, weighing)]));
};
