/** What a host is given, what it tells, and its limits. */

import type { Verifier } from "#envelope/keys.ts";
import type { Clock } from "#ports/clock.ts";
import type { Epoch, Store } from "#ports/store.ts";
import type { Application } from "../bucket/application.ts";
import type { Publication, Receipt } from "../bucket/outputs.ts";
import type { MailboxLimits } from "../mailbox/mailbox.ts";
import type { Wire } from "./verify.ts";

/** Inputs of each mailbox taken in one turn: they fill a commit, and a turn stays under 50 ms. */
export const TURN_INPUTS_MAX = 512;
/**
 * Inputs that a turn may leave behind without it being a crowd. What is open is bounded by this and a turn,
 * and how long a life takes with it: each of its steps waits behind them.
 */
export const CROWD_INPUTS = 128;
/** Envelopes that may wait in a host: about one second of work. Beyond: MAILBOX_FULL. */
export const WAITING_ENVELOPES_MAX = 8_192;
/** Of one connection: half, so that a flood leaves room for the others. */
export const CONNECTION_ENVELOPES_MAX = WAITING_ENVELOPES_MAX / 2;
/** Where agents are that are attached to no connection of this process. */
export const BUS_CONNECTION = 0;
/** Senders of the bus of whom something waits, each in a lane of its own: half the room of a connection. */
export const BUS_LANES_MAX = CONNECTION_ENVELOPES_MAX / 2;
/** Asks of other buckets that may wait in a host; one too many is dropped, and asked again. */
export const WAITING_ASKS_MAX = 32_768;
/** Of one bucket. */
export const BUCKET_ASKS_MAX = 4_096;
/** Asks of this host's buckets that are open, or answered and not taken. */
export const OPEN_ASKS_MAX = 32_768;
/** Inputs that wait for one bucket which is loading or has too much unconfirmed. */
export const BACKLOG_INPUTS_MAX = 4_096;
/** Before a bucket whose store gave no clear answer is loaded again, ms. */
export const RELOAD_MS = 5_000;
/** Before the head of one that is kept is asked for again, ms: it costs no load. */
export const RESUME_MS = 500;
/** Replay of so many records of a bucket takes well under a second. */
export const SNAPSHOT_RECORDS = 512;
/** In a cluster: whoever takes a bucket over has to bring what follows from other machines. */
export const SHARED_SNAPSHOT_RECORDS = 128;
/** Buckets that are loaded side by side: one is replayed while the store reads for the others. */
export const LOADS_AT_A_TIME = 16;
/** At a stop, a bucket with fewer records since its last snapshot gets none: they replay as quickly. */
export const SNAPSHOT_STOP_RECORDS = 32;
/** And so many are written side by side. */
export const SNAPSHOTS_AT_A_TIME = 16;
/**
 * What only grows is stored once, but live needs of the ledger are written with each snapshot: with very
 * many of them it waits for a record for each so many. Counted, not weighed: the size that V8 gives a value
 * depends on what has been compiled, and a simulated run must not.
 */
export const SNAPSHOT_ROWS_PER_RECORD = 16;

export interface HostLimits {
  readonly turnInputsMax: number;
  /** More than so many left behind by a turn are a crowd (inbox.ts). */
  readonly crowdInputs: number;
  /** Envelopes, by connection. */
  readonly outside: MailboxLimits;
  /** Asks, by bucket; answers, in the room their asks reserved. */
  readonly inside: MailboxLimits;
  readonly backlogInputsMax: number;
  /** Records between two snapshots of a bucket, at least. */
  readonly snapshotRecords: number;
}

export const HOST_LIMITS: HostLimits = {
  turnInputsMax: TURN_INPUTS_MAX,
  crowdInputs: CROWD_INPUTS,
  outside: {
    messagesMax: WAITING_ENVELOPES_MAX,
    senderMessagesMax: CONNECTION_ENVELOPES_MAX,
    // Nobody outside is asked anything.
    reservedMax: 1,
  },
  inside: {
    messagesMax: WAITING_ASKS_MAX,
    senderMessagesMax: BUCKET_ASKS_MAX,
    reservedMax: OPEN_ASKS_MAX,
  },
  backlogInputsMax: BACKLOG_INPUTS_MAX,
  snapshotRecords: SNAPSHOT_RECORDS,
};

export interface BucketMessage {
  readonly to: number;
  readonly from: number;
  readonly number: number;
  readonly role: "ask" | "answer";
  readonly floor: number;
  readonly payload: unknown;
}

/** What a receipt stands under. */
export interface Under {
  /** Hash of the last committed record. */
  readonly head: Uint8Array;
  /** Whose key signs it: of the turn that it answers. */
  readonly epoch: Epoch;
}

export interface HostEnvironment {
  readonly app: Application;
  readonly store: Store;
  readonly verifier: Verifier;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  /** Paces what is tried again; decides nothing that is logged. */
  readonly after: Clock["after"];
  /** A keyed hash of the secret of the bucket's epoch. */
  readonly chance: (label: Uint8Array, bucket: number) => Uint8Array;
  /** The body of this epoch's EPOCH entry. */
  readonly epochBody: (epoch: Epoch, previous: Epoch | undefined) => unknown;
  /** Fetch a published document by hash (for replay of older pins). */
  readonly fetchDocument: (hash: string) => Promise<Uint8Array | undefined>;
  /** Outputs that leave. Called only for what is committed. */
  readonly send: (message: BucketMessage) => void;
  readonly receipts: (bucket: number, receipts: readonly Receipt[], under: Under) => void;
  readonly tell: (to: string, notice: object) => void;
  readonly publish: (publication: Publication) => void;
  /** An envelope for a bucket that is not led here; true: it is on its way to whoever leads it. */
  readonly astray?: (wire: Wire, bucket: number) => boolean;
  /** Answers that are not signed: malformed, wrong signature, full. */
  readonly reject: (connection: number, wire: Uint8Array, code: string, detail: string) => void;
  readonly event: (event: HostEvent) => void;
  /** Ask for another turn as soon as possible. */
  readonly wake: () => void;
  /** Told what is in hand before it is processed, where somebody outside can read it; "": nothing. */
  readonly inHand: (name: string) => void;
  /** Names that were in hand when earlier threads died, each too often: set aside (poison.ts). */
  readonly dead: readonly string[];
  readonly limits?: HostLimits;
}

export type HostEvent =
  /** The bucket's state was discarded and is built again from its log. */
  | { readonly type: "rebuilt"; readonly bucket: number; readonly cause: string }
  /** An input was set aside: it made turns fail too often. */
  | {
      readonly type: "dead_letter";
      readonly bucket: number;
      readonly input: string;
      readonly cause: string;
    }
  /** The bucket does nothing any more: a person has to look. */
  | { readonly type: "halted"; readonly bucket: number; readonly reason: string }
  /** The store gives no clear answer; the bucket is loaded again after RELOAD_MS. */
  | { readonly type: "stalled"; readonly bucket: number; readonly reason: string }
  /** The bucket's chain is nowhere to be found: it is let go, for somebody who has it. */
  | { readonly type: "log_missing"; readonly bucket: number; readonly reason: string }
  /** Somebody else leads the bucket: it is let go. */
  | { readonly type: "lost"; readonly bucket: number }
  /** A snapshot could not be stored: nothing is lost but time at the next load. */
  | { readonly type: "snapshot_failed"; readonly bucket: number; readonly cause: string };

export interface HostStats {
  turns: number;
  envelopes: number;
  records: number;
  refused: number;
  rejected: number;
  rebuilt: number;
  /** Messages of other buckets not taken: an ask without room, an answer that nobody waits for. */
  dropped: number;
  verifyMicros: number;
  stepMicros: number;
}

export const NO_STATS: Readonly<HostStats> = {
  turns: 0,
  envelopes: 0,
  records: 0,
  refused: 0,
  rejected: 0,
  rebuilt: 0,
  dropped: 0,
  verifyMicros: 0,
  stepMicros: 0,
};

/** What an event says of it. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
