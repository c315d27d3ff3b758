/**
 * A record is what one turn adds to one bucket's log.
 *
 * R1  A record names the SHA-256 of its parent's bytes: the log is what is reached walking back from
 *     the head; any other record is void wherever it lies.
 * R2  Positions number the entries of a log from 0 without gaps; `first` is the record's first.
 * R3  The bytes of a record are canonical DAG-CBOR: one content has one encoding, so one hash.
 * R4  Derived entries can be recomputed from what stands before them; replay demands the same bytes.
 */

import { encode, decode, Malformed } from "#envelope/canonical.ts";
import { sha256 } from "#envelope/cid.ts";
import type { SignedEnvelope } from "#envelope/envelope.ts";
import { cidOf } from "#envelope/cid.ts";

export type Entry =
  | { readonly kind: "envelope"; readonly signed: SignedEnvelope }
  /** From another bucket: an ask (with the asker's floor) or the answer to one of ours. */
  | {
      readonly kind: "message";
      readonly from: number;
      readonly number: number;
      readonly role: "ask" | "answer";
      readonly floor: number;
      readonly payload: unknown;
    }
  /** A leader entry that comes from outside: an epoch, a tick, a registry pin, an operator's ruling. */
  | { readonly kind: "given"; readonly verb: string; readonly body: unknown }
  /** A leader entry that follows from the entries before it. */
  | {
      readonly kind: "derived";
      readonly verb: string;
      readonly thread: string;
      readonly body: unknown;
    };

export interface LogRecord {
  readonly bucket: number;
  /** Index of the record on the chain, from 0. */
  readonly index: number;
  /** Position of the first entry. */
  readonly first: number;
  readonly parent: Uint8Array;
  readonly generation: number;
  readonly revision: number;
  /** Log time T of the batch, milliseconds. */
  readonly atMs: number;
  readonly entries: readonly Entry[];
}

export const GENESIS_PARENT: Uint8Array = new Uint8Array(32);

const VERSION = 1;
const KINDS = ["envelope", "message", "given", "derived"] as const;

export const encodeRecord = (record: LogRecord): Uint8Array =>
  encode([
    VERSION,
    record.bucket,
    record.index,
    record.first,
    record.parent,
    record.generation,
    record.revision,
    record.atMs,
    record.entries.map(packEntry),
  ]);

export const hashRecord = (bytes: Uint8Array): Uint8Array => sha256(bytes);

const packEntry = (entry: Entry): readonly unknown[] => {
  switch (entry.kind) {
    case "envelope": {
      const { bytes, signature, size, index, path } = entry.signed;
      return [0, bytes, signature, size, index, path];
    }
    case "message":
      return [
        1,
        entry.from,
        entry.number,
        entry.role === "ask" ? 0 : 1,
        entry.floor,
        entry.payload,
      ];
    case "given":
      return [2, entry.verb, entry.body];
    case "derived":
      return [3, entry.verb, entry.thread, entry.body];
    default:
      return entry satisfies never;
  }
};

/** The canonical bytes of one entry, as replay compares them. */
export const encodeEntry = (entry: Entry): Uint8Array => encode(packEntry(entry));

/** Throws Malformed on anything that `encodeRecord` could not have produced. */
export const decodeRecord = (bytes: Uint8Array): LogRecord => {
  const plain = decode(bytes);
  if (!Array.isArray(plain) || plain.length !== 9) throw new Malformed("a record has nine fields");
  const [version, bucket, index, first, parent, generation, revision, atMs, entries] = plain;
  if (version !== VERSION) throw new Malformed(`record version ${String(version)} is not known`);
  if (!bytes32(parent)) throw new Malformed("a record's parent is 32 bytes");
  if (!Array.isArray(entries)) throw new Malformed("a record's entries are a list");
  return {
    bucket: natural(bucket, "bucket"),
    index: natural(index, "index"),
    first: natural(first, "first"),
    parent,
    generation: natural(generation, "generation"),
    revision: natural(revision, "revision"),
    atMs: natural(atMs, "atMs"),
    entries: entries.map(unpackEntry),
  };
};

/** Under which it was built. Undefined: the bytes are no record. */
export const generationOf = (bytes: Uint8Array): number | undefined => {
  try {
    return decodeRecord(bytes).generation;
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
};

const unpackEntry = (plain: unknown): Entry => {
  if (!Array.isArray(plain)) throw new Malformed("an entry is a list");
  const kind = KINDS[natural(plain[0], "entry kind")];
  const fields: readonly unknown[] = plain;
  switch (kind) {
    case "envelope": {
      const [, bytes, signature, size, index, path] = fields;
      if (
        fields.length !== 6 ||
        !(bytes instanceof Uint8Array) ||
        !(signature instanceof Uint8Array)
      )
        throw new Malformed("an envelope entry holds bytes and a signature");
      if (!Array.isArray(path) || !path.every(bytes32))
        throw new Malformed("a path is 32-byte hashes");
      return {
        kind,
        signed: {
          id: cidOf(bytes),
          bytes,
          signature,
          size: natural(size, "size"),
          index: natural(index, "index"),
          path,
        },
      };
    }
    case "message": {
      const [, from, number, role, floor, payload] = fields;
      if (fields.length !== 6 || (role !== 0 && role !== 1))
        throw new Malformed("a message has a role");
      return {
        kind,
        from: natural(from, "from"),
        number: natural(number, "number"),
        role: role === 0 ? "ask" : "answer",
        floor: natural(floor, "floor"),
        payload,
      };
    }
    case "given":
      if (fields.length !== 3) throw new Malformed("a given entry has a verb and a body");
      return { kind, verb: text(fields[1], "verb"), body: fields[2] };
    case "derived":
      if (fields.length !== 4) throw new Malformed("a derived entry has verb, thread and body");
      return {
        kind,
        verb: text(fields[1], "verb"),
        thread: text(fields[2], "thread"),
        body: fields[3],
      };
    default:
      throw new Malformed("unknown kind of entry");
  }
};

const bytes32 = (value: unknown): value is Uint8Array =>
  value instanceof Uint8Array && value.length === 32;

const natural = (value: unknown, what: string): number => {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw new Malformed(`${what} is not a natural number`);
  return value;
};

const text = (value: unknown, what: string): string => {
  if (typeof value !== "string") throw new Malformed(`${what} is not text`);
  return value;
};
