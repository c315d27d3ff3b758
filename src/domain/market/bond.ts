/** Bonds: what a worker holds for a lease, and the least that a challenge costs (sections 8 and 12). */

import type { Parameters } from "../genesis/genesis.ts";
import type { Credits, Tier } from "#protocol/words.ts";

const MILLION = 1_000_000n;

/** 10, 20, 50 % of the price by tier, rounded up: a bond is never nothing where the price is something. */
export const performanceBond = (price: Credits, tier: Tier, parameters: Parameters): Credits =>
  (price * BigInt(parameters.tiers[tier].performanceBondPpm) + MILLION - 1n) / MILLION;

/** 10, 20, 50 % of the value by tier, rounded up; the ledger asks the same. */
export const challengeBondLeast = (value: Credits, tier: Tier, parameters: Parameters): Credits =>
  (value * BigInt(parameters.tiers[tier].challengeBondPpm) + MILLION - 1n) / MILLION;
