/** What host threads, the store's thread and agents' threads say to each other. Plain, cloneable data. */

import type { MessagePort } from "node:worker_threads";
import type { SignedEnvelope } from "#envelope/envelope.ts";
import type { Epoch } from "#ports/store.ts";
import type { Publication } from "../bucket/outputs.ts";
import type { BucketMessage, HostStats } from "../host/environment.ts";

/** From a connection (agents, gateway) to a host. */
export type ToHost =
  | { readonly type: "attach"; readonly agents: readonly string[] }
  | { readonly type: "detach"; readonly agents: readonly string[] }
  | { readonly type: "envelopes"; readonly wires: readonly Uint8Array[] };

/** From a host to a connection. */
export type FromHost =
  /** Receipts, each a leaf of a tree that the epoch's key has signed. */
  | {
      readonly type: "receipts";
      readonly items: readonly { readonly to: string; readonly signed: SignedEnvelope }[];
    }
  | {
      readonly type: "notices";
      readonly items: readonly { readonly to: string; readonly notice: object }[];
    }
  /** Transport errors: not signed, about bytes that named no sender we believe. */
  | {
      readonly type: "rejected";
      readonly envelope: string;
      readonly code: string;
      readonly detail: string;
    };

/** Between hosts. */
export type Between =
  | { readonly type: "messages"; readonly items: readonly BucketMessage[] }
  | { readonly type: "document"; readonly publication: Publication };

/** What a host thread is started with. */
export interface HostThreadData {
  readonly index: number;
  /** URL of a module that exports `createApplication(init)`. */
  readonly application: string;
  readonly init: unknown;
  /** URL of a module that exports `connect(port)`: the store and the blocks behind a port. */
  readonly storage: string;
  /** Names that were in hand when earlier threads died, each too often (supervision/poison.ts). */
  readonly dead: readonly string[];
  /** Where the host writes the name of the input in hand (poison counting across a thread's death). */
  readonly inHand: SharedArrayBuffer;
  readonly fault: ThreadFault | undefined;
}

export interface ThreadFault {
  readonly kind: "throw" | "exit" | "oom";
  /** At the turn of this number, from 1. */
  readonly turn: number;
}

export interface EpochFacts {
  /** From which each epoch's key and draw secret are derived (epoch-keys.ts). */
  readonly master: Uint8Array;
  /** Fields of EPOCH that the host does not know: header, code, machines, policy. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface HostPorts {
  /** To the store; what stands behind it is the storage module's affair. */
  readonly store: MessagePort;
  /** Out: what the host reports, one HostEvent a message. */
  readonly events: MessagePort;
}

/** The control plane of a host thread, over comlink. */
export interface HostControl {
  open(ports: HostPorts, epoch: EpochFacts, placement: readonly number[]): Promise<void>;
  connectHost(index: number, port: MessagePort): void;
  connectAgents(connection: number, port: MessagePort): void;
  lead(buckets: readonly number[], epoch: Epoch): Promise<void>;
  /** False: no room; nothing was taken. */
  give(bucket: number, verb: string, body: unknown): boolean;
  query(name: string, argument: unknown): unknown;
  drain(): Promise<void>;
  stats(): HostStats & { readonly waiting: number };
  /** Heads of the buckets led here: records, entries, tree root, hash, T. */
  heads(): readonly BucketHead[];
}

export interface BucketHead {
  readonly bucket: number;
  readonly records: number;
  readonly size: number;
  readonly hash: Uint8Array;
  readonly root: Uint8Array;
  readonly atMs: number;
  readonly status: string;
}

/** Bytes for the name of the input in hand: a CID is 59 characters. */
export const IN_HAND_BYTES = 128;
