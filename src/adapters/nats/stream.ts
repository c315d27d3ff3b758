/**
 * The RecordStream over JetStream: one message a record under `PREFIX.rec.BUCKET.HASH.PART`, so that
 * the servers find it by its hash. Snapshots are on a stream of their own (stream-snapshots.ts).
 *
 * R1  `publish` resolves when a majority of the servers has acknowledged every part of every record.
 * R2  The same record again takes the place of itself: one message a subject, whoever sent it before.
 * R3  The servers never drop a record to make room: they refuse the new one (STREAM_FULL).
 * R4  What `get` gives is checked against the hash. A record of which a part is missing is not there.
 * R5  Of a record that is dropped the first part goes last: as long as anything of it is there, whoever drops
 *     it again finds it by that part, or by the second where the first never came.
 */
import { headers, type MsgHdrs } from "nats";
import { DIGEST_BYTES, hex, sha256 } from "#envelope/cid.ts";
import { sameBytes } from "#ports/commit-rules.ts";
import { Fault } from "#ports/faults.ts";
import type { JournalRecord, RecordStream, TakeRecords } from "#ports/journal.ts";
import type { Snapshot, SnapshotWrite } from "#ports/store.ts";
import { openLink, type Link, type NatsOptions } from "./connect.ts";
import { bytesIn, countIn, joined, partsIn, partsOf, wholeIn } from "./stream-headers.ts";
import { PART_BYTES, PART_MORE_BYTES, PartStore, type Found, type Stored } from "./stream-parts.ts";
import { streamName, type StreamKind } from "./stream-rooms.ts";
import { replicasOf } from "./stream-setup.ts";
import { StreamSnapshots } from "./stream-snapshots.ts";

/** Of a record's subject, behind the prefix: bucket, hash, part. */
const SUBJECT_WORDS = 3;
const INDEX = "Canswarm-Index";
const PARENT = "Canswarm-Parent";

export interface NatsStreamOptions extends NatsOptions {
  /** Servers that keep each record. Default: 3 where the server is one of a cluster, else 1. */
  readonly replicas?: 1 | 3;
  /** Bytes that each stream may take on each server. Default: as much as the servers have. */
  readonly streamBytesMax?: number;
}

interface Stores {
  readonly records: PartStore;
  readonly snapshots: PartStore;
}

export class NatsStream implements RecordStream {
  readonly #link: Link;
  readonly #prefix: string;
  readonly #records: PartStore;
  readonly #snapshots: StreamSnapshots;

  private constructor(link: Link, prefix: string, { records, snapshots }: Stores) {
    this.#link = link;
    this.#prefix = prefix;
    this.#records = records;
    this.#snapshots = new StreamSnapshots(snapshots, prefix);
  }

  /**
   * Creates the streams if they are missing. Rejects with BUS_UNREACHABLE if no server answers, or none
   * has JetStream; with BUS_UNFIT if they take only small messages or have a stream in another shape.
   */
  static async open(options: NatsStreamOptions): Promise<NatsStream> {
    const { prefix } = options;
    let stores: Stores | undefined;
    const down = (): void => {
      stores?.records.broken();
      stores?.snapshots.broken();
    };
    const link = await openLink(options, { down });
    try {
      stores = await storesOn(link, options);
      return new NatsStream(link, prefix, stores);
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  publish(records: readonly JournalRecord[]): Promise<void> {
    return this.#records.put(this.#parts(records));
  }

  async get(bucket: number, hash: Uint8Array): Promise<JournalRecord | undefined> {
    const subject = this.#subject(bucket, hash);
    const found = await joined((part) => this.#records.get(part), subject);
    if (found === undefined) return undefined;
    const record = recordOf(bucket, hash, found);
    if (sameBytes(sha256(found.data), hash)) return record;
    const sentence = `record ${record.index} of bucket ${bucket} is damaged on the stream`;
    throw new Fault("STORE_CORRUPT", sentence);
  }

  readAfter(bucket: number, after: Uint8Array | undefined, take: TakeRecords): Promise<void> {
    const last = after === undefined ? undefined : `${this.#subject(bucket, after)}.0`;
    return this.#records.readAfter(`${this.#prefix}.rec.${bucket}`, last, wholeOnly(take));
  }

  readAll(take: TakeRecords): Promise<void> {
    return this.#records.readAfter(`${this.#prefix}.rec`, undefined, wholeOnly(take));
  }

  async drop(bucket: number, hashes: readonly Uint8Array[]): Promise<void> {
    for (const hash of hashes) {
      const subject = this.#subject(bucket, hash);
      const [first, second] = [`${subject}.0`, `${subject}.1`];
      const found = (await this.#records.getLast(first)) ?? (await this.#records.getLast(second));
      const count = found === undefined ? 0 : countIn(found.header);
      for (let part = count - 1; part >= 0; part -= 1)
        await this.#records.drop(`${subject}.${part}`);
    }
  }

  saveSnapshot(snapshot: SnapshotWrite): Promise<void> {
    return this.#snapshots.save(snapshot);
  }

  loadSnapshot(bucket: number): Promise<Snapshot | undefined> {
    return this.#snapshots.load(bucket);
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #subject(bucket: number, hash: Uint8Array): string {
    return `${this.#prefix}.rec.${bucket}.${hex(hash)}`;
  }

  *#parts(records: readonly JournalRecord[]) {
    for (const record of records) {
      const headersOf = (): MsgHdrs => recordHeaders(record);
      yield* partsOf(this.#subject(record.bucket, record.hash), record.bytes, headersOf);
    }
  }
}

const storesOn = async (link: Link, options: NatsStreamOptions): Promise<Stores> => {
  if (link.maxPayload() < PART_BYTES + PART_MORE_BYTES)
    throw new Fault("BUS_UNFIT", `the servers take at most ${link.maxPayload()} bytes`);
  const { prefix, streamBytesMax: bytesMax } = options;
  const replicas = replicasOf(link, options);
  const open = (kind: StreamKind, subjects: string): Promise<PartStore> =>
    PartStore.open(link, { replicas, bytesMax, name: streamName(prefix, kind), subjects });
  const [records, snapshots] = await Promise.all([
    open("records", `${prefix}.rec.>`),
    open("snapshots", `${prefix}.snap.>`),
  ]);
  return { records, snapshots };
};

const recordOf = (bucket: number, hash: Uint8Array, { header, data }: Stored): JournalRecord => ({
  bucket,
  index: wholeIn(header, INDEX),
  hash: hash.slice(),
  parent: bytesIn(header, PARENT, DIGEST_BYTES),
  bytes: data,
});

/** Undefined: a part of a larger one, or damaged: whoever needs it asks for it by its hash. */
const wholeRecord = ({ subject, header, data }: Found): JournalRecord | undefined => {
  const [bucket, named, part] = subject.split(".").slice(-SUBJECT_WORDS);
  const bytes = data.slice();
  const hash = sha256(bytes);
  if (partsIn(header) !== 1 || part !== "0" || named !== hex(hash)) return undefined;
  try {
    return recordOf(Number(bucket), hash, { header, data: bytes });
  } catch (error) {
    if (error instanceof Fault && error.code === "STORE_CORRUPT") return undefined;
    throw error;
  }
};

const wholeOnly =
  (take: TakeRecords) =>
  (found: readonly Found[]): Promise<boolean> =>
    take(found.flatMap((one) => wholeRecord(one) ?? []));

const recordHeaders = ({ index, parent }: JournalRecord): MsgHdrs => {
  const header = headers();
  header.set(INDEX, String(index));
  header.set(PARENT, hex(parent));
  return header;
};
