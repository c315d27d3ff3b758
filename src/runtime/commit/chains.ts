/**
 * The chains of records under the heads, read back by hash: from the own disk, and what that lacks from the
 * stream (Q3 of cluster-store.ts).
 */

import { BUCKETS } from "#envelope/cid.ts";
import { sameBytes, ZERO_HASH_BYTES } from "#ports/commit-rules.ts";
import { Fault } from "#ports/faults.ts";
import type { Journal, JournalRecord, Link, RecordStream } from "#ports/journal.ts";
import { mark } from "#ports/marks.ts";
import type { Consensus } from "#ports/consensus.ts";
import type { BucketWrite, Head } from "#ports/store.ts";
import { GatheredHeads } from "./gathered-heads.ts";

/** Records that came from the stream are written to the own disk by so many: each time is an fsync. */
const KEPT_AT_A_TIME = 256;
/** Records asked for one by one; where more may lack, what the stream has comes in order. */
export const ASKED_ALONE_MAX = 16;
/** Buckets that lack records, for which the whole stream is read: below, each is asked for by itself. */
export const BROUGHT_TOGETHER_MIN = 8;
/** Records that are walked over, on the own disk, after which `fill` rests: it is no load beside the work. */
export const WALKED_AT_A_TIME = 256;

/** What is known of a bucket's chain: the hashes of its newest records. */
export interface Chain {
  /** Index of the first known one. */
  readonly base: number;
  readonly hashes: Uint8Array[];
}

/** On a chain: behind so many records, the last of which has this hash. */
interface Place {
  index: number;
  hash: Uint8Array;
}

/** Where a walk ends: at this index, or at a place that joins what is known. */
interface Goal {
  readonly from: number;
  readonly joins: (place: Place) => boolean;
}

export type End = Pick<JournalRecord, "index" | "hash"> | undefined;

/** What the own disk lacks of a bucket. */
export interface Gap {
  /** From here on it has been walked. */
  readonly below: number;
  /** What is older than one of these need not be brought. */
  readonly ends: readonly End[];
}

export interface Walking {
  /** Waited for now and then, by whoever is in no hurry. */
  readonly rest?: () => Promise<void>;
  /** Brings what lacks, once; absent: from the stream, of this bucket alone. */
  readonly bring?: (gap: Gap) => Promise<void>;
  /** A record from which on nothing lacks for this walk. */
  readonly end?: End;
}

export interface ChainParts {
  readonly consensus: Pick<Consensus, "heads">;
  readonly journal: Journal;
  readonly stream: RecordStream;
}

const ZERO_HASH = new Uint8Array(ZERO_HASH_BYTES);

const misplaced = (bucket: number, { index }: Link): string =>
  `record ${index} of bucket ${bucket} is not at its place on the chain`;

export class Chains {
  readonly #parts: ChainParts;
  readonly #heads: GatheredHeads;
  readonly #chains = new Map<number, Chain>();

  constructor(parts: ChainParts) {
    this.#parts = parts;
    this.#heads = new GatheredHeads((buckets) => parts.consensus.heads(buckets));
  }

  head(bucket: number): Promise<Head> {
    return this.#heads.of(bucket);
  }

  /** The hashes known of a bucket grow with what is committed on top of them. */
  extend({ bucket, parent, records }: BucketWrite): void {
    const chain = this.#chains.get(bucket);
    if (chain === undefined) return;
    if (sameBytes(chain.hashes.at(-1) ?? ZERO_HASH, parent))
      chain.hashes.push(...records.map(({ hash }) => hash));
    else this.#chains.delete(bucket);
  }

  /** What is known of it is forgotten: it is walked anew. */
  forget(bucket: number): void {
    this.#chains.delete(bucket);
  }

  async read(bucket: number, from: number, limit: number): Promise<readonly Uint8Array[]> {
    const { base, hashes } = await this.from(bucket, from);
    const wanted = hashes.slice(from - base, from - base + limit);
    const read: Uint8Array[] = [];
    while (read.length < wanted.length) {
      const own = await this.#parts.journal.getMany(bucket, wanted.slice(read.length));
      for (const { bytes } of own) read.push(bytes);
      const lacking = wanted[read.length];
      if (lacking !== undefined && own.length === 0)
        read.push((await this.record(bucket, lacking)).bytes);
    }
    return read;
  }

  /** The chain from this record on: walked back from the head to what is known, or to the record. */
  async from(bucket: number, from: number, how: Walking = {}): Promise<Chain> {
    const head = await this.head(bucket);
    const known = this.#chains.get(bucket);
    const end = known === undefined ? 0 : known.base + known.hashes.length;
    // What is committed meanwhile is pushed to it (`extend`): it is as it was when this began.
    const hashes = known?.hashes.slice() ?? [];
    const joins = ({ index, hash }: Place): boolean =>
      known !== undefined && index === end && sameBytes(hash, hashes.at(-1) ?? ZERO_HASH);
    const at: Place = { index: head.records, hash: head.hash };
    const newer = await this.#walk(bucket, at, { from, joins }, how);
    const { index } = at;
    newer.reverse();
    const chain: Chain =
      known !== undefined && joins(at)
        ? { base: known.base, hashes: [...hashes, ...newer] }
        : { base: index, hashes: newer };
    if (chain.base > from && chain.base > 0) {
      this.#chains.delete(bucket);
      return this.from(bucket, from, how);
    }
    this.#chains.set(bucket, chain);
    return chain;
  }

  /** Back from `at`, which moves with it, to the goal: the hashes passed, the newest first. */
  async #walk(
    bucket: number,
    at: Place,
    { from, joins }: Goal,
    { rest, bring = (gap) => this.#bring(bucket, gap, rest), end }: Walking,
  ): Promise<Uint8Array[]> {
    const passed: Uint8Array[] = [];
    const ahead: Link[] = [];
    const brought: JournalRecord[] = [];
    let alone = 0;
    let isBrought = false;
    const keep = async (): Promise<void> => {
      alone += brought.length;
      if (brought.length > 0) await this.#parts.journal.append(brought.splice(0));
    };
    try {
      while (at.index > from && !joins(at)) {
        if (ahead.length === 0) ahead.push(...(await this.#links(bucket, at, from)));
        if (ahead.length === 0 && !isBrought) {
          const own = await this.#parts.journal.newest(bucket);
          const asked = alone + brought.length;
          if (asked >= ASKED_ALONE_MAX || (asked === 0 && isFar(at, from, [own, end]))) {
            isBrought = true;
            await keep();
            await bring({ below: at.index, ends: [own, end] });
            continue;
          }
        }
        const record = ahead.shift() ?? (await this.#found(bucket, at.hash, brought));
        if (record.index !== at.index - 1)
          throw new Fault("RECORD_MISSING", misplaced(bucket, record));
        if (brought.length >= KEPT_AT_A_TIME) await keep();
        passed.push(at.hash);
        at.index -= 1;
        at.hash = record.parent;
        if (rest !== undefined && passed.length % WALKED_AT_A_TIME === 0) await rest();
      }
    } finally {
      await keep();
    }
    return passed;
  }

  /** What the own disk has of the way back to `from`, as far as it goes. */
  #links(bucket: number, { index, hash }: Place, from: number): Promise<readonly Link[]> {
    return this.#parts.journal.links(bucket, hash, Math.min(index - from, WALKED_AT_A_TIME));
  }

  /**
   * Q3: to the own disk what the stream has of the bucket below an index, from where the own disk ends, if it
   * ends below it. Whatever is lost on the way, or fails, the walk asks for alone.
   */
  async #bring(bucket: number, { below, ends }: Gap, rest?: () => Promise<void>): Promise<void> {
    const { journal, stream } = this.#parts;
    mark("store.brought-in-order");
    const [after] = ends
      .filter((end) => end !== undefined && end.index < below)
      .toSorted((one, other) => other!.index - one!.index);
    const take = async (records: readonly JournalRecord[]): Promise<boolean> => {
      await journal.append(records);
      await rest?.();
      return records.some(({ index }) => index < below);
    };
    await stream.readAfter(bucket, after?.hash, take).catch(() => undefined);
  }

  /** The same of many buckets, from their beginnings: the stream is gone through once, not for each. */
  async bringMany(buckets: ReadonlySet<number>, rest?: () => Promise<void>): Promise<void> {
    const { journal, stream } = this.#parts;
    const take = async (records: readonly JournalRecord[]): Promise<boolean> => {
      const wanted = records.filter(({ bucket }) => buckets.has(bucket));
      if (wanted.length > 0) await journal.append(wanted);
      await rest?.();
      return true;
    };
    await stream.readAll(take).catch(() => undefined);
  }

  /** For whoever is about to read all logs: what the own disk lacks of many of them comes in one go. */
  async bringAll(): Promise<void> {
    const { journal, consensus } = this.#parts;
    const heads = await consensus.heads(Array.from({ length: BUCKETS + 1 }, (_, bucket) => bucket));
    const lacking = new Set<number>();
    for (const { bucket, records } of heads) {
      const own = records === 0 ? undefined : await journal.newest(bucket);
      if (records - 1 - (own?.index ?? -1) > ASKED_ALONE_MAX) lacking.add(bucket);
    }
    if (lacking.size >= BROUGHT_TOGETHER_MIN) await this.bringMany(lacking);
  }

  async record(bucket: number, hash: Uint8Array): Promise<JournalRecord> {
    const brought: JournalRecord[] = [];
    const record = await this.#found(bucket, hash, brought);
    if (brought.length > 0) await this.#parts.journal.append(brought);
    return record;
  }

  /** Where it came from the stream it is added to `brought`: to be kept on the own disk. */
  async #found(bucket: number, hash: Uint8Array, brought: JournalRecord[]): Promise<JournalRecord> {
    const { journal, stream } = this.#parts;
    const own = await journal.get(bucket, hash).catch((error: unknown) => {
      noneIfDamaged(error);
      mark("store.damaged");
    });
    if (own !== undefined) return own;
    const theirs = await stream.get(bucket, hash);
    if (theirs === undefined)
      throw new Fault("RECORD_MISSING", `a record of bucket ${bucket} is nowhere`);
    brought.push(theirs);
    return theirs;
  }
}

/** Whether the disk, whose end is the first of these, lacks more than is asked for one by one. */
const isFar = ({ index }: Place, from: number, [own, end]: readonly [End, End]): boolean => {
  // One that lies above is no end: the disk has what is below, but for a hole.
  if (own !== undefined && own.index >= index) return false;
  const below = [own, end].map((one) =>
    one === undefined || one.index >= index ? 0 : one.index + 1,
  );
  return index - Math.max(from, ...below) > ASKED_ALONE_MAX;
};

/** What is asked of a chain that is not whole is not there. */
export const noneIfMissing = (error: unknown): undefined => {
  if (!(error instanceof Fault) || error.code !== "RECORD_MISSING") throw error;
};

/** A copy that is damaged is none. */
export const noneIfDamaged = (error: unknown): undefined => {
  if (!(error instanceof Fault) || error.code !== "STORE_CORRUPT") throw error;
};
