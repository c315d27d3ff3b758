/**
 * One record of the log, applied again: the same steps, with nobody to ask and nothing to append. Each
 * derived entry must equal, byte for byte, the one the log has next (P2).
 */

import { sameBytes } from "#ports/commit-rules.ts";
import { encodeEntry, type Entry, type LogRecord } from "../log/record.ts";
import type { Admitted, Application } from "./application.ts";
import { advance } from "./build.ts";
import type { TurnInput } from "./input.ts";
import type { Outputs } from "./outputs.ts";
import type { BucketState } from "./state.ts";
import { BucketTurn } from "./turn.ts";

export class ReplayDiverged extends Error {
  readonly code = "REPLAY_DIVERGED";
  readonly bucket: number;
  readonly position: number;
  constructor(bucket: number, position: number, why: string) {
    super(`bucket ${bucket}, position ${position}: ${why}`);
    this.bucket = bucket;
    this.position = position;
  }
}

export interface ReplayOptions {
  readonly document: (hash: string) => unknown;
  /** Decodes an envelope entry as admission did; its signature is not checked again. */
  readonly admitted: (entry: Extract<Entry, { kind: "envelope" }>) => Admitted;
}

/** Apply a record of the log. Throws ReplayDiverged where the log is not what these inputs lead to. */
export const replayRecord = (
  app: Application,
  state: BucketState,
  record: LogRecord,
  hash: Uint8Array,
  options: ReplayOptions,
): Outputs => {
  const diverged = (position: number, why: string): ReplayDiverged =>
    new ReplayDiverged(state.bucket, position, why);
  if (
    record.bucket !== state.bucket ||
    record.index !== state.records ||
    record.first !== state.size
  )
    throw diverged(record.first, "the record does not continue the log");
  if (!sameBytes(record.parent, state.hash))
    throw diverged(record.first, "the record names another parent");
  if (record.atMs < state.atMs) throw diverged(record.first, "log time runs backwards");
  if (record.entries.length === 0) throw diverged(record.first, "the record is empty");
  if (
    record.generation < state.generation ||
    (record.generation === state.generation && record.revision < state.revision)
  )
    throw diverged(record.first, "the record's epoch is older than the log's");
  let cursor = 0;
  state.atMs = record.atMs;
  let taking = false;
  const turn = new BucketTurn(app, state, {
    append: (entry) => {
      if (taking) {
        taking = false;
        return;
      }
      const logged = record.entries[cursor];
      const position = record.first + cursor;
      cursor += 1;
      if (logged === undefined)
        throw diverged(position, `${nameOf(entry)} follows, but the record ends`);
      if (logged.kind !== "derived" || !sameBytes(encodeEntry(logged), encodeEntry(entry)))
        throw diverged(
          position,
          `${nameOf(entry)} follows from the log, which has ${nameOf(logged)}`,
        );
    },
    chance: (_label, logged) => {
      for (const entry of record.entries.slice(cursor)) {
        if (entry.kind !== "derived") continue;
        const value = logged(entry.verb, entry.body);
        if (value !== undefined) return value;
      }
      throw diverged(record.first + cursor, "the log lacks the entry that holds a drawn secret");
    },
  });
  turn.fireTimers();
  while (cursor < record.entries.length) {
    const entry = record.entries[cursor] as Entry;
    const position = record.first + cursor;
    cursor += 1;
    taking = true;
    turn.take(inputOf(entry, position, options, diverged, state, app));
  }
  advance(state, record, hash);
  return turn.outputs;
};

const inputOf = (
  entry: Entry,
  position: number,
  options: ReplayOptions,
  diverged: (position: number, why: string) => ReplayDiverged,
  state: BucketState,
  app: Application,
): TurnInput => {
  switch (entry.kind) {
    case "envelope":
      return { kind: "envelope", admitted: options.admitted(entry) };
    case "message": {
      const { from, number, floor, payload } = entry;
      if (entry.role === "ask") return { kind: "ask", from, number, floor, payload };
      return { kind: "answer", from, number, payload };
    }
    case "given": {
      const pin = app.pins(entry.verb, entry.body);
      if (pin !== undefined) state.pinnedDocument = options.document(pin.hash);
      return { kind: "given", verb: entry.verb, body: entry.body };
    }
    case "derived":
      throw diverged(position, `the log has ${nameOf(entry)}, which does not follow from it`);
    default:
      return entry satisfies never;
  }
};

const nameOf = (entry: Entry): string =>
  entry.kind === "given" || entry.kind === "derived" ? entry.verb : `an ${entry.kind}`;

/** Hashes of the documents that a record pins: they must be at hand before it is applied. */
export const pinsOf = (app: Application, record: LogRecord): string[] => {
  const hashes: string[] = [];
  for (const entry of record.entries) {
    if (entry.kind !== "given") continue;
    const pin = app.pins(entry.verb, entry.body);
    if (pin !== undefined) hashes.push(pin.hash);
  }
  return hashes;
};
