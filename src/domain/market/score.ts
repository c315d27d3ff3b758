/**
 * Scores of bids (protocol section 10), integer parts per million, each part from the bid alone:
 * price 40, eta 30, reputation 20, fit 10 hundredths. Ties by reputation, then log position.
 */

import { RANKED_BIDS_MAX } from "#protocol/limits.ts";
import type { Credits, LogMs, Ppm } from "#protocol/words.ts";

export const PRICE_SHARE: Ppm = 400_000;
export const ETA_SHARE: Ppm = 300_000;
export const REPUTATION_SHARE: Ppm = 200_000;
export const FIT_SHARE: Ppm = 100_000;
const MILLION = 1_000_000;

export interface Scorable {
  readonly price: Credits;
  readonly etaMs: LogMs;
  /** 0 … 1,000,000. */
  readonly reputation: Ppm;
  /** How well the schema fits: 1,000,000 where the capability is declared. */
  readonly fit: Ppm;
}

const left = (part: bigint, whole: bigint): number =>
  whole === 0n ? 0 : Number(((whole - part) * BigInt(MILLION)) / whole);

export const scoreOf = (
  bid: Scorable,
  need: { readonly bounty: Credits; readonly deadlineMs: LogMs },
): Ppm => {
  const price = left(bid.price, need.bounty);
  const eta = left(BigInt(bid.etaMs), BigInt(need.deadlineMs));
  const weighted =
    price * PRICE_SHARE + eta * ETA_SHARE + bid.reputation * REPUTATION_SHARE + bid.fit * FIT_SHARE;
  return Math.floor(weighted / MILLION);
};

/** Best first, as many as a RANKING holds. The input's order is the order of the log. */
export const rankBids = <B extends Scorable>(
  bids: readonly B[],
  need: { readonly bounty: Credits; readonly deadlineMs: LogMs },
): (B & { readonly score: Ppm })[] =>
  bids
    .map((bid, position) => ({ bid: { ...bid, score: scoreOf(bid, need) }, position }))
    .sort(
      (a, b) =>
        b.bid.score - a.bid.score || b.bid.reputation - a.bid.reputation || a.position - b.position,
    )
    .slice(0, RANKED_BIDS_MAX)
    .map(({ bid }) => bid);
