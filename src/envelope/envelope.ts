/**
 * The envelope: who says what in which thread of which swarm, as canonical bytes.
 *
 * V1  `id` is the CID of exactly the bytes; they are encoded once and carried, never re-encoded.
 * V2  `decodeEnvelope` accepts exactly the fields below, each in its range; the body is a map whose
 *     shape is the verb's affair.
 */

import { decode, encode } from "./canonical.ts";
import { cidOf, isCid } from "./cid.ts";
import { isDid } from "./did.ts";
import type { Cid, Did, EnvelopeId } from "./ids.ts";
import { ENVELOPE_BYTES_MAX, POLICY_UNITS_MAX, REFS_MAX } from "./limits.ts";
import { Malformed } from "./malformed.ts";
import { isSwarmId } from "./swarm.ts";

// An envelope and its signed form are asked for together.
export {
  decodeSigned,
  encodeSigned,
  signEnvelopes,
  signedFrom,
  signedValue,
  verifyAll,
  verifySigned,
  type SignedEnvelope,
} from "./signed.ts";
export { ENVELOPE_BYTES_MAX };

export interface Envelope<B = unknown> {
  readonly v: 1;
  readonly swarm: string;
  /** A need's id, `acct:<did>` or `bucket:<n>`. Absent in NEED alone: its id is the thread. */
  readonly thread?: string;
  readonly verb: string;
  readonly from: Did;
  /** Per (sender, thread), from 1; in a leader's entries the log position, from 0. */
  readonly nonce: number;
  readonly lamport: number;
  /** The sender's clock, for people; in a leader's entries T. Nothing is decided by it. */
  readonly sentAtMs: number;
  readonly expiresAtMs: number;
  /** The policy bundle the sender knows. */
  readonly policy: string;
  readonly body: B;
  readonly refs: readonly Cid[];
}

/** The thread of an envelope; a NEED is its own. */
export const threadOf = (envelope: Envelope, id: EnvelopeId): string => envelope.thread ?? id;

/** Thread of an agent's account verbs, in the system bucket. */
export const accountThread = (did: Did): string => `acct:${did}`;

/** Thread of a leader's entries that belong to no need (EPOCH, TICK, REGISTRY, …). */
export const bucketThread = (bucket: number): string => `bucket:${bucket}`;

export const encodeEnvelope = (envelope: Envelope): { bytes: Uint8Array; id: EnvelopeId } => {
  checkFields(envelope);
  // In canonical order, so that the writer need not sort.
  const bytes = encode({
    v: envelope.v,
    body: envelope.body,
    from: envelope.from,
    refs: envelope.refs,
    verb: envelope.verb,
    nonce: envelope.nonce,
    swarm: envelope.swarm,
    policy: envelope.policy,
    thread: envelope.thread,
    lamport: envelope.lamport,
    sentAtMs: envelope.sentAtMs,
    expiresAtMs: envelope.expiresAtMs,
  });
  checkSize(bytes);
  return { bytes, id: cidOf(bytes) };
};

/** Throws Malformed, with code TOO_LARGE above ENVELOPE_BYTES_MAX. */
export const decodeEnvelope = (bytes: Uint8Array): Envelope => {
  checkSize(bytes);
  const value = decode(bytes);
  if (!isMap(value)) throw new Malformed("an envelope is a map");
  let fields = 0;
  for (const key in value) {
    if (!FIELDS.has(key)) throw new Malformed(`an envelope has no field ${key.slice(0, 32)}`);
    fields++;
  }
  if (fields < FIELDS.size - ("thread" in value ? 0 : 1)) {
    throw new Malformed("an envelope lacks a field");
  }
  const envelope = value as unknown as Envelope;
  checkFields(envelope);
  return envelope;
};

const FIELDS: ReadonlySet<string> = new Set(
  "v body from refs verb nonce swarm policy thread lamport sentAtMs expiresAtMs".split(" "),
);

const checkSize = (bytes: Uint8Array): void => {
  if (bytes.length > ENVELOPE_BYTES_MAX) {
    throw new Malformed(`an envelope has at most ${ENVELOPE_BYTES_MAX} bytes`, "TOO_LARGE");
  }
};

/** The types are what a sender claims, not what is known: each field is looked at. */
const checkFields = (envelope: Envelope): void => {
  const { v, swarm, thread, verb, from, policy, body, refs } = envelope;
  if (v !== 1) throw new Malformed("v: this is version 1");
  if (typeof swarm !== "string" || !isSwarmId(swarm)) throw new Malformed("swarm: no swarm id");
  if (thread !== undefined && !isThread(thread)) throw new Malformed("thread: no thread");
  if (typeof verb !== "string" || !VERB.test(verb)) throw new Malformed("verb: no verb");
  if (typeof from !== "string" || !isDid(from)) throw new Malformed("from: no did:key of Ed25519");
  checkCount("nonce", envelope.nonce);
  checkCount("lamport", envelope.lamport);
  checkCount("sentAtMs", envelope.sentAtMs);
  checkCount("expiresAtMs", envelope.expiresAtMs);
  if (typeof policy !== "string" || policy.length > POLICY_UNITS_MAX) {
    throw new Malformed(`policy: text of at most ${POLICY_UNITS_MAX} units`);
  }
  if (!isMap(body)) throw new Malformed("body: a map");
  if (!Array.isArray(refs) || refs.length > REFS_MAX) {
    throw new Malformed(`refs: at most ${REFS_MAX} CIDs`);
  }
  for (const ref of refs as readonly unknown[]) {
    if (typeof ref !== "string" || !isCid(ref)) throw new Malformed("refs: no CID");
  }
};

const VERB = /^[A-Z][A-Z_]{0,31}$/;
const BUCKET_THREAD = /^bucket:(?:0|[1-9]\d?|1\d\d|2[0-4]\d|25[0-6])$/;

const isThread = (thread: unknown): boolean => {
  if (typeof thread !== "string") return false;
  if (isCid(thread)) return true;
  return thread.startsWith("acct:") ? isDid(thread.slice(5)) : BUCKET_THREAD.test(thread);
};

const checkCount = (name: string, value: unknown): void => {
  if (!(Number.isSafeInteger(value) && (value as number) >= 0)) {
    throw new Malformed(`${name}: an integer 0 … 2^53 − 1`);
  }
};

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array);
