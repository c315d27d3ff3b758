/** The store's rows: every statement prepared once, values in and out as the port's types. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { emptyHead, type BucketRow } from "#ports/commit-rules.ts";
import type { BucketWrite, Epoch, Head, RecordWrite, Snapshot } from "#ports/store.ts";

type Row = Record<string, SQLOutputValue>;

const whole = (row: Row, column: string): number => Number(row[column]);
const blob = (row: Row, column: string): Uint8Array => row[column] as Uint8Array;
const epochOf = (row: Row): Epoch => ({
  generation: whole(row, "generation"),
  revision: whole(row, "revision"),
});

/** Everything that touches the tables. Transactions are the caller's. */
export const rowsOf = (database: DatabaseSync) => {
  const prepare = (sql: string) => database.prepare(sql);
  const nextEpoch = prepare("UPDATE epoch SET revision = revision + 1 RETURNING *");
  const setLeader = prepare("INSERT OR REPLACE INTO leaders VALUES (?, ?, ?)");
  const getLeader = prepare("SELECT generation, revision FROM leaders WHERE bucket = ?");
  const setHead = prepare("INSERT OR REPLACE INTO heads VALUES (?, ?, ?, ?, ?, ?)");
  const getHead = prepare("SELECT * FROM heads WHERE bucket = ?");
  const addRecord = prepare(
    "INSERT INTO records (bucket, place, hash, parent, bytes) VALUES (?, ?, ?, ?, ?)",
  );
  const getRecords = prepare(
    "SELECT hash, parent, bytes FROM records WHERE bucket = ? AND place >= ? AND place < ?" +
      " ORDER BY place LIMIT ?",
  );
  const getHash = prepare("SELECT hash FROM records WHERE bucket = ? AND place = ?");
  const addDecide = prepare("INSERT INTO decides VALUES (?, ?)");
  const hasDecide = prepare("SELECT 1 FROM decides WHERE bucket = ? AND key = ?");
  const dropDecide = prepare("DELETE FROM decides WHERE bucket = ? AND key = ?");
  const setSnapshot = prepare("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?)");
  const getSnapshot = prepare("SELECT * FROM snapshots WHERE bucket = ?");
  const addBlock = prepare("INSERT OR IGNORE INTO blocks VALUES (?, ?)");
  const getBlock = prepare("SELECT bytes FROM blocks WHERE cid = ?");
  const hasBlock = prepare("SELECT 1 FROM blocks WHERE cid = ?");

  const head = (bucket: number): Head => {
    const row = getHead.get(bucket);
    if (row === undefined) return emptyHead(bucket);
    const { epoch, hash } = { epoch: epochOf(row), hash: blob(row, "hash") };
    return { bucket, epoch, records: whole(row, "records"), size: whole(row, "size"), hash };
  };

  return {
    head,
    bucketRow: (bucket: number): BucketRow => {
      const leader = getLeader.get(bucket);
      return { head: head(bucket), leader: leader === undefined ? undefined : epochOf(leader) };
    },
    lead: (buckets: readonly number[]): Epoch => {
      const epoch = epochOf(nextEpoch.get() as Row);
      for (const bucket of buckets) setLeader.run(bucket, epoch.generation, epoch.revision);
      return epoch;
    },
    isDecided: (bucket: number, key: string): boolean => hasDecide.get(bucket, key) !== undefined,
    /** Writes what `judge` let pass. */
    apply: (write: BucketWrite): void => {
      const { bucket } = write;
      let place = write.head.records - write.records.length;
      for (const record of write.records) {
        addRecord.run(bucket, place++, record.hash, record.parent, record.bytes);
      }
      const { epoch, records, size, hash } = write.head;
      setHead.run(bucket, epoch.generation, epoch.revision, records, size, hash);
      for (const key of write.decides) addDecide.run(bucket, key);
      for (const key of write.decided) dropDecide.run(bucket, key);
    },
    records: (bucket: number, from: number, end: number, limit: number): readonly RecordWrite[] =>
      getRecords.all(bucket, from, end, limit).map((row) => ({
        hash: blob(row, "hash"),
        parent: blob(row, "parent"),
        bytes: blob(row, "bytes"),
      })),
    hashAt: (bucket: number, place: number): Uint8Array | undefined => {
      const row = getHash.get(bucket, place);
      return row === undefined ? undefined : blob(row, "hash");
    },
    saveSnapshot: ({ bucket, records, size, hash, bytes }: Snapshot): void =>
      void setSnapshot.run(bucket, records, size, hash, bytes),
    snapshot: (bucket: number): Snapshot | undefined => {
      const row = getSnapshot.get(bucket);
      if (row === undefined) return undefined;
      const { hash, bytes } = { hash: blob(row, "hash"), bytes: blob(row, "bytes") };
      return { bucket, records: whole(row, "records"), size: whole(row, "size"), hash, bytes };
    },
    putBlock: (cid: string, bytes: Uint8Array): void => void addBlock.run(cid, bytes),
    block: (cid: string): Uint8Array | undefined => {
      const row = getBlock.get(cid);
      return row === undefined ? undefined : blob(row, "bytes");
    },
    hasBlock: (cid: string): boolean => hasBlock.get(cid) !== undefined,
  };
};

export type Rows = ReturnType<typeof rowsOf>;
