/** What goes over the bus between supervisors, and between them and agents elsewhere: canonical bytes. */

import { decode, encode } from "#envelope/canonical.ts";
import type { Publication } from "../bucket/outputs.ts";
import type { BucketMessage } from "../host/environment.ts";

/** To the leader of a bucket. */
export type ToBucket =
  | { readonly type: "messages"; readonly items: readonly BucketMessage[] }
  | { readonly type: "envelopes"; readonly wires: readonly Uint8Array[] };

/** To every supervisor. */
export type ToAll =
  | { readonly type: "document"; readonly publication: Publication }
  /** These agents are there: tell them again what they are asked. */
  | { readonly type: "attach"; readonly agents: readonly string[] };

/** To the machine of an agent. */
export type ToAgent =
  /** A receipt under the epoch's signature: the signed bytes of one leaf. */
  | { readonly type: "receipt"; readonly bytes: Uint8Array }
  | { readonly type: "notice"; readonly bytes: Uint8Array };

export const encodeMessage = (message: ToBucket | ToAll | ToAgent): Uint8Array => encode(message);

/** Only from supervisors and agents' machines of this swarm; throws Malformed on what is no message. */
export const decodeMessage = <T extends ToBucket | ToAll | ToAgent>(bytes: Uint8Array): T =>
  decode(bytes) as T;
