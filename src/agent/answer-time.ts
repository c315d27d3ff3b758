/**
 * How long the swarm takes to answer, so that nothing is said again while its answer is on the way: under
 * load that would be more work at the worst moment. The estimate is TCP's (RFC 6298): a smoothed mean, and
 * four times the smoothed distance from it.
 */

/** Weights of the newest answer in the mean and in the distance (RFC 6298, section 2). */
const MEAN_WEIGHT = 1 / 8;
const DISTANCE_WEIGHT = 1 / 4;
const DISTANCES = 4;
/** Longer ones were an outage, and say nothing of the next. */
const ANSWER_MS_MAX = 5_000;

export class AnswerTime {
  #meanMs: number | undefined;
  #distanceMs = 0;

  /**
   * An answer came so long after it was first asked for, ms. What was asked for twice counts too, unlike in
   * RFC 6298: where all are asked for too early, none would say so. At worst a loss is noticed later.
   */
  took(answerMs: number): void {
    const ms = Math.min(answerMs, ANSWER_MS_MAX);
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
    return (this.#meanMs ?? 0) + DISTANCES * this.#distanceMs;
  }
}
