/**
 * Log time T (protocol section 6): each bucket's own clock, in whole ms.
 *
 * L1  T never falls, and two ticks of the host further apart than GAP_MS_MAX count as GAP_MS_MAX: a
 *     freeze, a sleeping laptop or a leaderless minute is an outage, not elapsed time.
 * L2  A bucket that is loaded goes on from the T of its head.
 */

import { mark } from "#ports/marks.ts";
/** The most that may pass between two ticks of the host, in ms of log time. */
export const GAP_MS_MAX = 2_000;
/** A bucket with an armed timer logs TICK when this much of T passed without a batch. */
export const TICK_MS = 10_000;

/** Time that really ran on this host: monotonic time with every gap cut to GAP_MS_MAX. */
export class HostTime {
  #lastMs: number | undefined;
  #ranMs = 0;

  /** Call it at least every second with the host's monotonic clock. Returns the ms run so far. */
  tick(monotonicMs: number): number {
    if (this.#lastMs !== undefined) {
      const gap = Math.floor(monotonicMs) - this.#lastMs;
      if (gap > GAP_MS_MAX) mark("host.gap");
      this.#ranMs += Math.min(Math.max(gap, 0), GAP_MS_MAX);
    }
    this.#lastMs = Math.floor(monotonicMs);
    return this.#ranMs;
  }

  get ranMs(): number {
    return this.#ranMs;
  }
}

/** T of one bucket between loads. `ranMs` arguments come from the HostTime of the same host. */
export class BucketTime {
  #t: number;
  #atRanMs: number;

  constructor(headT: number, ranMs: number) {
    this.#t = headT;
    this.#atRanMs = ranMs;
  }

  /** T if a batch were built now. */
  now(ranMs: number): number {
    return this.#t + (ranMs - this.#atRanMs);
  }

  /** A batch is built: its T, from which the next one counts. */
  take(ranMs: number): number {
    this.#t = this.now(ranMs);
    this.#atRanMs = ranMs;
    return this.#t;
  }

  /** Log time since the last batch. */
  sinceBatchMs(ranMs: number): number {
    return ranMs - this.#atRanMs;
  }
}
