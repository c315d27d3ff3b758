/**
 * The embedded store: journal, leadership, heads, decide keys, snapshots and small blocks in one SQLite
 * file, opened by one process, written by one thread.
 *
 * S1  All changes handed over together are one transaction, fsynced before any of them is answered.
 * S2  Within it each bucket's outcome stands alone: judged on its row before anything of it is written.
 * S3  Records and the head that makes them count are written together, so every stored record is on
 *     the chain of its bucket's head; reading walks that chain, and checks the bytes against their hashes.
 * S4  A transaction that fails for want of room or of a lock is rolled back and answered `unknown`: it
 *     is the answer that makes the leader look and send the same bytes again, which is right both when
 *     nothing was written and when something was. Any other failure while writing is answered the same
 *     way once, and then the store refuses all work (STORE_FAILED): after a failed fsync the system may
 *     have dropped the pages, and a later success on top of them would acknowledge what a power cut
 *     takes away. Only opening the file again shows what it holds.
 */
import { hash } from "node:crypto";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import {
  assertWhole,
  judge,
  sameBytes,
  ZERO_HASH_BYTES,
  type BucketRow,
} from "#ports/commit-rules.ts";
import { Fault } from "#ports/faults.ts";
import type {
  BucketWrite,
  CommitOutcome,
  Epoch,
  Head,
  Snapshot,
  SnapshotMark,
  SnapshotWrite,
} from "#ports/store.ts";
import { isBusy, isFull } from "./codes.ts";
import { lockData, type DataLock } from "./lock.ts";
import { rowsOf, type Rows } from "./rows.ts";
import { openDatabase } from "./schema.ts";

/** Records of one `read` at most, whatever was asked: 1,024 of 64 KiB are 64 MiB. */
export const READ_RECORDS_MAX = 1_024;

export type Change =
  | { readonly kind: "commit"; readonly writes: readonly BucketWrite[] }
  | { readonly kind: "lead"; readonly buckets: readonly number[] }
  | { readonly kind: "snapshot"; readonly snapshot: SnapshotWrite }
  | { readonly kind: "block"; readonly cid: string; readonly bytes: Uint8Array };

/** `failed` is the request's own mistake or the store's fault; the other requests stand. */
export type Changed =
  | { readonly kind: "commit"; readonly outcomes: readonly CommitOutcome[] }
  | { readonly kind: "lead"; readonly epoch: Epoch }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: Error };

export interface StoreOptions {
  /**
   * Pages of PAGE_BYTES that the database may grow to. At the limit it behaves as on a full disk: commits are
   * answered `unknown` and sent again. Default: SQLite's own, 2^32 − 2.
   */
  readonly pagesMax?: number;
}

export class SqliteStoreCore {
  readonly #database: DatabaseSync;
  readonly #rows: Rows;
  readonly #lock: DataLock;
  /** Rows as the transactions of this opener left them; emptied when one is rolled back. */
  readonly #known = new Map<number, BucketRow>();
  #failure: Fault | undefined;

  private constructor(database: DatabaseSync, lock: DataLock) {
    this.#database = database;
    this.#rows = rowsOf(database);
    this.#lock = lock;
  }

  /** Creates the folder if needed. Refuses with DATA_IN_USE, DATA_TOO_NEW or STORE_CORRUPT. */
  static open(dir: string, options: StoreOptions = {}): SqliteStoreCore {
    const lock = lockData(dir);
    try {
      const database = openDatabase(join(dir, "canswarm.db"));
      const { pagesMax } = options;
      if (pagesMax !== undefined) database.exec(`PRAGMA max_page_count = ${Math.trunc(pagesMax)}`);
      return new SqliteStoreCore(database, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** All changes in one transaction; one answer per change, in the order given (S1). */
  changeSync(changes: readonly Change[]): readonly Changed[] {
    this.#assertUsable();
    const answers: Changed[] = [];
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      for (const change of changes) answers.push(this.#change(change));
      this.#database.exec("COMMIT");
      return answers;
    } catch (error) {
      const fault = this.#rolledBack(error);
      return changes.map((change) => lost(change, fault));
    }
  }

  commitSync(writes: readonly BucketWrite[]): readonly CommitOutcome[] {
    const [answer] = this.changeSync([{ kind: "commit", writes }]);
    if (answer?.kind === "commit") return answer.outcomes;
    throw answer?.kind === "failed" ? answer.error : new Error("a commit without an answer");
  }

  head(bucket: number): Head {
    return this.#reading(() => this.#rows.head(bucket));
  }

  /** The part of the chain, or a throw of STORE_CORRUPT if the rows do not form it (S3). */
  read(bucket: number, from: number, limit: number): readonly Uint8Array[] {
    return this.#reading(() => {
      const head = this.#rows.head(bucket);
      const count = Math.min(limit, READ_RECORDS_MAX, head.records - from);
      if (count <= 0) return [];
      const corrupt = (place: number): Fault =>
        new Fault("STORE_CORRUPT", `record ${place} of bucket ${bucket} is damaged or missing`);
      const end = from + count;
      const records = this.#rows.records(bucket, from, end);
      if (records.length !== count) throw corrupt(end - records.length - 1);
      let parent = this.#hashBefore(bucket, from);
      for (const [at, record] of records.entries()) {
        const linked = parent !== undefined && sameBytes(record.parent, parent);
        if (!linked || !sameBytes(hash("sha256", record.bytes, "buffer"), record.hash)) {
          throw corrupt(from + at);
        }
        parent = record.hash;
      }
      const atHead = from + count === head.records;
      if (atHead && !sameBytes(parent!, head.hash)) throw corrupt(head.records - 1);
      return records.map((record) => record.bytes);
    });
  }

  loadSnapshot(bucket: number): Snapshot | undefined {
    return this.#reading(() => {
      const mark = this.#rows.snapshotMark(bucket);
      return mark !== undefined && this.#isOnChain(mark) ? this.#rows.snapshot(bucket) : undefined;
    });
  }

  block(cid: string): Uint8Array | undefined {
    return this.#reading(() => this.#rows.block(cid));
  }

  hasBlock(cid: string): boolean {
    return this.#reading(() => this.#rows.hasBlock(cid));
  }

  blockCids(after: string, limit: number): readonly string[] {
    return this.#reading(() => this.#rows.blockCids(after, limit));
  }

  /** Gives the folder up. Twice is harmless. */
  close(): void {
    if (this.#database.isOpen) this.#database.close();
    this.#failure ??= new Fault("STORE_CLOSED", "the store was closed");
    this.#lock.release();
  }

  #change(change: Change): Changed {
    switch (change.kind) {
      case "commit":
        return this.#commit(change.writes);
      case "lead":
        return this.#lead(change.buckets);
      case "snapshot":
        return this.#saveSnapshot(change.snapshot);
      case "block":
        this.#rows.putBlock(change.cid, change.bytes);
        return { kind: "done" };
    }
  }

  #lead(buckets: readonly number[]): Changed {
    const epoch = this.#rows.lead(buckets);
    for (const bucket of buckets) this.#known.delete(bucket);
    return { kind: "lead", epoch };
  }

  #row(bucket: number): BucketRow {
    let row = this.#known.get(bucket);
    if (row === undefined) this.#known.set(bucket, (row = this.#rows.bucketRow(bucket)));
    return row;
  }

  /** Judges every bucket before it writes any, so that a mistake of the caller changes nothing. */
  #commit(writes: readonly BucketWrite[]): Changed {
    const rows = this.#rows;
    let verdicts: readonly (CommitOutcome | "apply")[];
    try {
      assertWhole(writes);
      verdicts = writes.map((write) => {
        const isDecided = (key: string) => rows.isDecided(write.bucket, key);
        return judge(write, this.#row(write.bucket), isDecided);
      });
    } catch (error) {
      if (!(error instanceof Error) || "errcode" in error) throw error;
      return { kind: "failed", error };
    }
    const outcomes = writes.map((write, at): CommitOutcome => {
      const verdict = verdicts[at]!;
      if (verdict !== "apply") return verdict.kind === "refused" ? ownRefusal(verdict) : verdict;
      rows.apply(write);
      this.#known.set(write.bucket, { ...this.#row(write.bucket), head: ownHead(write.head) });
      return { bucket: write.bucket, kind: "committed" };
    });
    return { kind: "commit", outcomes };
  }

  /** One off the chain, or older than the one there, is dropped: it costs only time. */
  #saveSnapshot(snapshot: SnapshotWrite): Changed {
    const standing = this.#rows.snapshotMark(snapshot.bucket);
    const isOlder = standing !== undefined && standing.records > snapshot.records;
    if (isOlder || !this.#isOnChain(snapshot)) return { kind: "done" };
    try {
      this.#rows.saveSnapshot(snapshot);
      return { kind: "done" };
    } catch (error) {
      if (error instanceof Fault) return { kind: "failed", error };
      throw error;
    }
  }

  #isOnChain({ bucket, records, hash: named }: SnapshotMark): boolean {
    if (records > this.#rows.head(bucket).records) return false;
    const stored = this.#hashBefore(bucket, records);
    return stored !== undefined && sameBytes(stored, named);
  }

  /** The hash that record `place` must name as its parent. */
  #hashBefore(bucket: number, place: number): Uint8Array | undefined {
    return place === 0 ? new Uint8Array(ZERO_HASH_BYTES) : this.#rows.hashAt(bucket, place - 1);
  }

  #reading<T>(read: () => T): T {
    this.#assertUsable();
    try {
      return read();
    } catch (cause) {
      if (cause instanceof Fault || !(cause instanceof Error) || !("errcode" in cause)) throw cause;
      throw new Fault("STORE_CORRUPT", `the database could not be read: ${cause.message}`, {
        cause,
      });
    }
  }

  #rolledBack(error: unknown): Fault {
    this.#known.clear();
    try {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    } catch (cause) {
      this.#failure = new Fault("STORE_FAILED", "a transaction could not be undone", { cause });
    }
    const text = error instanceof Error ? error.message : String(error);
    if (isBusy(error)) return new Fault("STORE_BUSY", text, { cause: error });
    if (isFull(error)) return new Fault("STORE_FULL", text, { cause: error });
    this.#failure ??= new Fault("STORE_FAILED", `a write failed: ${text}`, { cause: error });
    return this.#failure;
  }

  #assertUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** The caller keeps its buffers, and may have packed the hash into a large one. */
const ownHead = (head: Head): Head => ({ ...head, hash: head.hash.slice() });

const ownRefusal = (refused: Extract<CommitOutcome, { kind: "refused" }>): CommitOutcome => ({
  ...refused,
  head: ownHead(refused.head),
});

/** The answer to a change whose transaction failed (S4). */
const lost = (change: Change, fault: Fault): Changed =>
  change.kind === "commit"
    ? {
        kind: "commit",
        outcomes: change.writes.map(({ bucket }) => ({ bucket, kind: "unknown" })),
      }
    : { kind: "failed", error: fault };
