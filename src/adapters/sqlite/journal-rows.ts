/**
 * The tables of a journal and every statement that touches them. Records are appended by row id and
 * found by an index, because a random primary key would dirty one page of payload per bucket.
 */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { HASHES_TOGETHER_MAX, type JournalRecord } from "#ports/journal.ts";
import type { Schema } from "./schema.ts";
import { SNAPSHOT_MIGRATION, SNAPSHOT_TABLES, snapshotRowsOf } from "./snapshot-rows.ts";

/** Raised whenever the tables change; an older program refuses a newer folder. */
const JOURNAL_SCHEMA_VERSION = 2;

export const JOURNAL_SCHEMA: Schema = {
  version: JOURNAL_SCHEMA_VERSION,
  migrations: [SNAPSHOT_MIGRATION],
  tables: `
CREATE TABLE journal (
  row    INTEGER PRIMARY KEY,
  bucket INTEGER NOT NULL,
  hash   BLOB NOT NULL,
  place  INTEGER NOT NULL,
  parent BLOB NOT NULL,
  bytes  BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX journal_by_hash ON journal (bucket, hash);
${SNAPSHOT_TABLES}
PRAGMA user_version = ${JOURNAL_SCHEMA_VERSION};
`,
};

type Row = Record<string, SQLOutputValue>;

const whole = (row: Row, column: string): number => Number(row[column]);
const blob = (row: Row, column: string): Uint8Array => row[column] as Uint8Array;

export const journalRowsOf = (database: DatabaseSync) => {
  const add = database.prepare(
    "INSERT INTO journal (bucket, hash, place, parent, bytes) VALUES (?, ?, ?, ?, ?)" +
      // The same record again changes nothing, unless it is damaged here.
      " ON CONFLICT (bucket, hash) DO UPDATE SET place = excluded.place, parent = excluded.parent," +
      " bytes = excluded.bytes WHERE bytes <> excluded.bytes",
  );
  const get = database.prepare("SELECT * FROM journal WHERE bucket = ? AND hash = ?");
  // The index alone is read.
  const hashes = database.prepare(
    "SELECT hash FROM journal WHERE bucket = ? AND hash > ?" +
      ` ORDER BY hash LIMIT ${HASHES_TOGETHER_MAX}`,
  );
  const drop = database.prepare("DELETE FROM journal WHERE bucket = ? AND hash = ?");
  const newest = database.prepare(
    "SELECT place, hash FROM journal WHERE row = (SELECT max(row) FROM journal WHERE bucket = ?)",
  );
  return {
    append: ({ bucket, hash, index, parent, bytes }: JournalRecord): void =>
      void add.run(bucket, hash, index, parent, bytes),
    record: (bucket: number, hash: Uint8Array): JournalRecord | undefined => {
      const row = get.get(bucket, hash);
      if (row === undefined) return undefined;
      const place = { bucket, index: whole(row, "place") };
      const parent = blob(row, "parent");
      return { ...place, hash: blob(row, "hash"), parent, bytes: blob(row, "bytes") };
    },
    hashes: (bucket: number, above: Uint8Array): readonly Uint8Array[] =>
      hashes.all(bucket, above).map((row) => blob(row, "hash")),
    drop: (bucket: number, hash: Uint8Array): void => void drop.run(bucket, hash),
    newest: (bucket: number): Pick<JournalRecord, "index" | "hash"> | undefined => {
      const row = newest.get(bucket);
      return row === undefined
        ? undefined
        : { index: whole(row, "place"), hash: blob(row, "hash") };
    },
    ...snapshotRowsOf(database),
  };
};

export type JournalRows = ReturnType<typeof journalRowsOf>;
