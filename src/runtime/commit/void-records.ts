/**
 * Records on the own disk that no head will ever name: they lost against a rival, or their turn was voided.
 *
 * V1  A record is void for good if its place is below the end of a chain that a head has named and its hash
 *     is not on that chain: a later head only adds to it. One at or above that end may still be committed,
 *     because it is under way or kept (pipeline.ts C6), and stays.
 * V2  It goes from the stream first, then from the own disk, for it is looked for on the disk alone: whatever
 *     ends in between, it is found and deleted again.
 * V3  A damaged record does not tell its place: it stays.
 */

import { Fault } from "#ports/faults.ts";
import { HASHES_TOGETHER_MAX, type Journal, type RecordStream } from "#ports/journal.ts";
import { mark } from "#ports/marks.ts";
import type { Chain } from "./chains.ts";
import { HashSet } from "./hash-set.ts";

/** Places that are looked up between two rests. */
const PLACES_AT_A_TIME = 64;
/** Records that are deleted between two rests: the stream is asked for each, the disk makes one fsync. */
export const DROPPED_AT_A_TIME = 64;
/** Void records that are known of a bucket: 2 MiB of hashes. More wait until it is led again. */
const FOUND_MAX = 65_536;

export type Rest = () => Promise<void>;

interface VoidParts {
  readonly journal: Pick<Journal, "hashes" | "links" | "drop">;
  readonly stream: Pick<RecordStream, "drop">;
}

export class VoidRecords {
  readonly #parts: VoidParts;
  /** Of each bucket those that were found and are not deleted yet. */
  readonly #found = new Map<number, Uint8Array[]>();

  constructor(parts: VoidParts) {
    this.#parts = parts;
  }

  /** All records of the bucket that the own disk has, whether they count or not. */
  held(bucket: number, rest: Rest): Promise<HashSet> {
    return HashSet.from(this.#pages(bucket, rest));
  }

  /** V1. `hashes`: of the whole chain, from the first record on. Rejects where the disk does. */
  async find(bucket: number, { hashes: chain }: Chain, rest: Rest): Promise<void> {
    // One that it takes for another stays, which costs its room.
    const named = HashSet.of(chain);
    const found: Uint8Array[] = [];
    let looked = 0;
    for await (const hashes of this.#pages(bucket, rest))
      for (const hash of hashes) {
        if (named.has(hash) || found.length >= FOUND_MAX) continue;
        const [link] = await this.#parts.journal.links(bucket, hash, 1);
        if (link !== undefined && link.index < chain.length) found.push(hash);
        looked += 1;
        if (looked % PLACES_AT_A_TIME === 0) await rest();
      }
    if (found.length > 0) this.#found.set(bucket, found);
  }

  /** What was found of it is to be found anew. */
  forget(bucket: number): void {
    this.#found.delete(bucket);
  }

  /** Buckets of which something was found and is not deleted yet. */
  get buckets(): readonly number[] {
    return [...this.#found.keys()];
  }

  /**
   * V2. Deletes what was found of the bucket, and says how many. What a port refuses, or does not answer to,
   * stays known: it is tried with the next call.
   */
  async drop(bucket: number, rest: Rest): Promise<number> {
    const found = this.#found.get(bucket) ?? [];
    let count = 0;
    while (found.length > 0) {
      const hashes = found.slice(0, DROPPED_AT_A_TIME);
      if (!(await this.#isDropped(bucket, hashes))) return count;
      found.splice(0, hashes.length);
      count += hashes.length;
      await rest();
    }
    this.#found.delete(bucket);
    return count;
  }

  async #isDropped(bucket: number, hashes: readonly Uint8Array[]): Promise<boolean> {
    try {
      await this.#parts.stream.drop(bucket, hashes);
      await this.#parts.journal.drop(bucket, hashes);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return false;
    }
    mark("store.void-dropped");
    return true;
  }

  /** All hashes of the bucket on the own disk, in their order, with a rest between two answers. */
  async *#pages(bucket: number, rest: Rest): AsyncGenerator<readonly Uint8Array[]> {
    for (let above: Uint8Array | undefined; ;) {
      const hashes = await this.#parts.journal.hashes(bucket, above);
      yield hashes;
      if (hashes.length < HASHES_TOGETHER_MAX) return;
      above = hashes.at(-1);
      await rest();
    }
  }
}
