/**
 * What the bus brings to the hosts, on its way from the thread that holds the connection: what one
 * arrival brought for one host goes in frames. Envelopes and names of agents have been read by then
 * (bus-bridge.ts B5); what leaders of other buckets say is read where it is needed.
 */

import { decode, Malformed } from "#envelope/canonical.ts";
import type { Attach } from "#ports/bus-messages.ts";
import type { BucketMessage } from "../host/environment.ts";
import { ATTACHED, ENVELOPE, messagesIn, PEER_MESSAGES } from "../threads/frames.ts";
import { readPeerMessages } from "./messages.ts";

export interface Heard {
  /** Wires of envelopes. */
  readonly wires: readonly Uint8Array[];
  readonly items: readonly BucketMessage[];
  readonly agents: readonly string[];
}

export const heardIn = (frame: ArrayBuffer): Heard => {
  const wires: Uint8Array[] = [];
  const items: BucketMessage[] = [];
  const agents: string[] = [];
  for (const { kind, bytes } of messagesIn(frame)) {
    if (kind === ENVELOPE) wires.push(bytes.slice());
    else if (kind === PEER_MESSAGES) items.push(...peersSay(bytes)); // TOGETHER_MAX at most
    else if (kind === ATTACHED) agents.push(...(decode(bytes) as Attach).agents);
  }
  return { wires, items, agents };
};

/** Nothing of what cannot be read: an ask is repeated by whoever asks. */
const peersSay = (bytes: Uint8Array): readonly BucketMessage[] => {
  try {
    return readPeerMessages(bytes) ?? [];
  } catch (error) {
    if (error instanceof Malformed) return [];
    throw error;
  }
};
