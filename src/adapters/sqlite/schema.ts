/**
 * The tables of `DIR/canswarm.db`.
 *
 * Records are appended by row id and each names the row of its bucket's record before it; the head names
 * the last one. Reading walks back from the next record that is indexed, or from the head. An index of
 * all of them, or a primary key of bucket and place, would dirty a page for each bucket in each
 * transaction: of 64 buckets with a record of 1 KiB each, half a megabyte instead of 80 KiB.
 */
import { DatabaseSync } from "node:sqlite";
import { Fault } from "#ports/faults.ts";
import { RECORDS_STRIDE } from "#ports/store.ts";
import { isCorrupt } from "./codes.ts";
import { SNAPSHOT_MIGRATION, SNAPSHOT_TABLES } from "./snapshot-rows.ts";

/** Raised whenever the tables change; an older program refuses a newer folder. */
export const SCHEMA_VERSION = 3;

/** Bytes of a page. With records of 2 KiB, 8 KiB gave 15–90 % more writes a second than 4 KiB. */
export const PAGE_BYTES = 8_192;
/** Pages in the write-ahead log before it is folded into the database: 32 MiB. */
const CHECKPOINT_PAGES = 4_096;

/**
 * Every so many-th record of a bucket is indexed, so no walk is much longer. A part of the tables: another
 * number is another SCHEMA_VERSION.
 */
export const MARK_RECORDS = RECORDS_STRIDE;

/** How long to wait for a reader outside this process, in ms. */
const BUSY_MS = 1_000;

const MARKS = `CREATE UNIQUE INDEX marks ON records (bucket, place) WHERE place % ${MARK_RECORDS} = 0;`;

/** From the first version. */
const LINKED_RECORDS = `
ALTER TABLE records ADD COLUMN before INTEGER NOT NULL DEFAULT 0;
UPDATE records SET before = last.row FROM records AS last
  WHERE last.bucket = records.bucket AND last.place = records.place - 1;
ALTER TABLE heads ADD COLUMN row INTEGER NOT NULL DEFAULT 0;
UPDATE heads SET row = last.row FROM records AS last
  WHERE last.bucket = heads.bucket AND last.place = heads.records - 1;
DROP INDEX records_by_place;
${MARKS}
`;

const TABLES = `
CREATE TABLE epoch (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  generation INTEGER NOT NULL,
  revision   INTEGER NOT NULL
) STRICT;
INSERT INTO epoch VALUES (1, 1, 0);
CREATE TABLE leaders (
  bucket     INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL,
  revision   INTEGER NOT NULL
) STRICT;
CREATE TABLE heads (
  bucket     INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL,
  revision   INTEGER NOT NULL,
  records    INTEGER NOT NULL,
  size       INTEGER NOT NULL,
  hash       BLOB NOT NULL,
  row        INTEGER NOT NULL
) STRICT;
CREATE TABLE records (
  row    INTEGER PRIMARY KEY,
  bucket INTEGER NOT NULL,
  place  INTEGER NOT NULL,
  before INTEGER NOT NULL,
  hash   BLOB NOT NULL,
  parent BLOB NOT NULL,
  bytes  BLOB NOT NULL
) STRICT;
${MARKS}
CREATE TABLE decides (
  bucket INTEGER NOT NULL,
  key    TEXT NOT NULL,
  PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;
${SNAPSHOT_TABLES}CREATE TABLE blocks (
  cid   TEXT NOT NULL UNIQUE,
  bytes BLOB NOT NULL
) STRICT;
PRAGMA user_version = ${SCHEMA_VERSION};
`;

const versionOf = (database: DatabaseSync): number =>
  Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);

/** What a new file gets, and the version that this leaves in `user_version`. */
export interface Schema {
  readonly tables: string;
  readonly version: number;
  /** What makes the second version of the first, the third of the second, and so on. */
  readonly migrations: readonly string[];
}

const STORE: Schema = {
  tables: TABLES,
  version: SCHEMA_VERSION,
  migrations: [LINKED_RECORDS, SNAPSHOT_MIGRATION],
};

/** Opens or creates the database. Refuses with DATA_TOO_NEW or STORE_CORRUPT. */
export const openDatabase = (file: string, schema = STORE): DatabaseSync => {
  const database = new DatabaseSync(file, { timeout: BUSY_MS });
  try {
    database.exec(`PRAGMA page_size = ${PAGE_BYTES}`); // of a new file; an old one keeps its own
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = FULL");
    database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    const version = versionOf(database);
    if (version === 0) database.exec(`BEGIN IMMEDIATE;${schema.tables}COMMIT`);
    else if (version < schema.version)
      database.exec(
        `BEGIN IMMEDIATE;${schema.migrations.slice(version - 1).join("")}` +
          `PRAGMA user_version = ${schema.version};COMMIT`,
      );
    if (version > schema.version) {
      throw new Fault("DATA_TOO_NEW", `${file} has schema ${version}, known is ${schema.version}`);
    }
    return database;
  } catch (cause) {
    database.close();
    if (!isCorrupt(cause)) throw cause;
    throw new Fault("STORE_CORRUPT", `${file} is not a whole database`, { cause });
  }
};
