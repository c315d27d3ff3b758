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
 * Q4  Whatever fails before the consensus store was asked is `unknown` too: the same bytes go again. A disk
 *     or a stream that is full is thrown, which counts as the same: the operator should read it.
 * Q5  What the stream has lost is put back from the own disk (`restock`), so that others can lead again.
 * Q6  The newest snapshot counts, from the own disk or the stream, if it lies on the chain of the head:
 *     whoever takes over walks back to it and not to the beginning. One that came from the stream is kept
 *     on the own disk before anything is built on it.
 * Q7  Whoever leads a bucket brings what is older than that snapshot to its own disk too (`fill`): once a
 *     disk was lost, it would be on the stream alone.
 * Q8  It also deletes, from the stream and from the own disk, what this disk has of the bucket under this
 *     generation and no head will ever name (void-records.ts). What may still be committed stays, and what a
 *     restore has undone: no chain lacks a record for it.
 */

import { sameBytes } from "#ports/commit-rules.ts";
import type { Consensus } from "#ports/consensus.ts";
import { Fault } from "#ports/faults.ts";
import type { Journal, JournalRecord, RecordStream } from "#ports/journal.ts";
import type {
  BucketWrite,
  CommitOutcome,
  Head,
  Snapshot,
  SnapshotMark,
  SnapshotWrite,
  Store,
} from "#ports/store.ts";
import { Chains, noneIfDamaged, noneIfMissing, type Chain } from "./chains.ts";
import { generationOf } from "../log/record.ts";
import { Filling, type Filled, type LedNow } from "./filling.ts";

/** Records that `restock` looks for on the stream at a time. */
const RESTOCK_AT_A_TIME = 64;
export interface ClusterParts {
  readonly consensus: Pick<Consensus, "heads" | "commit">;
  readonly journal: Journal;
  readonly stream: RecordStream;
  /** Under which a record was built, from its bytes. Default: `log/record.ts`. */
  readonly generationOf?: (bytes: Uint8Array) => number | undefined;
}

/** Where a record lies. */
export interface Copies {
  readonly isOnDisk: boolean;
  readonly isOnStream: boolean;
}

/** It does not pass by itself. */
const isFull = (error: unknown): boolean =>
  error instanceof Fault && (error.code === "STORE_FULL" || error.code === "STREAM_FULL");

/** What a host needs of a store; leadership is taken elsewhere (leadership.ts). */
export type LedStore = Omit<Store, "lead">;

export class ClusterStore implements LedStore {
  readonly #parts: ClusterParts;
  readonly #chains: Chains;
  readonly #filling: Filling;
  /** Of each bucket that was looked at, the hash of an old record. */
  readonly #old = new Map<number, Uint8Array>();

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    this.#chains = new Chains(parts);
    this.#filling = new Filling({ generationOf, ...parts }, this.#chains);
  }

  head(bucket: number): Promise<Head> {
    return this.#chains.head(bucket);
  }

  async commit(writes: readonly BucketWrite[]): Promise<readonly CommitOutcome[]> {
    const { journal, stream, consensus } = this.#parts;
    const records = writes.flatMap(recordsOf);
    try {
      await journal.append(records);
      await stream.publish(records);
    } catch (error) {
      if (isFull(error)) throw error;
      return writes.map(({ bucket }) => ({ bucket, kind: "unknown" }));
    }
    const heads = writes.map(({ records: _records, ...write }) => write);
    const outcomes = await consensus.commit(heads);
    for (const [at, write] of writes.entries())
      if (outcomes[at]?.kind === "committed") this.#chains.extend(write);
    return outcomes;
  }

  read(bucket: number, from: number, limit: number): Promise<readonly Uint8Array[]> {
    return this.#chains.read(bucket, from, limit);
  }

  /** For whoever is about to read all logs: what the own disk lacks of many of them comes in one go. */
  bringAll(): Promise<void> {
    return this.#chains.bringAll();
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
        return there === undefined ? [await this.#chains.record(bucket, hash)] : [];
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

  /**
   * One that a recovery would read: the own snapshot's last, or the first of a log that has none. A snapshot
   * of what a restore has undone is none: its last record is void, and may be deleted.
   */
  async #oldRecord(bucket: number): Promise<Uint8Array | undefined> {
    const known = this.#old.get(bucket);
    if (known !== undefined) return known;
    const own = await this.#parts.journal.loadSnapshot(bucket);
    const isGood = own !== undefined && (await this.#isOnChain(bucket, own));
    const [first] = isGood ? [own.hash] : (await this.#chains.from(bucket, 0)).hashes;
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
   * Q7, Q8. Each of the buckets that are led here, once for as long as it is led under that epoch. Rejects
   * where a port does; void records that could not be deleted wait for the next call.
   */
  fill(led: LedNow, rest: () => Promise<void>): Promise<Filled> {
    return this.#filling.run(led, rest);
  }

  async #restockable(bucket: number, snapshot: Snapshot | undefined): Promise<Chain> {
    try {
      return await this.#chains.from(bucket, 0);
    } catch (error) {
      const isMissing = error instanceof Fault && error.code === "RECORD_MISSING";
      if (!isMissing || snapshot === undefined) throw error;
      return this.#chains.from(bucket, snapshot.records - 1);
    }
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

  async #isOnChain(bucket: number, { records, hash }: SnapshotMark): Promise<boolean> {
    if (records === 0 || records > (await this.head(bucket)).records) return false;
    const end = { index: records - 1, hash };
    const { base, hashes } = await this.#chains.from(bucket, records - 1, { end });
    const named = hashes[records - 1 - base];
    return named !== undefined && sameBytes(named, hash);
  }

  async saveSnapshot(snapshot: SnapshotWrite): Promise<void> {
    await this.#parts.journal.saveSnapshot(snapshot);
    // Without it the others read more records; a stream that fails shows in the next commit.
    await this.#share(snapshot).catch(() => undefined);
  }

  /** What the stream may lack of it, because an earlier one did not reach it, is on the own disk. */
  async #share(snapshot: SnapshotWrite): Promise<void> {
    const { journal, stream } = this.#parts;
    try {
      await stream.saveSnapshot(snapshot);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "PART_MISSING") throw error;
      const whole = await journal.loadSnapshot(snapshot.bucket);
      if (whole !== undefined) await stream.saveSnapshot(whole);
    }
  }

  async close(): Promise<void> {
    await this.#parts.journal.close();
  }
}

const recordsOf = ({ bucket, head, records }: BucketWrite): JournalRecord[] =>
  records.map(({ hash, parent, bytes }, at) => ({
    bucket,
    index: head.records - records.length + at,
    hash,
    parent,
    bytes,
  }));
