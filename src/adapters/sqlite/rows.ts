/** The store's rows: every statement prepared once, values in and out as the port's types. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { emptyHead, type BucketRow } from "#ports/commit-rules.ts";
import type { BucketWrite, Epoch, Head, RecordWrite } from "#ports/store.ts";
import { MARK_RECORDS } from "./schema.ts";
import { snapshotRowsOf } from "./snapshot-rows.ts";

type Row = Record<string, SQLOutputValue>;

const whole = (row: Row, column: string): number => Number(row[column]);
const blob = (row: Row, column: string): Uint8Array => row[column] as Uint8Array;
const epochOf = (row: Row): Epoch => ({
  generation: whole(row, "generation"),
  revision: whole(row, "revision"),
});

const leadershipRows = (database: DatabaseSync) => {
  const nextEpoch = database.prepare("UPDATE epoch SET revision = revision + 1 RETURNING *");
  const setLeader = database.prepare("INSERT OR REPLACE INTO leaders VALUES (?, ?, ?)");
  const getLeader = database.prepare("SELECT generation, revision FROM leaders WHERE bucket = ?");
  return {
    lead: (buckets: readonly number[]): Epoch => {
      const epoch = epochOf(nextEpoch.get() as Row);
      for (const bucket of buckets) setLeader.run(bucket, epoch.generation, epoch.revision);
      return epoch;
    },
    leader: (bucket: number): Epoch | undefined => {
      const row = getLeader.get(bucket);
      return row === undefined ? undefined : epochOf(row);
    },
  };
};

const chainRows = (database: DatabaseSync) => {
  // The row of the record that was inserted last: its bucket's newest.
  const setHead = database.prepare(
    "INSERT OR REPLACE INTO heads (bucket, generation, revision, records, size, hash, row)" +
      " VALUES (?, ?, ?, ?, ?, ?, last_insert_rowid())",
  );
  const getHead = database.prepare("SELECT * FROM heads WHERE bucket = ?");
  const columns = "(bucket, place, hash, parent, bytes, before)";
  const addFirst = database.prepare(
    `INSERT INTO records ${columns} VALUES (?1, ?2, ?3, ?4, ?5,` +
      " coalesce((SELECT row FROM heads WHERE bucket = ?1), 0))",
  );
  const addNext = database.prepare(
    `INSERT INTO records ${columns} VALUES (?, ?, ?, ?, ?, last_insert_rowid())`,
  );
  /**
   * From the next record that is indexed, or from the head, back to the first that is asked for. Rows are
   * appended, so what leads forward is damaged; the walk ends there, as where a row is missing.
   */
  const getRecords = database.prepare(`
    WITH RECURSIVE walk(row, place, before) AS (
      SELECT row, place, before FROM records WHERE bucket = ?1 AND row = coalesce(
        (SELECT row FROM records WHERE bucket = ?1 AND place >= ?3 - 1 AND place % ${MARK_RECORDS} = 0
          AND place < (SELECT records FROM heads WHERE bucket = ?1) ORDER BY place LIMIT 1),
        (SELECT row FROM heads WHERE bucket = ?1))
      UNION ALL
      SELECT next.row, next.place, next.before FROM walk
        JOIN records AS next ON next.row = walk.before AND next.bucket = ?1
        WHERE walk.place > ?2 AND walk.before < walk.row
    )
    SELECT hash, parent, bytes FROM walk JOIN records USING (row)
      WHERE walk.place >= ?2 AND walk.place < ?3 ORDER BY row`);
  return {
    head: (bucket: number): Head => {
      const row = getHead.get(bucket);
      if (row === undefined) return emptyHead(bucket);
      const counts = { records: whole(row, "records"), size: whole(row, "size") };
      return { bucket, epoch: epochOf(row), ...counts, hash: blob(row, "hash") };
    },
    append: (write: BucketWrite): void => {
      const { bucket } = write;
      const { epoch, records, size, hash } = write.head;
      const first = records - write.records.length;
      for (const [at, record] of write.records.entries()) {
        const add = at === 0 ? addFirst : addNext;
        add.run(bucket, first + at, record.hash, record.parent, record.bytes);
      }
      setHead.run(bucket, epoch.generation, epoch.revision, records, size, hash);
    },
    /** Of the places from `from` to before `end`; where the chain is broken, from there on. */
    records: (bucket: number, from: number, end: number): readonly RecordWrite[] =>
      getRecords.all(bucket, from, end).map((row) => ({
        hash: blob(row, "hash"),
        parent: blob(row, "parent"),
        bytes: blob(row, "bytes"),
      })),
    hashAt: (bucket: number, place: number): Uint8Array | undefined => {
      const [row] = getRecords.all(bucket, place, place + 1);
      return row === undefined ? undefined : blob(row, "hash");
    },
  };
};

const decideRows = (database: DatabaseSync) => {
  const add = database.prepare("INSERT INTO decides VALUES (?, ?)");
  const has = database.prepare("SELECT 1 FROM decides WHERE bucket = ? AND key = ?");
  const drop = database.prepare("DELETE FROM decides WHERE bucket = ? AND key = ?");
  return {
    isDecided: (bucket: number, key: string): boolean => has.get(bucket, key) !== undefined,
    decide: ({ bucket, decides, decided }: BucketWrite): void => {
      for (const key of decides) add.run(bucket, key);
      for (const key of decided) drop.run(bucket, key);
    },
  };
};

const blockRows = (database: DatabaseSync) => {
  const add = database.prepare("INSERT OR IGNORE INTO blocks VALUES (?, ?)");
  const get = database.prepare("SELECT bytes FROM blocks WHERE cid = ?");
  const has = database.prepare("SELECT 1 FROM blocks WHERE cid = ?");
  const list = database.prepare("SELECT cid FROM blocks WHERE cid > ? ORDER BY cid LIMIT ?");
  return {
    putBlock: (cid: string, bytes: Uint8Array): void => void add.run(cid, bytes),
    block: (cid: string): Uint8Array | undefined => {
      const row = get.get(cid);
      return row === undefined ? undefined : blob(row, "bytes");
    },
    hasBlock: (cid: string): boolean => has.get(cid) !== undefined,
    blockCids: (after: string, limit: number): readonly string[] =>
      list.all(after, limit).map(({ cid }) => String(cid)),
  };
};

/** Everything that touches the tables. Transactions are the caller's. */
export const rowsOf = (database: DatabaseSync) => {
  const leadership = leadershipRows(database);
  const chain = chainRows(database);
  const decides = decideRows(database);
  return {
    ...leadership,
    ...chain,
    ...decides,
    ...snapshotRowsOf(database),
    ...blockRows(database),
    bucketRow: (bucket: number): BucketRow => ({
      head: chain.head(bucket),
      leader: leadership.leader(bucket),
    }),
    /** Writes what `judge` let pass. */
    apply: (write: BucketWrite): void => {
      chain.append(write);
      decides.decide(write);
    },
  };
};

export type Rows = ReturnType<typeof rowsOf>;
