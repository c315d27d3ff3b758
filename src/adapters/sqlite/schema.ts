/**
 * The tables of `DIR/canswarm.db`.
 *
 * A record's place is (bucket, index) and is unique: records are written in the transaction that moves
 * their head, so no void record can lie in this database, and the constraint proves it. Records are
 * appended by row id, because a random primary key would dirty one page of payload per bucket.
 */
import { DatabaseSync } from "node:sqlite";
import { Fault } from "#ports/faults.ts";
import { isCorrupt } from "./codes.ts";

/** Raised whenever the tables change; an older program refuses a newer folder. */
export const SCHEMA_VERSION = 1;

/** Bytes of a page. With records of 2 KiB, 8 KiB gave 15–90 % more writes a second than 4 KiB. */
export const PAGE_BYTES = 8_192;
/** Pages in the write-ahead log before it is folded into the database: 32 MiB. */
const CHECKPOINT_PAGES = 4_096;

/** How long to wait for a reader outside this process, in ms. */
const BUSY_MS = 1_000;

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
  hash       BLOB NOT NULL
) STRICT;
CREATE TABLE records (
  row    INTEGER PRIMARY KEY,
  bucket INTEGER NOT NULL,
  place  INTEGER NOT NULL,
  hash   BLOB NOT NULL,
  parent BLOB NOT NULL,
  bytes  BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX records_by_place ON records (bucket, place);
CREATE TABLE decides (
  bucket INTEGER NOT NULL,
  key    TEXT NOT NULL,
  PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshots (
  bucket  INTEGER PRIMARY KEY,
  records INTEGER NOT NULL,
  size    INTEGER NOT NULL,
  hash    BLOB NOT NULL,
  bytes   BLOB NOT NULL
) STRICT;
CREATE TABLE blocks (
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
}

const STORE: Schema = { tables: TABLES, version: SCHEMA_VERSION };

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
