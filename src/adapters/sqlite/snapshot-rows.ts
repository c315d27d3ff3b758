/**
 * Snapshots in SQLite: one of each bucket, and beside it its parts, of which most stay when the next one
 * comes. The snapshot's row names them in their order.
 */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { hex, sha256 } from "#envelope/cid.ts";
import { sameBytes } from "#ports/commit-rules.ts";
import { assertThere, hashesIn } from "#ports/snapshot-parts.ts";
import type { Snapshot, SnapshotMark, SnapshotPart, SnapshotWrite } from "#ports/store.ts";

/** A part's row is found by an index: in a table of its key it would be moved about with its bytes. */
export const SNAPSHOT_TABLES = `
CREATE TABLE snapshots (
  bucket  INTEGER PRIMARY KEY,
  records INTEGER NOT NULL,
  size    INTEGER NOT NULL,
  hash    BLOB NOT NULL,
  bytes   BLOB NOT NULL,
  parts   BLOB NOT NULL
) STRICT;
CREATE TABLE snapshot_parts (
  row    INTEGER PRIMARY KEY,
  bucket INTEGER NOT NULL,
  hash   BLOB NOT NULL,
  bytes  BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX snapshot_parts_by_hash ON snapshot_parts (bucket, hash);
`;

/** From tables without parts: what they hold is of a format that is passed over. */
export const SNAPSHOT_MIGRATION = `DROP TABLE snapshots;${SNAPSHOT_TABLES}`;

type Row = Record<string, SQLOutputValue>;

const blob = (row: Row, column: string): Uint8Array => row[column] as Uint8Array;

export const snapshotRowsOf = (database: DatabaseSync) => {
  const set = database.prepare("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?)");
  const get = database.prepare("SELECT * FROM snapshots WHERE bucket = ?");
  const getNames = database.prepare("SELECT parts FROM snapshots WHERE bucket = ?");
  const getMark = database.prepare("SELECT records, hash FROM snapshots WHERE bucket = ?");
  const setPart = database.prepare(
    "INSERT OR REPLACE INTO snapshot_parts (bucket, hash, bytes) VALUES (?, ?, ?)",
  );
  const getPart = database.prepare(
    "SELECT bytes FROM snapshot_parts WHERE bucket = ? AND hash = ?",
  );
  const dropPart = database.prepare("DELETE FROM snapshot_parts WHERE bucket = ? AND hash = ?");

  const namesOf = (bucket: number): Uint8Array[] => {
    const row = getNames.get(bucket);
    return row === undefined ? [] : hashesIn(blob(row, "parts"));
  };

  return {
    /** Throws PART_MISSING. */
    saveSnapshot: (snapshot: SnapshotWrite): void => {
      const { bucket, records, size, hash, bytes, parts } = snapshot;
      const before = new Map(namesOf(bucket).map((name) => [hex(name), name]));
      assertThere(snapshot, (name) => before.has(name));
      for (const part of parts) {
        if (part.bytes !== undefined) setPart.run(bucket, part.hash, part.bytes);
        before.delete(hex(part.hash));
      }
      for (const name of before.values()) dropPart.run(bucket, name);
      const names = Buffer.concat(parts.map((part) => part.hash));
      set.run(bucket, records, size, hash, bytes, names);
    },
    /** Undefined too where a part is missing or damaged: a snapshot that is lost costs time. */
    snapshot: (bucket: number): Snapshot | undefined => {
      const row = get.get(bucket);
      if (row === undefined) return undefined;
      const parts: SnapshotPart[] = [];
      for (const hash of hashesIn(blob(row, "parts"))) {
        const part = getPart.get(bucket, hash);
        const bytes = part && blob(part, "bytes");
        if (bytes === undefined || !sameBytes(sha256(bytes), hash)) return undefined;
        parts.push({ hash, bytes });
      }
      const [records, size] = [Number(row["records"]), Number(row["size"])];
      return { bucket, records, size, hash: blob(row, "hash"), bytes: blob(row, "bytes"), parts };
    },
    snapshotMark: (bucket: number): SnapshotMark | undefined => {
      const row = getMark.get(bucket);
      return row && { bucket, records: Number(row["records"]), hash: blob(row, "hash") };
    },
  };
};
