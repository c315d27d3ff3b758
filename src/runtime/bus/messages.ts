/** What goes over the bus between supervisors, and between them and agents elsewhere: canonical bytes. */

import { decode, encode } from "#envelope/canonical.ts";
import type { Publication } from "../bucket/outputs.ts";
import type { BucketMessage } from "../host/environment.ts";

/** To the leader of a bucket, from whoever. */
export interface Envelopes {
  readonly type: "envelopes";
  readonly wires: readonly Uint8Array[];
}

/** To the leader of a bucket, from leaders of other buckets: nothing but the subject vouches for it. */
export interface PeerMessages {
  readonly type: "messages";
  readonly items: readonly BucketMessage[];
}

export type ToBucket = Envelopes | PeerMessages;

/** To every supervisor, from supervisors. */
export interface Published {
  readonly type: "document";
  readonly publication: Publication;
}

/** To every supervisor: these agents are there: tell them again what they are asked. */
export interface Attach {
  readonly type: "attach";
  readonly agents: readonly string[];
}

export type ToAll = Published | Attach;

/** To the machine of an agent. */
export type ToAgent =
  /** A receipt under the epoch's signature: the signed bytes of one leaf. */
  | { readonly type: "receipt"; readonly bytes: Uint8Array }
  | { readonly type: "notice"; readonly bytes: Uint8Array };

export const encodeMessage = (message: ToBucket | ToAll | ToAgent): Uint8Array => encode(message);

/** Only from supervisors and agents' machines of this swarm; throws Malformed on what is no message. */
export const decodeMessage = <T extends ToBucket | ToAll | ToAgent>(bytes: Uint8Array): T =>
  decode(bytes) as T;
