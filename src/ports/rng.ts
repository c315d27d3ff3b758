/**
 * Chance. What a log depends on is drawn once and recorded, never drawn again in replay. The real one
 * is fit for keys, salts and epoch secrets; the simulated one repeats itself from its seed.
 */

export interface Rng {
  /** `count` (≥ 0) random bytes in a buffer of their own. */
  bytes(count: number): Uint8Array;
  /** A whole number in 0 … limit − 1, each equally likely. `limit` is 1 … 2^48. */
  below(limit: number): number;
}

/** The largest `limit` of `below`. */
export const RNG_LIMIT_MAX = 2 ** 48;
