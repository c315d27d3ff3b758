/**
 * Questions of an agent that reaches the swarm over the bus alone: how it is known, and blocks. Each is
 * signed by the agent, so nobody is asked, or answered, in another's name. docs/agents/nats.md.
 */

import { decode, encode } from "#envelope/canonical.ts";
import { bucketOf, SYSTEM_BUCKET } from "#envelope/cid.ts";
import { publicKeyOf } from "#envelope/did.ts";
import type { Signer, Verifier } from "#envelope/keys.ts";
import type { Cid, Did } from "./words.ts";

/** A question is good for so long before and after its time, ms: clocks differ. */
export const ASKED_MS_MAX = 60_000;
/** Bytes of a part of a block. */
export const BLOCK_PART_BYTES = 512 * 1024;
/** Parts of the largest block. */
export const BLOCK_PARTS_MAX = 16;
/** Characters of what a question is called by whoever asks. */
const ID_UNITS_MAX = 64;

export type Ask =
  /** Answered like GET /v1/agents/{did}, of whoever asks. */
  | { readonly what: "account" }
  | { readonly what: "block"; readonly cid: Cid; readonly part: number }
  | {
      readonly what: "keep";
      readonly cid: Cid;
      readonly part: number;
      readonly parts: number;
      readonly bytes: Uint8Array;
    };

export interface Asked {
  readonly from: Did;
  readonly id: string;
  readonly timeMs: number;
  readonly ask: Ask;
}

/** What `block` is answered with; without bytes there is no such block. */
export interface BlockPart {
  readonly parts: number;
  readonly bytes?: Uint8Array;
}

/** What `keep` is answered with: whether the block is whole, and durable. */
export interface KeptPart {
  readonly kept: boolean;
}

export type DoorAnswer =
  | { readonly id: string; readonly ok: unknown }
  | { readonly id: string; readonly code: string; readonly detail: string };

/** What is signed: "canswarm/v1/ask", a zero byte, the canonical bytes of the question. */
const askMessage = (bytes: Uint8Array): Uint8Array => {
  const words = new TextEncoder().encode("canswarm/v1/ask\0");
  const message = new Uint8Array(words.length + bytes.length);
  message.set(words);
  message.set(bytes, words.length);
  return message;
};

/** On the wire: the canonical list of the question's bytes and the signature. */
export const encodeAsked = (asked: Asked, signer: Signer): Uint8Array => {
  const bytes = encode(asked);
  return encode([bytes, signer.sign(askMessage(bytes))]);
};

const isText = (value: unknown): value is string => typeof value === "string";
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

const isAsk = (value: unknown): value is Ask => {
  const ask = value as Partial<Record<string, unknown>> | null;
  switch (ask?.["what"]) {
    case "account":
      return true;
    case "block":
      return isText(ask["cid"]) && isCount(ask["part"]);
    case "keep": {
      const { cid, part, parts, bytes } = ask;
      if (!isText(cid) || !isCount(part) || !isCount(parts)) return false;
      const isFit = part < parts && parts <= BLOCK_PARTS_MAX;
      return isFit && bytes instanceof Uint8Array && bytes.length <= BLOCK_PART_BYTES;
    }
    default:
      return false;
  }
};

const isAsked = (value: unknown): value is Asked => {
  const asked = value as Partial<Asked> | null;
  const { id, from, timeMs } = asked ?? {};
  return (
    isText(id) && id.length <= ID_UNITS_MAX && isText(from) && isCount(timeMs) && isAsk(asked?.ask)
  );
};

/** Undefined where it is no question, or not signed by whom it names. Throws Malformed as `decode` does. */
export const readAsked = (wire: Uint8Array, verifier: Verifier): Asked | undefined => {
  const pair = decode(wire);
  if (!Array.isArray(pair) || pair.length !== 2) return undefined;
  const [bytes, signature] = pair as readonly unknown[];
  if (!(bytes instanceof Uint8Array) || !(signature instanceof Uint8Array)) return undefined;
  const asked = decode(bytes);
  if (!isAsked(asked)) return undefined;
  const key = publicKeyOf(asked.from);
  if (key === undefined || !verifier.verify(key, askMessage(bytes), signature)) return undefined;
  return asked;
};

export const encodeDoorAnswer = (answer: DoorAnswer): Uint8Array => encode(answer);
export const decodeDoorAnswer = (bytes: Uint8Array): DoorAnswer => decode(bytes) as DoorAnswer;

/** Where a question is asked: at the leader of the block's bucket, or of the ledger's. */
export const doorOf = (ask: Ask): number =>
  ask.what === "account" ? SYSTEM_BUCKET : bucketOf(ask.cid);
