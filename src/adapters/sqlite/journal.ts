/**
 * The journal of a supervisor in a cluster: records by (bucket, hash) and snapshots, in one SQLite file
 * of their own, opened by one process, written by one thread.
 *
 * J1  All changes handed over together are one transaction, fsynced before any of them is answered: all of
 *     them hold or none, but for a snapshot without its parts, which is refused by itself.
 * J2  A record is written once and never changed: the first one under (bucket, hash) stays, until it is
 *     dropped. Records of rivals lie side by side; which of them count only the head in the consensus store
 *     says.
 * J3  A record's bytes are checked against its hash whenever it is read.
 * J4  A transaction that fails for want of room or of a lock is rolled back; the same records can be
 *     sent again. After any other failed write the journal refuses all work (STORE_FAILED), for the
 *     reason that the embedded store does (store.ts S4).
 */
import { hash } from "node:crypto";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { sameBytes } from "#ports/commit-rules.ts";
import { Fault } from "#ports/faults.ts";
import {
  RECORDS_TOGETHER_BYTES_MAX,
  type Journal,
  type JournalRecord,
  type Link,
} from "#ports/journal.ts";
import type { Snapshot, SnapshotWrite } from "#ports/store.ts";
import { isBusy, isFull, isSqlite } from "./codes.ts";
import { GroupCommit } from "./group-commit.ts";
import { journalRowsOf, JOURNAL_SCHEMA, type JournalRows } from "./journal-rows.ts";
import { lockData, type DataLock } from "./lock.ts";
import { openDatabase } from "./schema.ts";

/** Below every hash. */
const NO_BYTES = new Uint8Array(0);

export type JournalChange =
  | { readonly kind: "append"; readonly records: readonly JournalRecord[] }
  | {
      readonly kind: "drop";
      readonly bucket: number;
      readonly hashes: readonly Uint8Array[];
    }
  | { readonly kind: "snapshot"; readonly snapshot: SnapshotWrite };

/** What became of a change: nothing to tell, or why it failed. */
export type JournalChanged = Fault | undefined;

export interface JournalOptions {
  /** Pages of PAGE_BYTES that the file may grow to; then STORE_FULL. Default: SQLite's own, 2^32 − 2. */
  readonly pagesMax?: number;
}

export class SqliteJournalCore {
  readonly #database: DatabaseSync;
  readonly #rows: JournalRows;
  readonly #lock: DataLock;
  #failure: Fault | undefined;

  private constructor(database: DatabaseSync, lock: DataLock) {
    this.#database = database;
    this.#rows = journalRowsOf(database);
    this.#lock = lock;
  }

  /** Creates the folder if needed. Refuses with DATA_IN_USE, DATA_TOO_NEW or STORE_CORRUPT. */
  static open(dir: string, { pagesMax }: JournalOptions = {}): SqliteJournalCore {
    const lock = lockData(dir);
    try {
      const database = openDatabase(join(dir, "journal.db"), JOURNAL_SCHEMA);
      if (pagesMax !== undefined) database.exec(`PRAGMA max_page_count = ${Math.trunc(pagesMax)}`);
      return new SqliteJournalCore(database, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** All changes in one transaction (J1). */
  changeSync(changes: readonly JournalChange[]): readonly JournalChanged[] {
    this.#assertUsable();
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      const answers = changes.map((change) => this.#change(change));
      this.#database.exec("COMMIT");
      return answers;
    } catch (error) {
      const fault = this.#rolledBack(error);
      return changes.map(() => fault);
    }
  }

  /** A change that fails by its own mistake has changed nothing; the others stand. */
  #change(change: JournalChange): JournalChanged {
    switch (change.kind) {
      case "append":
        change.records.forEach(this.#rows.append);
        return undefined;
      case "drop":
        for (const named of change.hashes) this.#rows.drop(change.bucket, named);
        return undefined;
      case "snapshot":
        try {
          this.#rows.saveSnapshot(change.snapshot);
          return undefined;
        } catch (error) {
          if (error instanceof Fault) return error;
          throw error;
        }
      default:
        return change satisfies never;
    }
  }

  record(bucket: number, named: Uint8Array): JournalRecord | undefined {
    const record = this.#reading(() => this.#rows.record(bucket, named));
    if (record === undefined || isWhole(record)) return record;
    throw new Fault("STORE_CORRUPT", `record ${record.index} of bucket ${bucket} is damaged`);
  }

  records(bucket: number, named: readonly Uint8Array[]): readonly JournalRecord[] {
    const found: JournalRecord[] = [];
    let bytes = 0;
    for (const one of named) {
      const record = this.#whole(bucket, one);
      bytes += record?.bytes.length ?? 0;
      if (record === undefined || (found.length > 0 && bytes > RECORDS_TOGETHER_BYTES_MAX)) break;
      found.push(record);
    }
    return found;
  }

  links(bucket: number, named: Uint8Array, count: number): readonly Link[] {
    const found: Link[] = [];
    let bytes = 0;
    for (let at = named; found.length < count; at = found.at(-1)!.parent) {
      const record = this.#whole(bucket, at);
      bytes += record?.bytes.length ?? 0;
      if (record === undefined || (found.length > 0 && bytes > RECORDS_TOGETHER_BYTES_MAX)) break;
      found.push({ index: record.index, hash: record.hash, parent: record.parent });
    }
    return found;
  }

  #whole(bucket: number, named: Uint8Array): JournalRecord | undefined {
    const record = this.#reading(() => this.#rows.record(bucket, named));
    return record !== undefined && isWhole(record) ? record : undefined;
  }

  hashes(bucket: number, above: Uint8Array = NO_BYTES): readonly Uint8Array[] {
    return this.#reading(() => this.#rows.hashes(bucket, above));
  }

  newest(bucket: number): Pick<JournalRecord, "index" | "hash"> | undefined {
    return this.#reading(() => this.#rows.newest(bucket));
  }

  snapshot(bucket: number): Snapshot | undefined {
    return this.#reading(() => this.#rows.snapshot(bucket));
  }

  /** Gives the folder up. Twice is harmless. */
  close(): void {
    if (this.#database.isOpen) this.#database.close();
    this.#failure ??= new Fault("STORE_CLOSED", "the journal was closed");
    this.#lock.release();
  }

  #reading<T>(read: () => T): T {
    this.#assertUsable();
    try {
      return read();
    } catch (cause) {
      if (!(cause instanceof Error) || !isSqlite(cause)) throw cause;
      const sentence = `the journal could not be read: ${cause.message}`;
      throw new Fault("STORE_CORRUPT", sentence, { cause });
    }
  }

  #rolledBack(error: unknown): Fault {
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

/** J3. */
const isWhole = (record: JournalRecord): boolean =>
  sameBytes(hash("sha256", record.bytes, "buffer"), record.hash);

/** Opens the folder in this thread. Refuses with DATA_IN_USE, DATA_TOO_NEW or STORE_CORRUPT. */
export const openJournalInThread = (dir: string, options?: JournalOptions): Journal => {
  const core = SqliteJournalCore.open(dir, options);
  const group = new GroupCommit<JournalChange, JournalChanged>(core);
  const submit = async (change: JournalChange): Promise<void> => {
    const fault = await group.submit(change);
    if (fault !== undefined) throw fault;
  };
  return {
    append: (records) => submit({ kind: "append", records }),
    get: async (bucket, named) => core.record(bucket, named),
    getMany: async (bucket, named) => core.records(bucket, named),
    links: async (bucket, named, count) => core.links(bucket, named, count),
    hashes: async (bucket, above) => core.hashes(bucket, above),
    drop: (bucket, hashes) => submit({ kind: "drop", bucket, hashes }),
    newest: async (bucket) => core.newest(bucket),
    loadSnapshot: async (bucket) => core.snapshot(bucket),
    saveSnapshot: (snapshot) => submit({ kind: "snapshot", snapshot }),
    close: async () => group.close(),
  };
};
