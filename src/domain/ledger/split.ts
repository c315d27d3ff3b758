/** Sharing an amount so that the parts sum to the whole (E1). */

import type { Credits, Ppm } from "#protocol/words.ts";
import { assert } from "./bug.ts";

const MILLION = 1_000_000n;

/** `ppm` of `amount`, rounded down. */
export const partOf = (amount: Credits, ppm: Ppm): Credits => (amount * BigInt(ppm)) / MILLION;

export const least = (a: Credits, b: Credits): Credits => (a < b ? a : b);

export const most = (a: Credits, b: Credits): Credits => (a > b ? a : b);

/**
 * Parts of `amount` in proportion to `weights`, by largest remainder; equal remainders in the order
 * given. The parts sum to `amount` exactly. Weights must not all be zero.
 */
export const splitByRemainder = (amount: Credits, weights: readonly bigint[]): Credits[] => {
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  assert(amount >= 0n, "E1: what is split is not negative");
  assert(total > 0n && weights.every((weight) => weight >= 0n), "E1: a split needs a weight");
  const parts = weights.map((weight) => (amount * weight) / total);
  const left = amount - parts.reduce((sum, part) => sum + part, 0n);
  const byRemainder = weights
    .map((weight, index) => ({ index, remainder: (amount * weight) % total }))
    .sort((a, b) => {
      if (a.remainder === b.remainder) return a.index - b.index;
      return a.remainder > b.remainder ? -1 : 1;
    });
  // Fewer units are left than there are parts: each remainder is less than one unit.
  for (const { index } of byRemainder.slice(0, Number(left))) parts[index] = parts[index]! + 1n;
  return parts;
};

/** Equal parts of `amount`; the first ones get the units that are left. */
export const splitEqually = (amount: Credits, among: number): Credits[] =>
  splitByRemainder(amount, new Array<bigint>(among).fill(1n));
