/**
 * The readable side of a record: plain JSON that follows from its bytes and from nothing else, so that a
 * reader without a CBOR library can follow the money, and a verifier can demand exactly this text.
 *
 * W1  An amount is a decimal text of micro-credits, whatever its size; so is any integer above 2^53 − 1.
 * W2  Bytes are {"/":{"bytes":"…"}}, padded base64url.
 * W3  Envelopes name their id and what their sender signed; signature and path stay in the bytes.
 */

import { hex } from "#envelope/cid.ts";
import { decodeEnvelope, threadOf, type Envelope } from "#envelope/envelope.ts";
import { isVerb, VERBS } from "#protocol/verbs.ts";
import { widenAmounts } from "#actors/amounts.ts";
import type { Entry, LogRecord } from "#runtime/log/record.ts";
import { base64url, type Json } from "./canonical-json.ts";

/** An envelope entry, decoded once for all who look at it. */
export interface Spoken {
  readonly position: number;
  readonly id: string;
  readonly thread: string;
  readonly envelope: Envelope;
}

export interface Viewed {
  readonly view: Json;
  readonly spoken: readonly Spoken[];
}

/** Throws Malformed where an envelope's bytes are none. */
export const viewRecord = (record: LogRecord): Viewed => {
  const spoken: Spoken[] = [];
  const entries = record.entries.map((entry, n) => viewEntry(entry, record.first + n, spoken));
  const { first, parent, generation, revision, atMs } = record;
  return {
    view: { atMs, entries, epoch: [generation, revision], first, parent: hex(parent) },
    spoken,
  };
};

const viewEntry = (entry: Entry, position: number, spoken: Spoken[]): Json => {
  switch (entry.kind) {
    case "envelope": {
      const { bytes, id } = entry.signed;
      const envelope = decodeEnvelope(bytes);
      const thread = threadOf(envelope, id);
      spoken.push({ position, id, thread, envelope });
      const { v: _v, body, refs, ...told } = envelope;
      return {
        ...told,
        kind: "envelope",
        position,
        id,
        thread,
        refs: [...refs],
        body: viewBody(envelope.verb, body),
      };
    }
    case "message": {
      const { kind, role, from, number, floor } = entry;
      return {
        kind,
        position,
        role,
        from,
        number,
        floor,
        payload: plain(widenAmounts(entry.payload)),
      };
    }
    case "given":
      return { kind: "given", position, verb: entry.verb, body: viewBody(entry.verb, entry.body) };
    case "derived": {
      const { kind, verb, thread } = entry;
      return { kind, position, verb, thread, body: viewBody(verb, entry.body) };
    }
    default:
      return entry satisfies never;
  }
};

/** By the verb's schema, which knows the amounts; a body that is none is shown as it is. */
const viewBody = (verb: string, body: unknown): Json => {
  if (!isVerb(verb)) return plain(body);
  const parsed: { readonly malformed: string } | object = VERBS[verb].parse(body);
  return plain("malformed" in parsed ? body : parsed);
};

const plain = (value: unknown): Json => {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return value;
  if (value === null || value === undefined || typeof value !== "object") return null;
  if (value instanceof Uint8Array) return { "/": { bytes: base64url(value) } };
  if (Array.isArray(value)) return value.map(plain);
  const fields: [string, Json][] = [];
  for (const [key, field] of Object.entries(value))
    if (field !== undefined) fields.push([key, plain(field)]);
  return Object.fromEntries(fields);
};
