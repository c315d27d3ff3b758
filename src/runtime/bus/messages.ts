/**
 * What goes over the bus between supervisors: canonical bytes. What agents' machines say and hear is in
 * ports/bus-messages.ts.
 */

import { decode, encode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import type { Attach, Envelopes } from "#ports/bus-messages.ts";
import type { BucketMessage } from "../host/environment.ts";
import type { Published } from "../threads/protocol.ts";

/** To the leader of a bucket, from leaders of other buckets: nothing but the subject vouches for it. */
export interface PeerMessages {
  readonly type: "messages";
  /** Canonical bytes of each (`readPeerMessages`). */
  readonly items: readonly Uint8Array[];
}

/** To every supervisor, from one that has just joined: whoever has published something tells it again. */
export interface AskPublished {
  readonly type: "ask-document";
}

/** Messages that are said together (outward.ts). */
export const TOGETHER_MAX = 256;

type Message = PeerMessages | Published | AskPublished | Envelopes | Attach;

export const encodeMessage = (message: Message): Uint8Array => encode(message);

/** From supervisors only. Undefined: of another kind; throws Malformed on what is no message. */
export const decodeMessage = <T extends PeerMessages | Published | AskPublished>(
  bytes: Uint8Array,
  type: T["type"],
): T | undefined => {
  const message = decode(bytes) as Partial<T> | null;
  return message?.type === type ? (message as T) : undefined;
};

/**
 * What a supervisor has published. Undefined: of another kind or shape, or under a hash that is not that of
 * its bytes; throws Malformed on what is no message.
 */
export const readPublished = (bytes: Uint8Array): Published | undefined => {
  const message = decodeMessage<Published>(bytes, "document");
  if (message === undefined) return undefined;
  const { publication, ageMs = 0 } = message;
  const { revision, hash, document } = (publication ?? {}) as Partial<Published["publication"]>;
  const isCounted = [revision, ageMs].every((one) => Number.isSafeInteger(one) && Number(one) >= 0);
  if (!isCounted || !(document instanceof Uint8Array)) return undefined;
  return hash === cidOf(document) ? message : undefined;
};

/**
 * What leaders of other buckets say. Undefined: of another kind, or of a shape that none of them gives it;
 * throws Malformed on what is no message.
 */
export const readPeerMessages = (bytes: Uint8Array): readonly BucketMessage[] | undefined => {
  const items: unknown = decodeMessage<PeerMessages>(bytes, "messages")?.items;
  if (!Array.isArray(items) || items.length > TOGETHER_MAX) return undefined;
  const read = items.map((item) => (item instanceof Uint8Array ? decode(item) : undefined));
  return read.every(isBucketMessage) ? read : undefined;
};

const isBucketMessage = (one: unknown): one is BucketMessage => {
  const { to, from, number, floor, role } = (one ?? {}) as Partial<BucketMessage>;
  const isNumbered = [to, from, number, floor].every((value) => Number.isSafeInteger(value));
  return isNumbered && (role === "ask" || role === "answer");
};
