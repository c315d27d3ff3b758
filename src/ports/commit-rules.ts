/**
 * What decides a commit, in one place for every store: pure functions over the store's rows.
 *
 * The order of the rules is the contract: (1) my head already stands: committed, so that the same bytes
 * may be sent again after an unknown answer; (2) another epoch leads, or another head stands: refused;
 * (3) a decide key exists although the head was right: P1 is broken, nothing is written; (4) apply.
 */
import type { BucketWrite, CommitOutcome, Epoch, Head } from "./store.ts";

export const ZERO_HASH_BYTES = 32;

/** Every bucket's head before its first commit. A copy each time: the caller owns what it gets. */
export const emptyHead = (bucket: number): Head => ({
  bucket,
  epoch: { generation: 0, revision: 0 },
  records: 0,
  size: 0,
  hash: new Uint8Array(ZERO_HASH_BYTES),
});

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.byteLength !== b.byteLength) return false;
  for (let at = 0; at < a.byteLength; at++) if (a[at] !== b[at]) return false;
  return true;
};

/** Negative, zero or positive: generation first, then revision. */
export const compareEpochs = (a: Epoch, b: Epoch): number =>
  a.generation - b.generation || a.revision - b.revision;

/** What a store knows of a bucket when it judges a write. */
export interface BucketRow {
  readonly head: Head;
  /** The epoch that leads the bucket; undefined: nobody has led it yet. */
  readonly leader: Epoch | undefined;
}

const assertThat: (condition: boolean, what: string) => asserts condition = (condition, what) => {
  if (!condition) throw new Error(`a malformed commit: ${what}`);
};

/** Throws, on mistakes of ours, if the writes do not form chains by themselves. */
export const assertWhole = (writes: readonly BucketWrite[]): void => {
  const buckets = new Set(writes.map((write) => write.bucket));
  assertThat(buckets.size === writes.length, "a bucket is named twice");
  for (const { bucket, epoch, parent, records, head } of writes) {
    assertThat(records.length > 0, `bucket ${bucket}: no records`);
    assertThat(head.bucket === bucket, `bucket ${bucket}: the head is of bucket ${head.bucket}`);
    assertThat(compareEpochs(head.epoch, epoch) === 0, `bucket ${bucket}: the head's epoch`);
    let last = parent;
    for (const record of records) {
      assertThat(sameBytes(record.parent, last), `bucket ${bucket}: a record's parent`);
      last = record.hash;
    }
    assertThat(sameBytes(last, head.hash), `bucket ${bucket}: the head's hash`);
  }
};

/** `exists` tells whether a decide key of this bucket is stored. */
export const judge = (
  write: BucketWrite,
  row: BucketRow,
  exists: (key: string) => boolean,
): CommitOutcome | "apply" => {
  const { bucket } = write;
  const { head, leader } = row;
  if (sameBytes(head.hash, write.head.hash)) return { bucket, kind: "committed" };
  const leads = leader !== undefined && compareEpochs(leader, write.epoch) === 0;
  if (!leads || !sameBytes(head.hash, write.parent)) return { bucket, kind: "refused", head };
  assertThat(
    write.head.records === head.records + write.records.length && write.head.size >= head.size,
    `bucket ${bucket}: the head counts ${write.head.records} records after ${head.records}`,
  );
  const seen = new Set<string>();
  for (const key of write.decides) {
    if (seen.has(key) || exists(key)) return { bucket, kind: "decided", key };
    seen.add(key);
  }
  return "apply";
};
