/**
 * How long the swarm takes to answer, so that nothing is said again while its answer is on the way: under
 * load that would be more work at the worst moment. The estimate is TCP's (RFC 6298): a smoothed mean, and
 * four times the smoothed distance from it.
 */

/** Weights of the newest answer in the mean and in the distance (RFC 6298, section 2). */
const MEAN_WEIGHT = 1 / 8;
const DISTANCE_WEIGHT = 1 / 4;
const DISTANCES = 4;
/** Longer ones were an outage, ms: they say nothing of the next. */
const OUTAGE_MS = 5_000;
/**
 * No answer is waited for longer before the first copy, ms, however long they take: what was lost has
 * to come again before a window of seconds closes.
 */
export const LATE_MS_MAX = 800;

export class AnswerTime {
  #meanMs: number | undefined;
  #distanceMs = 0;

  /**
   * An answer came so long after it was first asked for, ms. What was asked for twice counts too, unlike in
   * RFC 6298: where all are asked for too early, none would say so. LATE_MS_MAX bounds what a loss does.
   */
  took(answerMs: number): void {
    if (answerMs >= OUTAGE_MS) return;
    const ms = Math.min(answerMs, LATE_MS_MAX);
    if (this.#meanMs === undefined) {
      [this.#meanMs, this.#distanceMs] = [ms, ms / 2];
      return;
    }
    const distance = Math.abs(ms - this.#meanMs);
    this.#distanceMs += (distance - this.#distanceMs) * DISTANCE_WEIGHT;
    this.#meanMs += (ms - this.#meanMs) * MEAN_WEIGHT;
  }

  /** An answer that has not come by then is late, ms; 0 before the first. */
  get lateMs(): number {
    return Math.min((this.#meanMs ?? 0) + DISTANCES * this.#distanceMs, LATE_MS_MAX);
  }
}
