/** Fees and penalties of the money table (protocol section 4), each a formula. Rounded down. */

import type { Parameters } from "#domain/genesis/genesis.ts";
import type { Credits, LogMs } from "#protocol/words.ts";
import {
  CANCEL_FEE_LEAST_PPM,
  CANCEL_FINE_PPM,
  HEARTBEAT_PENALTY_PPM,
  LATENESS_MAX_PPM,
  LATE_YIELD_PPM,
} from "./limits.ts";
import type { SettlementFacts } from "./requests.ts";
import { least, most, partOf } from "./split.ts";

const MILLION = 1_000_000n;

type Leased = NonNullable<SettlementFacts["leased"]>;

/**
 * 30 % of the price × min(1, overshoot ÷ eta): whoever takes twice its own eta loses all 30 %. The
 * eta is worth 30 of 100 points of the bid's score, so a promise missed by its own length costs
 * what it could have won, and a little lateness costs little. An eta of 0 counts as 1 ms.
 */
export const lateness = (price: Credits, etaMs: LogMs, elapsedMs: LogMs): Credits => {
  const eta = Math.max(1, etaMs);
  const overshoot = Math.min(eta, Math.max(0, elapsedMs - etaMs));
  return (price * BigInt(LATENESS_MAX_PPM) * BigInt(overshoot)) / (BigInt(eta) * MILLION);
};

/** max(10 %, elapsed share of the lease) × price; without a lease nothing has elapsed. */
export const cancelFee = (price: Credits, leased: Leased | undefined): Credits => {
  const floor = partOf(price, CANCEL_FEE_LEAST_PPM);
  if (leased === undefined || leased.ttlMs <= 0) return floor;
  const elapsed = Math.min(leased.elapsedMs, leased.ttlMs);
  return most(floor, (price * BigInt(elapsed)) / BigInt(leased.ttlMs));
};

/** 1 % of the bounty, once `freeCancelsPerHour` were used up in the last hour. */
export const cancelFine = (bounty: Credits, recent: number, parameters: Parameters): Credits =>
  recent < parameters.freeCancelsPerHour ? 0n : partOf(bounty, CANCEL_FINE_PPM);

/** Of the bond: 1 % × severity per missed heartbeat, 10 % for a late yield, never more than it. */
export const leasePenalty = (
  bond: Credits,
  leased: Leased | undefined,
  parameters: Parameters,
): Credits => {
  if (leased === undefined) return 0n;
  const missed = HEARTBEAT_PENALTY_PPM * parameters.severity * leased.heartbeatsMissed;
  return least(bond, partOf(bond, missed + (leased.yieldedLate ? LATE_YIELD_PPM : 0)));
};
