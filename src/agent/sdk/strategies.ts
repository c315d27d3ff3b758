/**
 * Three ways to bid, ready to be given as `bid` to createWorker. A strategy is a function of what is told
 * of a need; it may remember what it saw. Prices are decimal strings of credits.
 */

import { formatCredits, parseCredits } from "#protocol/amount.ts";
import type { Credits } from "#protocol/words.ts";
import type { BidAnswer, BidCall } from "../runner/runner.ts";

export type Strategy = (call: Omit<BidCall, "kind">) => BidAnswer;

const MILLION = 1_000_000n;

const amount = (text: string): Credits => {
  const credits = parseCredits(text);
  if (credits === undefined) throw new Error(`${text} is no amount of credits such as "2.5"`);
  return credits;
};

/** Always the same price; no bid where the bounty is below it. */
export const fixedPrice = (price: string): Strategy => {
  const asked = amount(price);
  return ({ need }) => (amount(need.bounty) < asked ? { pass: true } : { price });
};

/** A part of the bounty, in parts per million, and never below `floor`. */
export const shareOfBounty = (ppm: number, floor: string): Strategy => {
  if (!Number.isInteger(ppm) || ppm < 1 || ppm > 1_000_000)
    throw new Error("a share is a whole number from 1 to 1000000 parts per million");
  const least = amount(floor);
  return ({ need }) => {
    const bounty = amount(need.bounty);
    const share = (bounty * BigInt(ppm)) / MILLION;
    const price = share < least ? least : share;
    return price > bounty ? { pass: true } : { price: formatCredits(price) };
  };
};

/** Of a learner's price, for each need that it lost or won. */
const STEP_DOWN_PPM = 950_000n;
const STEP_UP_PPM = 1_020_000n;
/** Bids that are open at a time: one more, and the oldest counts as lost. */
const OPEN_BIDS_MAX = 16;

export interface Learner {
  readonly bid: Strategy;
  /** The need went to this worker; one made with `bid: learner` says so itself. */
  readonly won: (need: string) => void;
}

/**
 * Starts at `start` and moves between `floor` and the bounty: 2 % up after each need that it won, 5 % down
 * after each that it lost. Nobody is told of a loss: a need counts as lost once it was asked for bids on
 * OPEN_BIDS_MAX others since.
 */
export const learningPrice = (start: string, floor: string): Learner => {
  const least = amount(floor);
  let price = amount(start);
  const open = new Set<string>();
  const move = (ppm: bigint): void => {
    const moved = (price * ppm) / MILLION;
    price = moved < least ? least : moved;
  };
  return {
    bid: ({ need }) => {
      open.add(need.id);
      const [oldest] = open;
      if (open.size > OPEN_BIDS_MAX && oldest !== undefined) {
        open.delete(oldest);
        move(STEP_DOWN_PPM);
      }
      const bounty = amount(need.bounty);
      if (least > bounty) return { pass: true };
      return { price: formatCredits(price > bounty ? bounty : price) };
    },
    won: (need) => {
      if (open.delete(need)) move(STEP_UP_PPM);
    },
  };
};
