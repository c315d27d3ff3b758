/**
 * What supervisors ask each other over the bus, and what they are told. Whoever may publish to a supervisor
 * can put any bytes there, so each message is read by its shape; what has another is no message.
 *
 * M1  No bytes make a reader throw, and none have a supervisor publish to anything but an inbox.
 * M2  What an answer gathers is bounded: REPLY_PARTS_MAX parts of at most REPLY_PART_BYTES.
 */

import { deserialize } from "node:v8";
import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import { isSubject } from "#adapters/nats/subject.ts";
import { MESSAGE_BYTES_MAX } from "#ports/bus.ts";
import type { LabelAttestation, LimitBody, SpendLimits } from "#protocol/bodies.ts";
import type { Credits, Did } from "#protocol/words.ts";
import type { ToldError } from "../errors.ts";

/** What the operator says, as it travels to the one who speaks for it. */
export type OperatorWord =
  | {
      readonly do: "grant" | "grant-first";
      readonly to: Did;
      readonly amount: Credits;
      readonly key: string;
    }
  | { readonly do: "pause" | "resume"; readonly who: Did | "all" }
  | { readonly do: "limit"; readonly of: LimitBody["of"]; readonly limits: SpendLimits }
  | {
      readonly do: "attest";
      readonly member: Did;
      readonly label: LabelAttestation["label"];
      readonly value: string;
    };

export type Asked =
  /** Of the leader of the bucket. */
  | {
      readonly what: "query";
      readonly bucket: number;
      readonly name: string;
      readonly about: unknown;
    }
  /** Of each host of a supervisor. */
  | { readonly what: "hosts"; readonly name: string }
  | { readonly what: "settle" }
  | { readonly what: "operator"; readonly word: OperatorWord }
  | { readonly what: "status" };

export type Said =
  | { readonly kind: "ok"; readonly value: unknown }
  /** Not here: somebody else leads it. */
  | { readonly kind: "elsewhere" }
  | { readonly kind: "failed"; readonly told: ToldError };

export interface Question {
  readonly id: string;
  readonly reply: string;
  readonly asked: Asked;
}

export interface Reply {
  readonly id: string;
  readonly said: Said;
}

export interface ReplyPart {
  readonly id: string;
  /** Of how many, and which: from 0. */
  readonly parts: number;
  readonly part: number;
  /** Of what was said. */
  readonly bytes: Uint8Array;
}

/** Bytes of one part: half of what a bus carries. */
export const REPLY_PART_BYTES = MESSAGE_BYTES_MAX / 2;
/** Parts of one answer: 256 MiB. */
export const REPLY_PARTS_MAX = 512;

/** Characters of an id, an inbox or a name of a query: longer ones are nobody's. */
const ID_UNITS_MAX = 256;

const INBOX = "inbox.";

export const supervisorSubject = (member: string): string => `supervisor.${member}`;
export const inboxOf = (name: string): string => `${INBOX}${name}`;

/** Undefined: no question. */
export const readQuestion = (bytes: Uint8Array): Question | undefined => {
  const { id, reply, asked } = fieldsIn(valueOf(bytes));
  return isId(id) && isInbox(reply) && isAsked(asked) ? { id, reply, asked } : undefined;
};

/** Undefined: no answer, and no part of one. */
export const readReply = (bytes: Uint8Array): Reply | ReplyPart | undefined => {
  const { id, said, parts, part, bytes: own } = fieldsIn(valueOf(bytes));
  if (!isId(id)) return undefined;
  if (isSaid(said)) return { id, said };
  const isPlaced =
    isBelow(parts, REPLY_PARTS_MAX + 1) && isBelow(part, parts) && own instanceof Uint8Array;
  return isPlaced && own.length <= REPLY_PART_BYTES ? { id, parts, part, bytes: own } : undefined;
};

/** Of the bytes of all parts. Undefined: no answer. */
export const readSaid = (bytes: Uint8Array): Said | undefined => {
  const said = valueOf(bytes);
  return isSaid(said) ? said : undefined;
};

const valueOf = (bytes: Uint8Array): unknown => {
  try {
    return deserialize(bytes);
  } catch {
    return undefined; // It is no value: as good as one of no shape (M1).
  }
};

type Fields = Readonly<Record<string, unknown>>;

const fieldsIn = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {};

const isText = (value: unknown): value is string => typeof value === "string";
const isId = (value: unknown): value is string =>
  isText(value) && value.length > 0 && value.length <= ID_UNITS_MAX;
const isInbox = (value: unknown): value is string =>
  isId(value) && value.startsWith(INBOX) && isSubject(value.slice(INBOX.length));
const isBelow = (value: unknown, end: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < end;

const isAsked = (value: unknown): value is Asked => {
  const { what, bucket, name, word } = fieldsIn(value);
  switch (what as Asked["what"]) {
    case "query":
      return isBelow(bucket, SYSTEM_BUCKET + 1) && isId(name);
    case "hosts":
      return isId(name);
    case "operator":
      return isWord(word);
    case "settle":
    case "status":
      return true;
    default:
      return false;
  }
};

/** Its kind and the kinds of its fields: what it asks for is the ledger's and the registry's to judge. */
const isWord = (value: unknown): value is OperatorWord => {
  const word = fieldsIn(value);
  switch (word["do"] as OperatorWord["do"]) {
    case "grant":
    case "grant-first":
      return isText(word["to"]) && typeof word["amount"] === "bigint" && isText(word["key"]);
    case "pause":
    case "resume":
      return isText(word["who"]);
    case "limit":
      return [word["of"], word["limits"]].every((one) => typeof one === "object" && one !== null);
    case "attest":
      return [word["member"], word["label"], word["value"]].every(isText);
    default:
      return false;
  }
};

const isSaid = (value: unknown): value is Said => {
  const said = fieldsIn(value);
  switch (said["kind"] as Said["kind"]) {
    case "ok":
    case "elsewhere":
      return true;
    case "failed": {
      const { code, message, remedy, exitCode } = fieldsIn(said["told"]);
      return [code, message, remedy].every(isText) && Number.isSafeInteger(exitCode);
    }
    default:
      return false;
  }
};
