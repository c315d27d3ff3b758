/** A token bucket for each name: so many at once, so many a second over time. Time is an argument. */

interface Bucket {
  left: number;
  atMs: number;
}

/** Names remembered; the one that was idle longest is forgotten, which only gives it its burst back. */
const NAMES_MAX = 10_000;

export class RateLimit {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number, burst: number) {
    [this.#perMs, this.#burst] = [perSecond / 1_000, burst];
  }

  /** Takes `count`, or nothing where there are not so many left. */
  take(name: string, nowMs: number, count = 1): boolean {
    const known = this.#buckets.get(name);
    const since = known === undefined ? 0 : Math.max(0, nowMs - known.atMs);
    const left = Math.min(this.#burst, (known?.left ?? this.#burst) + since * this.#perMs);
    const isGiven = left >= count;
    // In the order of their last use.
    this.#buckets.delete(name);
    this.#buckets.set(name, { left: isGiven ? left - count : left, atMs: nowMs });
    if (this.#buckets.size > NAMES_MAX) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return isGiven;
  }
}
