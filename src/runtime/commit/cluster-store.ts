/**
 * The store of a supervisor in a cluster, put together from its own disk, the replicated stream and the
 * consensus store. It adds order and nothing else (protocol section 5):
 *
 * Q1  Records are on the own disk, then on the stream, and only then may a head name them.
 * Q2  A head in the consensus store is the only thing that makes a record count.
 * Q3  A chain is read by walking back from its head by hash, from the own disk first, then from the
 *     stream; what came from the stream is kept on the own disk, also in place of what is damaged there.
 *     A record that nobody has whole is RECORD_MISSING.
 *     Once so many are not on the own disk that asking for each would take long, what the stream has of
 *     the bucket is brought there in order, and the walk goes on; by itself it proves that nothing lacks.
 * Q4  Whatever fails before the consensus store was asked is `unknown` too: the same bytes go again.
 * Q5  What the stream has lost is put back from the own disk (`restock`), so that others can lead again.
 * Q6  The newest snapshot counts, from the own disk or the stream, if it lies on the chain of the head:
 *     whoever takes over walks back to it and not to the beginning. One that came from the stream is kept
 *     on the own disk before anything is built on it.
 * Q7  Whoever leads a bucket brings what is older than that snapshot to its own disk too (`fill`): once a
 *     disk was lost, it would be on the stream alone.
 */

import { BUCKETS } from "#envelope/cid.ts";
import { sameBytes, ZERO_HASH_BYTES } from "#ports/commit-rules.ts";
import type { Consensus } from "#ports/consensus.ts";
import { Fault } from "#ports/faults.ts";
import type { Journal, JournalRecord, RecordStream } from "#ports/journal.ts";
import { mark } from "#ports/marks.ts";
import type { BucketWrite, CommitOutcome, Head, Snapshot, Store } from "#ports/store.ts";
import { GatheredHeads } from "./gathered-heads.ts";

/** Records that `restock` looks for on the stream at a time. */
const RESTOCK_AT_A_TIME = 64;
/** Records that came from the stream are written to the own disk by so many: each time is an fsync. */
const KEPT_AT_A_TIME = 256;
/** Records asked for one by one, one after the other; then what the stream has is brought in order. */
export const ASKED_ALONE_MAX = 16;
/** Buckets that lack records, for which the whole stream is read: below, each is asked for by itself. */
export const BROUGHT_TOGETHER_MIN = 8;
/** Records that are walked over, on the own disk, after which `fill` rests: it is no load beside the work. */
export const WALKED_AT_A_TIME = 256;

/** What is known of a bucket's chain: the hashes of its newest records. */
interface Chain {
  /** Index of the first known one. */
  readonly base: number;
  readonly hashes: Uint8Array[];
}

/** On a chain: behind so many records, the last of which has this hash. */
interface Place {
  index: number;
  hash: Uint8Array;
}

type End = Pick<JournalRecord, "index" | "hash"> | undefined;

/** What the own disk lacks of a bucket. */
interface Gap {
  /** From here on it has been walked. */
  readonly below: number;
  /** What is older than one of these need not be brought. */
  readonly ends: readonly End[];
}

interface Walking {
  /** Waited for now and then, by whoever is in no hurry. */
  readonly rest?: () => Promise<void>;
  /** Brings what lacks, once; absent: from the stream, of this bucket alone. */
  readonly bring?: (gap: Gap) => Promise<void>;
  /** A record from which on nothing lacks for this walk. */
  readonly end?: End;
}

export interface ClusterParts {
  readonly consensus: Pick<Consensus, "heads" | "commit">;
  readonly journal: Journal;
  readonly stream: RecordStream;
}

/** Where a record lies. */
export interface Copies {
  readonly isOnDisk: boolean;
  readonly isOnStream: boolean;
}

const ZERO_HASH = new Uint8Array(ZERO_HASH_BYTES);

const misplaced = (bucket: number, { index }: JournalRecord): string =>
  `record ${index} of bucket ${bucket} is not at its place on the chain`;

/** What a host needs of a store; leadership is taken elsewhere (leadership.ts). */
export type LedStore = Omit<Store, "lead">;

export class ClusterStore implements LedStore {
  readonly #parts: ClusterParts;
  readonly #heads: GatheredHeads;
  readonly #chains = new Map<number, Chain>();
  /** Of each bucket that was looked at, the hash of an old record. */
  readonly #old = new Map<number, Uint8Array>();
  /** Buckets whose records have all been on the own disk since they are led here. */
  readonly #filled = new Set<number>();
  /** Of each bucket that was filled ever, how many of its first records are on the own disk. */
  readonly #whole = new Map<number, number>();

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    this.#heads = new GatheredHeads((buckets) => parts.consensus.heads(buckets));
  }

  head(bucket: number): Promise<Head> {
    return this.#heads.of(bucket);
  }

  async commit(writes: readonly BucketWrite[]): Promise<readonly CommitOutcome[]> {
    const { journal, stream, consensus } = this.#parts;
    const records = writes.flatMap(recordsOf);
    try {
      await journal.append(records);
      await stream.publish(records);
    } catch {
      return writes.map(({ bucket }) => ({ bucket, kind: "unknown" }));
    }
    const heads = writes.map(({ records: _records, ...write }) => write);
    const outcomes = await consensus.commit(heads);
    for (const [at, write] of writes.entries())
      if (outcomes[at]?.kind === "committed") this.#extend(write);
    return outcomes;
  }

  /** The hashes known of a bucket grow with what is committed on top of them. */
  #extend({ bucket, parent, records }: BucketWrite): void {
    const chain = this.#chains.get(bucket);
    if (chain === undefined) return;
    if (sameBytes(chain.hashes.at(-1) ?? ZERO_HASH, parent))
      chain.hashes.push(...records.map(({ hash }) => hash));
    else this.#chains.delete(bucket);
  }

  async read(bucket: number, from: number, limit: number): Promise<readonly Uint8Array[]> {
    const { base, hashes } = await this.#chainFrom(bucket, from);
    const wanted = hashes.slice(from - base, from - base + limit);
    return Promise.all(wanted.map(async (hash) => (await this.#record(bucket, hash)).bytes));
  }

  /** The chain from this record on: walked back from the head to what is known, or to the record. */
  async #chainFrom(bucket: number, from: number, how: Walking = {}): Promise<Chain> {
    const head = await this.head(bucket);
    const known = this.#chains.get(bucket);
    const end = known === undefined ? 0 : known.base + known.hashes.length;
    // What is committed meanwhile is pushed to it (`#extend`): it is as it was when this began.
    const hashes = known?.hashes.slice() ?? [];
    const joins = ({ index, hash }: Place): boolean =>
      known !== undefined && index === end && sameBytes(hash, hashes.at(-1) ?? ZERO_HASH);
    const at: Place = { index: head.records, hash: head.hash };
    const newer = await this.#walk(bucket, at, (place) => place.index <= from || joins(place), how);
    const { index } = at;
    newer.reverse();
    const chain: Chain =
      known !== undefined && joins(at)
        ? { base: known.base, hashes: [...hashes, ...newer] }
        : { base: index, hashes: newer };
    if (chain.base > from && chain.base > 0) {
      this.#chains.delete(bucket);
      return this.#chainFrom(bucket, from, how);
    }
    this.#chains.set(bucket, chain);
    return chain;
  }

  /** Back from `at`, which moves with it, until it is done: the hashes passed, the newest first. */
  async #walk(
    bucket: number,
    at: Place,
    isDone: (at: Place) => boolean,
    { rest, bring = (gap) => this.#bring(bucket, gap, rest), end }: Walking,
  ): Promise<Uint8Array[]> {
    const passed: Uint8Array[] = [];
    const brought: JournalRecord[] = [];
    let alone = 0;
    let isBrought = false;
    const keep = async (): Promise<void> => {
      alone += brought.length;
      if (brought.length > 0) await this.#parts.journal.append(brought.splice(0));
    };
    try {
      while (!isDone(at)) {
        const record = await this.#found(bucket, at.hash, brought);
        if (record.index !== at.index - 1)
          throw new Fault("RECORD_MISSING", misplaced(bucket, record));
        if (brought.length >= KEPT_AT_A_TIME) await keep();
        passed.push(at.hash);
        at.index -= 1;
        at.hash = record.parent;
        if (!isBrought && alone + brought.length >= ASKED_ALONE_MAX) {
          isBrought = true;
          const own = await this.#parts.journal.newest(bucket);
          await keep();
          await bring({ below: at.index, ends: [own, end] });
        }
        if (rest !== undefined && passed.length % WALKED_AT_A_TIME === 0) await rest();
      }
    } finally {
      await keep();
    }
    return passed;
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
  async #bringMany(buckets: ReadonlySet<number>, rest?: () => Promise<void>): Promise<void> {
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
    if (lacking.size >= BROUGHT_TOGETHER_MIN) await this.#bringMany(lacking);
  }

  /**
   * Q5. The whole chain and the own snapshot, as far as it was committed when this was called; where the
   * beginning is on no disk here, the chain from the own snapshot on. Rejects where a port does.
   */
  async restock(bucket: number): Promise<void> {
    const { journal, stream } = this.#parts;
    const own = await journal.loadSnapshot(bucket);
    const snapshot = own !== undefined && (await this.#isOnChain(bucket, own)) ? own : undefined;
    const { hashes } = await this.#restockable(bucket, snapshot);
    const end = hashes.length;
    for (let at = 0; at < end; at += RESTOCK_AT_A_TIME) {
      const looked = hashes.slice(at, Math.min(at + RESTOCK_AT_A_TIME, end)).map(async (hash) => {
        const there = await stream.get(bucket, hash);
        return there === undefined ? [await this.#record(bucket, hash)] : [];
      });
      const lost = (await Promise.all(looked)).flat();
      if (lost.length > 0) await stream.publish(lost);
    }
    if (snapshot === undefined) return;
    const shared = await stream.loadSnapshot(bucket);
    if (shared === undefined || shared.records < snapshot.records)
      await stream.saveSnapshot(snapshot);
  }

  /**
   * Whether the newest record under this head is on the own disk; whether the stream has it, and an old
   * one too: what is committed after a loss is there and would hide it.
   */
  async copiesOf({ bucket, hash, records }: Head): Promise<Copies> {
    if (records === 0) return { isOnDisk: false, isOnStream: false };
    const { journal, stream } = this.#parts;
    const old = await this.#oldRecord(bucket).catch(noneIfMissing);
    const [own, newest, oldest] = await Promise.all([
      journal.get(bucket, hash).catch(noneIfDamaged),
      stream.get(bucket, hash).catch(noneIfDamaged),
      old && stream.get(bucket, old).catch(noneIfDamaged),
    ]);
    const isOnStream = newest !== undefined && oldest !== undefined;
    return { isOnDisk: own !== undefined, isOnStream };
  }

  /** One that a recovery would read: the own snapshot's last, or the first of a log that has none. */
  async #oldRecord(bucket: number): Promise<Uint8Array | undefined> {
    const known = this.#old.get(bucket);
    if (known !== undefined) return known;
    const own = await this.#parts.journal.loadSnapshot(bucket);
    const [first] = own === undefined ? (await this.#chainFrom(bucket, 0)).hashes : [own.hash];
    if (first !== undefined) this.#old.set(bucket, first);
    return first;
  }

  /** Wherever the newest record is missing, on the own disk or on the stream, it is put back; then Q5. */
  async mend(bucket: number): Promise<void> {
    // A snapshot may have come since: then it is what a recovery begins with.
    this.#old.delete(bucket);
    const { records } = await this.head(bucket);
    if (records > 0) await this.read(bucket, records - 1, 1);
    await this.restock(bucket);
  }

  /**
   * Q7. Each of the buckets that are led here is walked down to what is known to be on the own disk, once for
   * as long as it is led here; one of which a record is nowhere is left as it is, and answered. Rejects
   * where a port does.
   */
  async fill(led: readonly number[], rest: () => Promise<void>): Promise<readonly number[]> {
    const missing: number[] = [];
    let brought: Promise<void> | undefined;
    for (const bucket of this.#filled) if (!led.includes(bucket)) this.#filled.delete(bucket);
    const open = led.filter((bucket) => !this.#filled.has(bucket));
    const many = (): Promise<void> => (brought ??= this.#bringMany(new Set(open), rest));
    const how: Walking = open.length < BROUGHT_TOGETHER_MIN ? { rest } : { rest, bring: many };
    for (const bucket of open) {
      const whole = this.#whole.get(bucket) ?? 0;
      const chain = await this.#chainFrom(bucket, whole, how).catch(noneIfMissing);
      if (chain === undefined) missing.push(bucket);
      else this.#whole.set(bucket, chain.base + chain.hashes.length);
      // The hashes of a whole chain are not worth their memory: it was walked to be on the disk.
      this.#chains.delete(bucket);
      this.#filled.add(bucket);
      await rest();
    }
    return missing;
  }

  async #restockable(bucket: number, snapshot: Snapshot | undefined): Promise<Chain> {
    try {
      return await this.#chainFrom(bucket, 0);
    } catch (error) {
      const isMissing = error instanceof Fault && error.code === "RECORD_MISSING";
      if (!isMissing || snapshot === undefined) throw error;
      return this.#chainFrom(bucket, snapshot.records - 1);
    }
  }

  async #record(bucket: number, hash: Uint8Array): Promise<JournalRecord> {
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

  /** Q6. */
  async loadSnapshot(bucket: number): Promise<Snapshot | undefined> {
    const { journal, stream } = this.#parts;
    const found = await Promise.all([
      journal.loadSnapshot(bucket),
      stream.loadSnapshot(bucket).catch(() => undefined),
    ]);
    const newestFirst = found
      .filter((snapshot) => snapshot !== undefined)
      .toSorted((one, other) => other.records - one.records);
    for (const snapshot of newestFirst) {
      if (!(await this.#isOnChain(bucket, snapshot))) continue;
      // What was built on it is worth nothing where the stream is lost and the own disk has it not.
      if (snapshot !== found[0]) await journal.saveSnapshot(snapshot);
      return snapshot;
    }
    return undefined;
  }

  async #isOnChain(bucket: number, { records, hash }: Snapshot): Promise<boolean> {
    if (records === 0 || records > (await this.head(bucket)).records) return false;
    const end = { index: records - 1, hash };
    const { base, hashes } = await this.#chainFrom(bucket, records - 1, { end });
    const named = hashes[records - 1 - base];
    return named !== undefined && sameBytes(named, hash);
  }

  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    await this.#parts.journal.saveSnapshot(snapshot);
    // Without it the others read more records; a stream that fails shows in the next commit.
    await this.#parts.stream.saveSnapshot(snapshot).catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#parts.journal.close();
  }
}

/** A copy that is damaged is none. */
const noneIfDamaged = (error: unknown): undefined => {
  if (!(error instanceof Fault) || error.code !== "STORE_CORRUPT") throw error;
};

const noneIfMissing = (error: unknown): undefined => {
  if (!(error instanceof Fault) || error.code !== "RECORD_MISSING") throw error;
};

const recordsOf = ({ bucket, head, records }: BucketWrite): JournalRecord[] =>
  records.map(({ hash, parent, bytes }, at) => ({
    bucket,
    index: head.records - records.length + at,
    hash,
    parent,
    bytes,
  }));
