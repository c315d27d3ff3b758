/** What hosts and agents' connections say to each other: plain, cloneable data; and who starts a host. */

import type { MessagePort } from "node:worker_threads";
import type { Epoch } from "#ports/store.ts";
import type { Publication } from "../bucket/outputs.ts";
import type { BucketMessage, HostEvent, HostStats } from "../host/environment.ts";
import type { ReceiptBatch } from "./receipt-batch.ts";

/** From a connection (agents, gateway) to a host. */
export type ToHost =
  | { readonly type: "attach"; readonly agents: readonly string[] }
  | { readonly type: "detach"; readonly agents: readonly string[] }
  /** Wires of envelopes, packed (frames.ts); the buffer is transferred. */
  | { readonly type: "envelopes"; readonly frame: ArrayBuffer };

/** From a host to a connection. */
export type FromHost =
  | { readonly type: "receipts"; readonly batch: ReceiptBatch }
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

/** To all hosts, from one whose bucket published it. */
export interface Published {
  readonly type: "document";
  readonly publication: Publication;
  /** Since it was first told, ms; absent: that is now. */
  readonly ageMs?: number;
}

/** Between hosts. */
export type Between =
  | { readonly type: "messages"; readonly items: readonly BucketMessage[] }
  | Published;

/**
 * From a host to the bus: for buckets, agents and supervisors that are elsewhere (bus/outward.ts). What is
 * packed is transferred: bytes cloned one by one would each take with them the pool that they are part of.
 */
export type ToBus = { readonly type: "out"; readonly frame: ArrayBuffer } | Published;

/** From the bus to a host: of what one arrival at the connection brought, packed (frames.ts). */
export type FromBus = { readonly type: "heard"; readonly frame: ArrayBuffer } | Published;

/** One end of a channel: in order, nothing lost while both ends live. A MessagePort is one. */
export interface Port {
  /** `moved` belongs to the other end from then on. */
  postMessage(message: unknown, moved?: readonly ArrayBuffer[]): void;
  on(event: "message", listener: (message: unknown) => void): unknown;
  close(): void;
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

export type HostCounts = HostStats & {
  readonly waiting: number;
  /** Records of all buckets that are built and not known to be committed. */
  readonly unconfirmed: number;
};

/**
 * Who leads a bucket that is let go: one to whom it is handed over, or whoever takes what was lost: then
 * each moment counts.
 */
export type NextLeader = "handed-over" | "lost";

/** The control plane of a host. */
export interface HostControl<P = MessagePort> {
  open(epoch: EpochFacts, placement: readonly number[]): Promise<void>;
  connectHost(index: number, port: P): void;
  connectAgents(connection: number, port: P): void;
  /** What is for elsewhere goes there from now on. */
  connectBus(port: P): void;
  lead(buckets: readonly number[], epoch: Epoch): Promise<void>;
  /**
   * Others will lead them: what is built is settled, for `waitMs` at most, and where they are handed over a
   * snapshot is saved in that time; then nothing more leaves. What was lost is kept (host/host.ts H7).
   */
  letGo(buckets: readonly number[], waitMs: number, toWhom: NextLeader): Promise<void>;
  /** False: no room; nothing was taken. */
  give(bucket: number, verb: string, body: unknown): boolean;
  query(name: string, argument: unknown): unknown;
  drain(): Promise<void>;
  stats(): HostCounts;
  /** Heads of the buckets led here: records, entries, tree root, hash, T. */
  heads(): readonly BucketHead[];
}

/** The same from outside its thread: answers come later, or never if the thread dies first. */
export type RemoteControl<P> = {
  readonly [K in keyof HostControl<P>]: (
    ...args: Parameters<HostControl<P>[K]>
  ) => Promise<Awaited<ReturnType<HostControl<P>[K]>>>;
};

/** A host that was started, on whatever runs it. */
export interface StartedHost<P> {
  readonly control: RemoteControl<P>;
  /** What it had in hand last; "": nothing. Still known after its death. */
  inHand(): string;
  /** It reports what happens inside it. */
  onEvent(listener: (event: HostEvent) => void): void;
  /** Called once, when it has ended; with what it failed of, where that is known. */
  onExit(listener: (failure: string | undefined) => void): void;
  /** Resolves when it has ended. */
  terminate(): Promise<void>;
}

/** What runs hosts: worker threads, or the simulated world. */
export interface HostRunner<P extends Port> {
  start(options: {
    readonly index: number;
    /** The leaf of the supervision tree. */
    readonly name: string;
    /** Names that were in hand when earlier hosts died, each too often (supervision/poison.ts). */
    readonly dead: readonly string[];
    readonly fault: ThreadFault | undefined;
  }): StartedHost<P>;
  channel(): readonly [P, P];
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
