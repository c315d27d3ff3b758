/**
 * Logs as a checker reads them: its own reader of records and entries, written from
 * docs/protocol/log.md, sharing nothing with the runtime that wrote them.
 */

import { decode } from "#envelope/canonical.ts";
import { cidOf, hex, sha256 } from "#envelope/cid.ts";
import type { Observation } from "./observation.ts";

export type Plain = Readonly<Record<string, unknown>>;

interface At {
  readonly bucket: number;
  readonly position: number;
  /** Log time T of its record, ms. */
  readonly atMs: number;
  /** Index of its record on the chain. */
  readonly record: number;
}

export type SeenEntry = At &
  (
    | {
        readonly kind: "envelope";
        readonly id: string;
        readonly from: string;
        readonly verb: string;
        readonly thread: string;
        readonly nonce: number;
        readonly body: Plain;
      }
    | {
        readonly kind: "ask" | "answer";
        readonly from: number;
        readonly number: number;
        readonly payload: Plain;
      }
    | { readonly kind: "given" | "derived"; readonly verb: string; readonly body: Plain }
  );

export interface SeenRecord {
  readonly bucket: number;
  readonly index: number;
  readonly first: number;
  readonly size: number;
  readonly hash: string;
  readonly parent: string;
  readonly generation: number;
  readonly revision: number;
  readonly atMs: number;
}

export interface Logs {
  /** Where the reading of a chain ended, because a record could not be read. */
  readonly unreadable: readonly { readonly bucket: number; readonly record: number }[];
  readonly entries: readonly SeenEntry[];
  readonly ofBucket: ReadonlyMap<number, readonly SeenEntry[]>;
  readonly records: ReadonlyMap<number, readonly SeenRecord[]>;
}

const read = new WeakMap<Pick<Observation, "logs">, Logs>();

const number = (value: unknown): number => Number(value);
const plain = (value: unknown): Plain =>
  value !== null && typeof value === "object" ? (value as Plain) : {};

const entryOf = (at: At, packed: unknown): SeenEntry => {
  const [kind, ...rest] = packed as readonly unknown[];
  switch (kind) {
    case 0: {
      const bytes = rest[0] as Uint8Array;
      const envelope = plain(decode(bytes));
      const id = cidOf(bytes);
      return {
        ...at,
        kind: "envelope",
        id,
        from: String(envelope["from"]),
        verb: String(envelope["verb"]),
        thread: String(envelope["thread"] ?? id),
        nonce: number(envelope["nonce"]),
        body: plain(envelope["body"]),
      };
    }
    case 1: {
      const [from, ownNumber, role, _floor, payload] = rest;
      return {
        ...at,
        kind: role === 0 ? "ask" : "answer",
        from: number(from),
        number: number(ownNumber),
        payload: plain(payload),
      };
    }
    case 2:
      return { ...at, kind: "given", verb: String(rest[0]), body: plain(rest[1]) };
    case 3:
      return { ...at, kind: "derived", verb: String(rest[0]), body: plain(rest[2]) };
    default:
      throw new Error(`bucket ${at.bucket}, position ${at.position}: an entry of no known kind`);
  }
};

/** Undefined where these bytes are no record. */
const readOf = (
  bucket: number,
  bytes: Uint8Array,
): { readonly record: SeenRecord; readonly entries: readonly SeenEntry[] } | undefined => {
  try {
    const [, , index, first, parent, generation, revision, atMs, packed] = decode(
      bytes,
    ) as readonly unknown[];
    const list = packed as readonly unknown[];
    const record: SeenRecord = {
      bucket,
      index: number(index),
      first: number(first),
      size: list.length,
      hash: hex(sha256(bytes)),
      parent: hex(parent as Uint8Array),
      generation: number(generation),
      revision: number(revision),
      atMs: number(atMs),
    };
    const entries = list.map((one, i) => {
      const at = { bucket, position: record.first + i, atMs: record.atMs };
      return entryOf({ ...at, record: record.index }, one);
    });
    return { record, entries };
  } catch {
    return undefined;
  }
};

/** Read once for all checkers of an observation. */
export const logsOf = (observation: Pick<Observation, "logs">): Logs => {
  const known = read.get(observation);
  if (known !== undefined) return known;
  const entries: SeenEntry[] = [];
  const ofBucket = new Map<number, readonly SeenEntry[]>();
  const records = new Map<number, readonly SeenRecord[]>();
  const unreadable: { bucket: number; record: number }[] = [];
  for (const [bucket, chain] of observation.logs) {
    const own: SeenEntry[] = [];
    const rows: SeenRecord[] = [];
    for (const bytes of chain) {
      const read = readOf(bucket, bytes);
      if (read === undefined) {
        unreadable.push({ bucket, record: rows.length });
        break;
      }
      rows.push(read.record);
      own.push(...read.entries);
    }
    // One by one: the arguments of a call lie on its stack, and a long log has too many.
    for (const entry of own) entries.push(entry);
    ofBucket.set(bucket, own);
    records.set(bucket, rows);
  }
  const logs: Logs = { entries, ofBucket, records, unreadable };
  read.set(observation, logs);
  return logs;
};

/** Leader entries of this verb, in the order of each log. */
export const leaderEntries = (
  logs: Logs,
  ...verbs: readonly string[]
): readonly Extract<SeenEntry, { kind: "given" | "derived" }>[] =>
  logs.entries.filter(
    (entry): entry is Extract<SeenEntry, { kind: "given" | "derived" }> =>
      (entry.kind === "given" || entry.kind === "derived") && verbs.includes(entry.verb),
  );

export const envelopes = (logs: Logs): readonly Extract<SeenEntry, { kind: "envelope" }>[] =>
  logs.entries.filter(
    (entry): entry is Extract<SeenEntry, { kind: "envelope" }> => entry.kind === "envelope",
  );

/** `need/attempt` of an entry about one. */
export const attemptOf = (body: Plain): string =>
  `${String(body["need"])}/${String(body["attempt"])}`;

export const amount = (value: unknown): bigint =>
  typeof value === "bigint" ? value : BigInt(Number(value ?? 0));

export const ENDS = ["FINALIZE", "REJECT", "RELEASE", "INVALIDATE", "CLOSE"] as const;
