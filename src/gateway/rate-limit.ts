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
    const left = this.#leftOf(name, nowMs);
    const isGiven = left >= count;
    this.#keep(name, isGiven ? left - count : left, nowMs);
    return isGiven;
  }

  /** Takes `count` whether they are there or not: what is owed is waited for, a burst's worth at most. */
  charge(name: string, nowMs: number, count: number): void {
    this.#keep(name, Math.max(-this.#burst, this.#leftOf(name, nowMs) - count), nowMs);
  }

  #leftOf(name: string, nowMs: number): number {
    const known = this.#buckets.get(name);
    const since = known === undefined ? 0 : Math.max(0, nowMs - known.atMs);
    return Math.min(this.#burst, (known?.left ?? this.#burst) + since * this.#perMs);
  }

  /** In the order of their last use. */
  #keep(name: string, left: number, nowMs: number): void {
    this.#buckets.delete(name);
    this.#buckets.set(name, { left, atMs: nowMs });
    if (this.#buckets.size > NAMES_MAX) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
  }
}
