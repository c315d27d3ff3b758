/**
 * Where records lie in a cluster: the leader's own disk (Journal) and a stream that other machines
 * recover from (RecordStream). Neither decides anything: what counts is the chain that the head in the
 * consensus store names, and every other record is void wherever it lies. So records are fetched by
 * (bucket, hash), never by number alone.
 */

import type { Snapshot, SnapshotWrite } from "./store.ts";

export interface JournalRecord {
  readonly bucket: number;
  /** Its place on the chain, from 0. */
  readonly index: number;
  /** SHA-256 of its bytes. */
  readonly hash: Uint8Array;
  readonly parent: Uint8Array;
  readonly bytes: Uint8Array;
}

/** What chains a record to the one before it. */
export type Link = Pick<JournalRecord, "index" | "hash" | "parent">;

/** Hashes of one answer of `Journal.hashes`: a message of 128 KiB between threads. */
export const HASHES_TOGETHER_MAX = 4_096;

/** Bytes of records that are read in one go, one larger record excepted: a message between threads. 1 MiB. */
export const RECORDS_TOGETHER_BYTES_MAX = 1_048_576;

/**
 * One opener at a time (DATA_IN_USE); after `close` every call rejects with STORE_CLOSED. A call that
 * fails may have been done: the same records are appended again. Buffers given stay the caller's, as do
 * those returned. Implementations: `adapters/sqlite/journal.ts`, `sim/world/journal.ts`.
 */
export interface Journal {
  /**
   * Durable when it resolves, all or none. The same record again changes nothing, but for one that is
   * damaged here: it is whole again. STORE_FULL.
   */
  append(records: readonly JournalRecord[]): Promise<void>;
  /** Bytes are checked against the hash: STORE_CORRUPT. */
  get(bucket: number, hash: Uint8Array): Promise<JournalRecord | undefined>;
  /** Of these, from the first on, as many as are here and whole, within RECORDS_TOGETHER_BYTES_MAX. */
  getMany(bucket: number, hashes: readonly Uint8Array[]): Promise<readonly JournalRecord[]>;
  /**
   * Back along the chain, from the record with this hash on: the newest first, as many as are here and whole,
   * up to `count`. Their bytes are checked, too, within RECORDS_TOGETHER_BYTES_MAX: whoever appends waits.
   */
  links(bucket: number, hash: Uint8Array, count: number): Promise<readonly Link[]>;
  /**
   * Of the bucket's records here, damaged ones too, the first hashes above this one, in their order as bytes,
   * from the lowest where none is named; HASHES_TOGETHER_MAX of them, fewer where there are no more.
   */
  hashes(bucket: number, above: Uint8Array | undefined): Promise<readonly Uint8Array[]>;
  /**
   * They are not here any more, durably when it resolves, all or none. One that is not here changes nothing;
   * one that is appended again is here again. STORE_FULL.
   */
  drop(bucket: number, hashes: readonly Uint8Array[]): Promise<void>;
  /** Of the bucket the record that was appended last: on the chain, as a rule. */
  newest(bucket: number): Promise<Pick<JournalRecord, "index" | "hash"> | undefined>;
  /** The last one saved; whether its hash is on the chain of the head is the caller's to see. */
  loadSnapshot(bucket: number): Promise<Snapshot | undefined>;
  /** Rejects with PART_MISSING as `Store.saveSnapshot` does. */
  saveSnapshot(snapshot: SnapshotWrite): Promise<void>;
  /** Twice is harmless. */
  close(): Promise<void>;
}

/** Whether more are wanted. */
export type TakeRecords = (records: readonly JournalRecord[]) => Promise<boolean>;

/**
 * Records on other machines. An acknowledged record is on a majority of its servers, not necessarily on
 * their disks, so it is never the only copy. A call that gets no answer in time rejects with
 * BUS_UNREACHABLE and may have been done. Implementations: `adapters/nats/stream.ts`, `sim/world/journal.ts`.
 */
export interface RecordStream {
  /**
   * Resolves when all are acknowledged. The same record again changes nothing. STREAM_FULL where the
   * servers have no room. The caller leaves the buffers as they are until then.
   */
  publish(records: readonly JournalRecord[]): Promise<void>;
  /** Undefined where the servers asked do not have it (yet). Bytes are checked: STORE_CORRUPT. */
  get(bucket: number, hash: Uint8Array): Promise<JournalRecord | undefined>;
  /**
   * Many at once: what came to the bucket after this record, or all where that one is not there or none is
   * named, in the order in which it came, as far as it was there when this began. `take` says whether it
   * wants more. It may leave records out, such as large ones and damaged ones, and gives those of rivals:
   * whoever needs a record looks for it by its hash.
   */
  readAfter(bucket: number, after: Uint8Array | undefined, take: TakeRecords): Promise<void>;
  /** The same of all buckets, from the first record on. */
  readAll(take: TakeRecords): Promise<void>;
  /**
   * Resolves when a majority has them no more; a server that is behind may give one for a moment still. One
   * that is not there changes nothing; one that is published again is there again.
   */
  drop(bucket: number, hashes: readonly Uint8Array[]): Promise<void>;
  /**
   * The last one saved, by whoever; whether its hash is on the chain of the head is the caller's to see.
   * Undefined also where it is damaged: losing a snapshot loses nothing but time.
   */
  loadSnapshot(bucket: number): Promise<Snapshot | undefined>;
  /** STREAM_FULL as with records; PART_MISSING as `Store.saveSnapshot`. */
  saveSnapshot(snapshot: SnapshotWrite): Promise<void>;
  /** Twice is harmless. */
  close(): Promise<void>;
}
