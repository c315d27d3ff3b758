/**
 * Which of the buckets led here are due to go to somebody else, who should lead them (share.ts).
 *
 * H1  A bucket goes only once it has been misplaced for a while, and a few go at a time.
 * H2  One that came back could not be read there. Its records are put back on the stream before it is
 *     due again, and each time in a row it waits twice as long.
 */

import { mark } from "#ports/marks.ts";
import { rankOf, type Pins, type Weigh } from "./share.ts";

/** A bucket goes to whoever should lead it only if that has been so for this long, ms. */
export const REBALANCE_MS = 2_000;
/** The longest such wait for a bucket that keeps coming back, ms. */
export const REBALANCE_MS_MAX = 300_000;
/** A bucket won again this soon after it was handed over has come back, ms. */
export const RETURN_MS = 10_000;
/** Buckets handed over at a time. */
export const HANDOVERS_MAX = 16;

export interface PlacementOptions {
  readonly name: string;
  /** Resolves when every record of a bucket that is led here can be had by the others. */
  readonly restock: (bucket: number) => Promise<void>;
  readonly nowMs: () => number;
  readonly weigh: Weigh;
}

interface HandedOver {
  readonly atMs: number;
  /** How often in a row it had come back before. */
  readonly returns: number;
}

export class Placement {
  readonly #o: PlacementOptions;
  readonly #misplacedSinceMs = new Map<number, number>();
  readonly #gone = new Map<number, HandedOver>();
  readonly #returns = new Map<number, number>();
  readonly #restocks = new Map<number, "running" | "done">();

  constructor(options: PlacementOptions) {
    this.#o = options;
  }

  /** At most HANDOVERS_MAX. */
  due(led: Iterable<number>, members: readonly string[], pins?: Pins): readonly number[] {
    const nowMs = this.#o.nowMs();
    const { weigh } = this.#o;
    const due: number[] = [];
    for (const bucket of led) {
      if (rankOf(members, bucket, { pins, weigh })[0] === this.#o.name) {
        this.#misplacedSinceMs.delete(bucket);
        continue;
      }
      const since = this.#misplacedSinceMs.get(bucket) ?? nowMs;
      this.#misplacedSinceMs.set(bucket, since);
      if (due.length >= HANDOVERS_MAX || nowMs - since < this.#waitMs(bucket)) continue;
      if (!this.#returns.has(bucket) || this.#isRestocked(bucket)) due.push(bucket);
    }
    return due;
  }

  handedOver(bucket: number): void {
    this.#gone.set(bucket, { atMs: this.#o.nowMs(), returns: this.#returns.get(bucket) ?? 0 });
    this.#misplacedSinceMs.delete(bucket);
    this.#returns.delete(bucket);
    this.#restocks.delete(bucket);
  }

  won(bucket: number): void {
    this.#restocks.delete(bucket);
    const last = this.#gone.get(bucket);
    if (last === undefined) return;
    this.#gone.delete(bucket);
    if (this.#o.nowMs() - last.atMs > RETURN_MS) return;
    mark("leadership.came-back");
    this.#returns.set(bucket, last.returns + 1);
  }

  #waitMs(bucket: number): number {
    const returns = this.#returns.get(bucket) ?? 0;
    return Math.min(REBALANCE_MS * 2 ** returns, REBALANCE_MS_MAX);
  }

  /** Where the stream does not take them, it is tried again at the next look. */
  #isRestocked(bucket: number): boolean {
    const state = this.#restocks.get(bucket);
    if (state === undefined) {
      this.#restocks.set(bucket, "running");
      this.#o.restock(bucket).then(
        () => this.#restocks.set(bucket, "done"),
        () => this.#restocks.delete(bucket),
      );
    }
    return state === "done";
  }
}
