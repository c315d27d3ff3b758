/**
 * The RecordStream over JetStream: one message a record under `PREFIX.rec.BUCKET.HASH.PART`, so that
 * the servers find it by its hash. A record of more than PART_BYTES goes in parts.
 *
 * R1  `publish` resolves when a majority of the servers has acknowledged every part of every record.
 * R2  The same record again takes the place of itself: one message a subject, whoever sent it before.
 * R3  The servers never drop a record to make room: they refuse the new one (STORE_FULL).
 * R4  What `get` gives is checked against the hash. A record of which a part is missing is not there.
 * R5  No call waits for ever: without an answer in its time, or without a connection, it rejects with
 *     STORE_FAILED, and what it asked for may have been done.
 */
import { createHash } from "node:crypto";
import { Empty, headers, type JetStreamClient, type JetStreamManager, type MsgHdrs } from "nats";
import { hex } from "#envelope/cid.ts";
import { sameBytes } from "#ports/commit-rules.ts";
import { Fault } from "#ports/faults.ts";
import type { JournalRecord, RecordStream } from "#ports/journal.ts";
import { openLink, type Link, type NatsOptions } from "./connect.ts";
import { faultOf, isMissing } from "./stream-faults.ts";
import { ensureStream, type StreamShape } from "./stream-setup.ts";

/** Bytes of a record in one message: half of what a server takes as it is shipped. */
export const PART_BYTES = 512 * 1024;
/** What a message has beside its part: subject and headers. */
const PART_MORE_BYTES = 1_024;
/** Messages of one `publish` that wait for their acknowledgement: at most 32 MiB. */
export const IN_FLIGHT_MAX = 64;
/** A message is acknowledged in this time, ms, or its publish has failed. */
export const ACK_MS = 2_000;
/** A question is answered in this time, ms. */
export const GET_MS = 2_000;

const INDEX = "Canswarm-Index";
const PARENT = "Canswarm-Parent";
const PARTS = "Canswarm-Parts";
/** The status of an answer without a message. */
const NOT_FOUND = 404;

export interface NatsStreamOptions extends NatsOptions {
  /** Servers that keep each record: 1, or 3 in a cluster of at least three. */
  readonly replicas: 1 | 3;
  /** Bytes the stream may take on each server. Default: as much as the servers have. */
  readonly bytesMax?: number;
}

interface Part {
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly headers: () => MsgHdrs;
  /** Under which the servers know a message that is sent again at once. */
  readonly id: string;
}

/** A message as it lies on the servers. */
interface Stored {
  readonly header: MsgHdrs;
  readonly data: Uint8Array;
}

export class NatsStream implements RecordStream {
  readonly #link: Link;
  readonly #prefix: string;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #name: string;

  private constructor(link: Link, prefix: string, manager: JetStreamManager, name: string) {
    this.#link = link;
    this.#prefix = prefix;
    this.#manager = manager;
    this.#name = name;
    this.#client = link.nats.jetstream({ timeout: ACK_MS });
  }

  /**
   * Creates the stream if it is missing. Rejects with STORE_FAILED if no server answers, has no
   * JetStream, takes only small messages, or has the stream in another shape.
   */
  static async open(options: NatsStreamOptions): Promise<NatsStream> {
    const { prefix, replicas, bytesMax } = options;
    const link = await openLink(options);
    try {
      if (link.maxPayload() < PART_BYTES + PART_MORE_BYTES)
        throw new Fault("STORE_FAILED", `the servers take at most ${link.maxPayload()} bytes`);
      const name = `${prefix.replaceAll(".", "_")}_records`;
      const shape: StreamShape = { name, subjects: `${prefix}.rec.>`, replicas, bytesMax };
      const manager = await ensureStream(link.nats, shape, GET_MS);
      return new NatsStream(link, prefix, manager, name);
    } catch (error) {
      await link.close();
      throw faultOf(error);
    }
  }

  async publish(records: readonly JournalRecord[]): Promise<void> {
    this.#assertUp();
    const parts = this.#parts(records);
    const worker = async (): Promise<void> => {
      for (const part of parts) await this.#publishPart(part);
    };
    // All take from one list, which ends for all of them when one fails.
    const workers = Array.from({ length: IN_FLIGHT_MAX }, worker);
    try {
      await Promise.all(workers);
    } catch (error) {
      await Promise.allSettled(workers);
      throw faultOf(error);
    }
  }

  async get(bucket: number, hash: Uint8Array): Promise<JournalRecord | undefined> {
    this.#assertUp();
    try {
      const first = await this.#part(bucket, hash, 0);
      if (first === undefined) return undefined;
      const count = wholeOf(first.header, PARTS);
      const others = Array.from({ length: count - 1 }, (_, at) => this.#part(bucket, hash, at + 1));
      const parts = [first, ...(await Promise.all(others))];
      const bytes: Uint8Array[] = [];
      for (const part of parts) {
        if (part === undefined) return undefined;
        bytes.push(part.data);
      }
      return recordOf(bucket, hash, first.header, bytes);
    } catch (error) {
      throw faultOf(error);
    }
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #subject(bucket: number, hash: Uint8Array, part: number): string {
    return `${this.#prefix}.rec.${bucket}.${hex(hash)}.${part}`;
  }

  *#parts(records: readonly JournalRecord[]): Generator<Part, void> {
    for (const record of records) {
      const count = Math.max(1, Math.ceil(record.bytes.byteLength / PART_BYTES));
      for (let at = 0; at < count; at += 1) {
        yield {
          subject: this.#subject(record.bucket, record.hash, at),
          bytes: record.bytes.subarray(at * PART_BYTES, (at + 1) * PART_BYTES),
          headers: () => headersOf(record, count),
          id: `${record.bucket}.${hex(record.hash)}.${at}`,
        };
      }
    }
  }

  async #publishPart(part: Part): Promise<void> {
    const options = { msgID: part.id, headers: part.headers(), timeout: ACK_MS };
    await this.#client.publish(part.subject, part.bytes, options);
  }

  /** From any server that has it; where that one may be behind, from the leader of the stream. */
  async #part(bucket: number, hash: Uint8Array, at: number): Promise<Stored | undefined> {
    const subject = this.#subject(bucket, hash, at);
    const direct = await this.#direct(subject);
    if (direct !== undefined) return direct;
    try {
      return await this.#manager.streams.getMessage(this.#name, { last_by_subj: subject });
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** https://docs.nats.io/reference/reference-protocols/nats_api_reference: the driver hides this one. */
  async #direct(subject: string): Promise<Stored | undefined> {
    const question = `$JS.API.DIRECT.GET.${this.#name}.${subject}`;
    const answer = await this.#link.nats.request(question, Empty, { timeout: GET_MS });
    const header = answer.headers ?? headers();
    if (header.code === NOT_FOUND) return undefined;
    if (header.code !== 0) throw new Error(`${header.code} ${header.description}`);
    return { header, data: answer.data };
  }

  #assertUp(): void {
    if (!this.#link.isUp()) throw new Fault("STORE_FAILED", "no NATS server is connected");
  }
}

const headersOf = ({ index, parent }: JournalRecord, parts: number): MsgHdrs => {
  const own = headers();
  own.set(INDEX, String(index));
  own.set(PARENT, hex(parent));
  own.set(PARTS, String(parts));
  return own;
};

const wholeOf = (header: MsgHdrs, name: string): number => {
  const value = Number(header.get(name));
  if (Number.isSafeInteger(value) && value >= 0 && header.has(name)) return value;
  throw new Fault("STORE_CORRUPT", `a record of the stream has no whole ${name}`);
};

const recordOf = (
  bucket: number,
  hash: Uint8Array,
  header: MsgHdrs,
  parts: readonly Uint8Array[],
): JournalRecord => {
  const index = wholeOf(header, INDEX);
  const parent = new Uint8Array(Buffer.from(header.get(PARENT), "hex"));
  const bytes = new Uint8Array(Buffer.concat(parts));
  const digest = createHash("sha256").update(bytes).digest();
  if (sameBytes(digest, hash) && parent.byteLength === hash.byteLength)
    return { bucket, index, hash: hash.slice(), parent, bytes };
  throw new Fault("STORE_CORRUPT", `record ${index} of bucket ${bucket} is damaged on the stream`);
};
