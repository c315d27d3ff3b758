/**
 * How many needs a requester keeps open. A need's deadline runs from its funding, so one that only waits
 * for a busy agent is used up by waiting; too few open ones leave agents idle.
 *
 * By Little's law, `rate × time` needs are open where each takes `time`: as many are kept open as end, at
 * the rate measured, within half of the smallest deadline. Where even the fastest need takes more than a
 * quarter of it, twice that time counts instead: slow work is not a queue.
 *
 * P1  It starts low and grows by `growth` with each end: before an end nothing is known.
 * P2  Always OPEN_NEEDS_MIN … `max`.
 */

/** Needs that are open at a time at most: enough to fill every commit, few enough to stay in memory. */
export const OPEN_NEEDS_MAX = 512;
/** At least: two workers of two calls at a time stay busy. */
export const OPEN_NEEDS_MIN = 4;
/** Before the first end: eight calls of a quarter of the deadline, two at a time, all end in time. */
export const OPEN_NEEDS_START = 8;
/** More that may be open after each end: threefold in the time that one need takes. */
export const OPEN_NEEDS_GROWTH = 2;
/** The part of the smallest deadline within which all that is open should end. */
export const DEADLINE_SHARE = 0.5;
/** Twice the fastest time may pass where that is more: who waits for one need in front is not late. */
export const FASTEST_FACTOR = 2;
/** Ends that the rate is measured over. */
export const RATE_ENDS = 64;

export interface PaceBounds {
  /** Open before the first end. */
  readonly start: number;
  /** More after each end. */
  readonly growth: number;
  readonly max: number;
}

const BATCH_BOUNDS: PaceBounds = {
  start: OPEN_NEEDS_START,
  growth: OPEN_NEEDS_GROWTH,
  max: OPEN_NEEDS_MAX,
};

export class Pace {
  readonly #deadlineMs: number;
  /** When the first need was posted, then the last ends. */
  readonly #marksMs: number[] = [];
  #ends = 0;
  #fastestMs = Infinity;

  readonly #bounds: PaceBounds;

  /** `deadlineMs`: the smallest of the needs to post. */
  constructor(deadlineMs: number, bounds = BATCH_BOUNDS) {
    [this.#deadlineMs, this.#bounds] = [deadlineMs, bounds];
  }

  posted(nowMs: number): void {
    if (this.#marksMs.length === 0) this.#marksMs.push(nowMs);
  }

  /** One ended `tookMs` after it was posted. */
  ended(nowMs: number, tookMs: number): void {
    this.#ends += 1;
    this.#fastestMs = Math.min(this.#fastestMs, tookMs);
    this.#marksMs.push(nowMs);
    if (this.#marksMs.length > RATE_ENDS + 1) this.#marksMs.shift();
  }

  openMax(nowMs: number): number {
    const [fromMs] = this.#marksMs;
    const { start, growth, max } = this.#bounds;
    if (fromMs === undefined || this.#ends === 0) return start;
    const perMs = (this.#marksMs.length - 1) / Math.max(1, nowMs - fromMs);
    const slow = Math.min(this.#deadlineMs, this.#fastestMs * FASTEST_FACTOR);
    const fit = perMs * Math.max(this.#deadlineMs * DEADLINE_SHARE, slow);
    const grown = start + this.#ends * growth;
    return Math.max(OPEN_NEEDS_MIN, Math.min(max, grown, Math.floor(fit)));
  }
}
