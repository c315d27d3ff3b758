/**
 * The writes of a commit as one run of bytes, and their outcomes: a host sends several hundred records a
 * second, each of which as an object costs more to clone than to store.
 */

import { Buffer } from "node:buffer";
import { PackedBytes, readBlock, readNumber, type Cursor } from "#envelope/packed-bytes.ts";
import type { BucketWrite, CommitOutcome, RecordWrite } from "#ports/store.ts";

/** A view. */
export const packWrites = (writes: readonly BucketWrite[]): Uint8Array => {
  const packed = new PackedBytes(writes.reduce((sum, write) => sum + sizeOf(write), START_BYTES));
  packed.number(writes.length);
  for (const write of writes) packWrite(packed, write);
  return packed.view();
};

/** Their byte fields are views. */
export const unpackWrites = (bytes: Uint8Array): BucketWrite[] => {
  const from = { at: 0 };
  return listOf(bytes, from, () => unpackWrite(bytes, from));
};

/** All committed, as nearly always: nothing. */
export type PlainOutcomes = readonly CommitOutcome[] | undefined;

export const packOutcomes = (outcomes: readonly CommitOutcome[]): PlainOutcomes =>
  outcomes.every(({ kind }) => kind === "committed") ? undefined : outcomes;

export const unpackOutcomes = (
  outcomes: PlainOutcomes,
  writes: readonly BucketWrite[],
): readonly CommitOutcome[] =>
  outcomes ?? writes.map(({ bucket }): CommitOutcome => ({ bucket, kind: "committed" }));

/** What a write takes but for its records' bytes and keys: a few numbers and hashes. */
const WRITE_BYTES = 256;
const RECORD_BYTES = 96;
const START_BYTES = 64;

/** Roughly: what is wrong costs a copy. */
const sizeOf = ({ records }: BucketWrite): number =>
  records.reduce((sum, { bytes }) => sum + RECORD_BYTES + bytes.length, WRITE_BYTES);

const packWrite = (packed: PackedBytes, write: BucketWrite): void => {
  const { bucket, epoch, parent, records, head, decides, decided } = write;
  packed.number(bucket);
  packed.number(epoch.generation);
  packed.number(epoch.revision);
  packed.block(parent);
  packed.number(records.length);
  for (const record of records) {
    packed.block(record.hash);
    packed.block(record.parent);
    packed.block(record.bytes);
  }
  packed.number(head.bucket);
  packed.number(head.epoch.generation);
  packed.number(head.epoch.revision);
  packed.number(head.records);
  packed.number(head.size);
  packed.block(head.hash);
  for (const keys of [decides, decided]) {
    packed.number(keys.length);
    for (const key of keys) packed.block(Buffer.from(key, "utf8"));
  }
};

const unpackWrite = (bytes: Uint8Array, from: Cursor): BucketWrite => {
  const number = (): number => readNumber(bytes, from);
  const block = (): Uint8Array => readBlock(bytes, from);
  const texts = (): string[] => listOf(bytes, from, () => UNTEXT.decode(block()));
  return {
    bucket: number(),
    epoch: { generation: number(), revision: number() },
    parent: block(),
    records: listOf(bytes, from, (): RecordWrite => ({
      hash: block(),
      parent: block(),
      bytes: block(),
    })),
    head: {
      bucket: number(),
      epoch: { generation: number(), revision: number() },
      records: number(),
      size: number(),
      hash: block(),
    },
    decides: texts(),
    decided: texts(),
  };
};

const listOf = <T>(bytes: Uint8Array, from: Cursor, read: () => T): T[] => {
  const list: T[] = [];
  for (let left = readNumber(bytes, from); left > 0; left -= 1) list.push(read());
  return list;
};

const UNTEXT = new TextDecoder();
