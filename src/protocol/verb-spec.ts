/** What is said about a verb in one place; verbs.ts is the table of them. */

import { accountThread, type Envelope } from "#envelope/envelope.ts";
import type { Bodies, Verb } from "./bodies.ts";
import { PRECEDENCE, type RefusalCode } from "./refusals.ts";
import { Mismatch, type Schema } from "./schema.ts";

/**
 * Who may send it. agent: the account's own key. operator: the key of the genesis.
 * requester, worker, verifier: that party of the need.
 * party: any of them. anyone: every registered agent. leader: the key of the bucket's EPOCH.
 */
export type Sender =
  | "agent"
  | "operator"
  | "requester"
  | "worker"
  | "verifier"
  | "party"
  | "anyone"
  | "leader";

/**
 * The thread it stands in. own: none is named, the envelope's id is the thread. need: the need's id.
 * account: `acct:<did>` of the sender. bucket: `bucket:<n>`.
 */
export type ThreadKind = "own" | "need" | "account" | "bucket";

/** A body that is not what its verb describes: `path: why`. */
export interface NotABody {
  readonly malformed: string;
}

export interface VerbSpec<V extends Verb> {
  readonly verb: V;
  /** What it means, in one sentence. */
  readonly sentence: string;
  readonly sender: Sender;
  readonly thread: ThreadKind;
  /** Every refusal it can get, in order of precedence; none for leader's entries. */
  readonly refusals: readonly RefusalCode[];
  readonly schema: Schema<Bodies[V]>;
  /** A body that parses, for pages and vectors. */
  readonly example: Bodies[V];
  /** Amounts come out as bigint. */
  readonly parse: (body: unknown) => Bodies[V] | NotABody;
}

/** What any envelope of an agent can be refused for. */
export const ALWAYS = [
  "MALFORMED",
  "TOO_LARGE",
  "WRONG_SWARM",
  "SIGNATURE_INVALID",
  "LAMPORT_JUMP",
  "EXPIRED",
  "MAILBOX_FULL",
  "BUCKET_HALTED",
  "DEAD_LETTERED",
] as const satisfies readonly RefusalCode[];

/**
 * What the thread adds: replay needs a thread in which somebody may have spoken, registration one in
 * which nobody registers.
 */
export const OF_THREAD: Readonly<Record<ThreadKind, readonly RefusalCode[]>> = {
  own: ["NO_REGISTRY"],
  account: ["NONCE_OLD", "EQUIVOCATION"],
  need: ["NO_REGISTRY", "NOT_REGISTERED", "NONCE_OLD", "EQUIVOCATION"],
  bucket: [],
};

export interface VerbParts<V extends Verb> {
  readonly verb: V;
  readonly sentence: string;
  readonly sender: Sender;
  readonly thread: ThreadKind;
  /** Beside those that any envelope in such a thread can get. */
  readonly refusals?: readonly RefusalCode[];
  readonly schema: Schema<Bodies[V]>;
  readonly example: Bodies[V];
}

export const defineVerb = <V extends Verb>(parts: VerbParts<V>): VerbSpec<V> => {
  const { verb, sentence, sender, thread, schema, example, refusals = [] } = parts;
  const codes: ReadonlySet<RefusalCode> = new Set(
    sender === "leader" ? [] : [...ALWAYS, ...OF_THREAD[thread], ...refusals],
  );
  return {
    verb,
    sentence,
    sender,
    thread,
    schema,
    example,
    refusals: PRECEDENCE.filter((code) => codes.has(code)),
    parse: (body) => {
      const value = schema.read(body);
      return value instanceof Mismatch
        ? { malformed: `${value.path === "" ? "body" : value.path}: ${value.why}` }
        : value;
    },
  };
};

/** Did `parse` refuse? No body has a field of that name. */
export const isNotABody = (parsed: object): parsed is NotABody => "malformed" in parsed;

/** Does a parsed envelope stand in the thread that its verb demands? If not it is MALFORMED. */
export const isInPlace = (kind: ThreadKind, envelope: Envelope<object>): boolean => {
  const { thread, from, body } = envelope;
  switch (kind) {
    case "own":
      return thread === undefined;
    case "account":
      return thread === accountThread(from);
    case "need":
      return thread !== undefined && "need" in body && body.need === thread;
    case "bucket":
      return thread !== undefined && thread.startsWith("bucket:");
  }
};
