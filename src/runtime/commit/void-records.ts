/**
 * Records on the own disk that no head will ever name: they lost against a rival, or their turn was voided.
 *
 * V1  A record is void for good if it was built under the generation of the lead, its place is below the end
 *     of the chain that the head names, and its hash is not on that chain: within a generation a later head
 *     only adds to it. One at or above that end may still be committed, because it is under way or kept
 *     (pipeline.ts C6): it stays until the chain has passed it.
 * V2  What was built under an earlier generation stays. A restore undoes what was committed, and another may
 *     put it back; nothing here tells such a record from one that was never committed.
 * V3  It goes from the stream first, then from the own disk, for it is looked for on the disk alone: whatever
 *     ends in between, it is found and deleted again.
 * V4  Nothing is deleted once the bucket is not led any more under the epoch under which it was found.
 * V5  A damaged record tells neither its place nor its generation: it stays.
 */

import { sameBytes } from "#ports/commit-rules.ts";
import { Fault } from "#ports/faults.ts";
import {
  HASHES_TOGETHER_MAX,
  type Journal,
  type JournalRecord,
  type RecordStream,
} from "#ports/journal.ts";
import { mark } from "#ports/marks.ts";
import { noneIfDamaged, type Chain } from "./chains.ts";
import { HashSet } from "./hash-set.ts";

/** Records that are looked up between two rests. */
const LOOKED_AT_A_TIME = 64;
/** Records that are deleted between two rests: the stream is asked for each, the disk makes one fsync. */
export const DROPPED_AT_A_TIME = 64;
/** Void records that are known of a bucket: 2 MiB of hashes. More wait until it is led again. */
const FOUND_MAX = 65_536;
/** Records above the end that are looked at again: a bucket has no more under way (pipeline.ts). */
const AHEAD_MAX = 256;

export type Rest = () => Promise<void>;

export interface VoidParts {
  readonly journal: Pick<Journal, "hashes" | "get" | "drop">;
  readonly stream: Pick<RecordStream, "drop">;
  /** Of a record's bytes; undefined: they are none. */
  readonly generationOf: (bytes: Uint8Array) => number | undefined;
}

/** One lead of a bucket, as long as it lasts. */
export interface Lead {
  readonly bucket: number;
  readonly generation: number;
  readonly isOver: () => boolean;
}

type Ahead = Pick<JournalRecord, "index" | "hash">;

export interface Dropped {
  readonly count: number;
  /** Why not all that was found; it is tried again with the next call. */
  readonly failure: Fault | undefined;
}

export class VoidRecords {
  readonly #parts: VoidParts;
  /** Of each bucket those that were found and are not deleted yet. */
  readonly #found = new Map<number, Uint8Array[]>();
  /** And those that may be committed still. */
  readonly #ahead = new Map<number, readonly Ahead[]>();

  constructor(parts: VoidParts) {
    this.#parts = parts;
  }

  /** All records of the bucket that the own disk has, whether they count or not. */
  held(bucket: number, rest: Rest): Promise<HashSet> {
    return HashSet.from(this.#pages(bucket, rest));
  }

  /** V1, V2. `chain`: the whole of it, from the first record on. Rejects where the disk does. */
  async find(lead: Lead, { hashes: chain }: Chain, rest: Rest): Promise<void> {
    const { bucket } = lead;
    // One that it takes for another stays, which costs its room.
    const named = HashSet.of(chain);
    const found: Uint8Array[] = [];
    const ahead: Ahead[] = [];
    let looked = 0;
    for await (const hashes of this.#pages(bucket, rest))
      for (const hash of hashes) {
        if (named.has(hash) || found.length >= FOUND_MAX) continue;
        const index = await this.#placeOf(lead, hash);
        // Copies: each would keep the whole page.
        if (index !== undefined && index < chain.length) found.push(hash.slice());
        else if (index !== undefined && ahead.length < AHEAD_MAX)
          ahead.push({ index, hash: hash.slice() });
        looked += 1;
        if (looked % LOOKED_AT_A_TIME === 0) await rest();
      }
    if (found.length > 0) this.#found.set(bucket, found);
    if (ahead.length > 0) this.#ahead.set(bucket, ahead);
  }

  /** Undefined: V2, V5. */
  async #placeOf({ bucket, generation }: Lead, hash: Uint8Array): Promise<number | undefined> {
    const record = await this.#parts.journal.get(bucket, hash).catch(noneIfDamaged);
    if (record === undefined) return undefined;
    return this.#parts.generationOf(record.bytes) === generation ? record.index : undefined;
  }

  /** Where the first is that may be committed still; undefined: none is known. */
  aheadFrom(bucket: number): number | undefined {
    const ahead = this.#ahead.get(bucket);
    return ahead && Math.min(...ahead.map(({ index }) => index));
  }

  /** The chain has grown, and is given from `aheadFrom` on: what it has passed is on it, or is void. */
  passed(bucket: number, { base, hashes }: Chain): void {
    const rest: Ahead[] = [];
    for (const one of this.#ahead.get(bucket) ?? []) {
      const there = hashes[one.index - base];
      if (there === undefined) rest.push(one);
      else if (!sameBytes(there, one.hash))
        this.#found.set(bucket, [...(this.#found.get(bucket) ?? []), one.hash]);
    }
    if (rest.length > 0) this.#ahead.set(bucket, rest);
    else this.#ahead.delete(bucket);
  }

  /** What was found of it is to be found anew. */
  forget(bucket: number): void {
    this.#found.delete(bucket);
    this.#ahead.delete(bucket);
  }

  /** V3, V4. Deletes what was found of the bucket. */
  async drop({ bucket, isOver }: Lead, rest: Rest): Promise<Dropped> {
    const found = this.#found.get(bucket) ?? [];
    let count = 0;
    while (found.length > 0 && !isOver()) {
      const hashes = found.slice(0, DROPPED_AT_A_TIME);
      const { failure, done } = await this.#dropped(bucket, hashes);
      if (failure !== undefined) return { count, failure };
      found.splice(0, hashes.length);
      count += done;
      await rest();
    }
    this.#found.delete(bucket);
    return { count, failure: undefined };
  }

  /** One by one where one of them is damaged on the stream: that one stays, and hinders no other. */
  async #dropped(bucket: number, hashes: readonly Uint8Array[]): Promise<Outcome> {
    const failure = await this.#failing(bucket, hashes);
    if (failure === undefined) return { failure, done: hashes.length };
    if (failure.code !== "STORE_CORRUPT") return { failure, done: 0 };
    let done = 0;
    for (const hash of hashes) {
      const own = await this.#failing(bucket, [hash]);
      if (own === undefined) done += 1;
      else if (own.code !== "STORE_CORRUPT") return { failure: own, done };
    }
    return { failure: undefined, done };
  }

  async #failing(bucket: number, hashes: readonly Uint8Array[]): Promise<Fault | undefined> {
    try {
      await this.#parts.stream.drop(bucket, hashes);
      await this.#parts.journal.drop(bucket, hashes);
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
    mark("store.void-dropped");
    return undefined;
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

interface Outcome {
  readonly failure: Fault | undefined;
  readonly done: number;
}
