/**
 * What goes over the bus between agents' machines and supervisors: canonical bytes of one map. Agents are
 * strangers, so a supervisor reads what may come from them by its shape and drops everything else.
 */

import { decode, decodeShared, encode } from "#envelope/canonical.ts";
import type { Cid, EnvelopeId } from "#envelope/ids.ts";
import type { Proof } from "#envelope/signed.ts";

/** Envelopes of one message, and agents of one: more are sent as several. */
export const ENVELOPES_TOGETHER_MAX = 256;
export const ATTACHED_TOGETHER_MAX = 64;

/** To the leader of a bucket, from whoever. */
export interface Envelopes {
  readonly type: "envelopes";
  readonly wires: readonly Uint8Array[];
}

/** To every supervisor: these agents are there: tell them again what they are asked. */
export interface Attach {
  readonly type: "attach";
  readonly agents: readonly string[];
}

/** `proof` shows that the key of the bucket's epoch has signed `bytes` (protocol section 2). */
export interface ProvenReceipt {
  readonly bytes: Uint8Array;
  readonly proof: Proof;
}

/**
 * A transport error about bytes that name the agent as their sender: not signed, and nobody has shown that
 * they are its own. Whoever has another's envelope can spoil its signature, so what counts is the CID of the
 * wire, signature and all.
 */
export interface RejectedWire {
  readonly wire: Cid;
  readonly envelope: EnvelopeId;
  readonly code: string;
  readonly detail: string;
}

/** To the machine of an agent, in the order in which it was said: canonical bytes of each. */
export type ToAgent =
  | { readonly type: "receipts"; readonly items: readonly ProvenReceipt[] }
  | { readonly type: "notices"; readonly items: readonly Uint8Array[] }
  /** Of each the bytes of a RejectedWire. */
  | { readonly type: "rejected"; readonly items: readonly Uint8Array[] };

export const encodeToSwarm = (message: Envelopes | Attach): Uint8Array => encode(message);

export const encodeToAgent = (message: ToAgent): Uint8Array => encode(message);

/** From supervisors; throws Malformed on what is no canonical value. */
export const decodeToAgent = (bytes: Uint8Array): ToAgent => decode(bytes) as ToAgent;

const isBytes = (one: unknown): boolean => one instanceof Uint8Array;
const isText = (one: unknown): boolean => typeof one === "string";

const isListOf = (value: unknown, countMax: number, isOne: (one: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length <= countMax && value.every(isOne);

/** Its wires are views of `bytes`. Undefined: it is none. Throws Malformed as `decode` does. */
export const readEnvelopes = (bytes: Uint8Array): Envelopes | undefined => {
  const read = decodeShared(bytes) as Partial<Envelopes> | null;
  if (read?.type !== "envelopes") return undefined;
  const { wires } = read;
  return isListOf(wires, ENVELOPES_TOGETHER_MAX, isBytes) ? (read as Envelopes) : undefined;
};

/** Undefined: it is none. Throws Malformed as `decode` does. */
export const readAttach = (bytes: Uint8Array): Attach | undefined => {
  const read = decode(bytes) as Partial<Attach> | null;
  if (read?.type !== "attach") return undefined;
  return isListOf(read.agents, ATTACHED_TOGETHER_MAX, isText) ? (read as Attach) : undefined;
};
