/**
 * The consensus store of a cluster: who leads which bucket, each bucket's head, decide keys. Small rows
 * only; records lie in the journal and the stream (ports/journal.ts).
 *
 * Order: `commit` of one bucket is called in order with at most one in flight.
 * Durability: what is answered survives the loss of any minority of the store's servers.
 * Unknown: a call that fails may have been done. `commit` says so itself (`unknown`); after any other
 * failure the caller reads what it needs to know.
 * Implementations: `adapters/etcd/`, `sim/world/consensus.ts`.
 */

import type { BucketWrite, CommitOutcome, Epoch, Head } from "./store.ts";

/**
 * Decide keys, made and deleted, of one write that every store takes in one step, whatever else is in
 * the call: 64 buckets with so many each fit into one request of etcd (of its 128 operations 64 are
 * theirs, 63 the widest one's and one is the request's). A write ends before it has more
 * (runtime/commit); a single record that has more is taken too, in several steps.
 */
export const WRITE_KEYS_MAX = 60;

/** A commit without its records: the head that makes them count. */
export type HeadWrite = Omit<BucketWrite, "records">;

/** What is given up. It names the epoch: a resignation that comes late ends no later lead (P4). */
export interface Lead {
  readonly bucket: number;
  readonly epoch: Epoch;
}

export interface LeaderRow extends Lead {
  readonly holder: string;
}

/** A supervisor whose session lives. */
export interface Member {
  readonly name: string;
  /** What it is built of, in words: two that build other logs are never alike in it. */
  readonly build: string;
  /** Who joined earlier has the lower one; no two have the same. */
  readonly since: number;
  /** It has said that the bus does not carry for it: it can lead nothing that is of use. */
  readonly isCutOff: boolean;
}

export interface Consensus {
  /**
   * A session for this supervisor, under a name that no living session has. Rejects with DATA_IN_USE, and
   * with CONSENSUS_EMPTIED where the store has nothing of the swarm (any more): whoever led then would
   * write all logs anew beside those that were acknowledged.
   */
  join(name: string, ttlMs: number, build: string): Promise<Session>;
  /** Sorted by name. */
  members(): Promise<readonly Member[]>;
  leaders(): Promise<readonly LeaderRow[]>;
  heads(buckets: readonly number[]): Promise<readonly Head[]>;
  /** By bucket, the name of whom the operator wants to lead it; it may be nobody's who lives. */
  pins(): Promise<ReadonlyMap<number, string>>;
  /** Undefined: whoever should lead it by weight. The last word on a bucket counts. */
  pin(buckets: readonly number[], name: string | undefined): Promise<void>;
  /** Each bucket's result stands alone, as in ports/store.ts. One outcome per write, in that order. */
  commit(writes: readonly HeadWrite[]): Promise<readonly CommitOutcome[]>;
  /** `changed` is called after members, leaders or pins have changed; it may be called too often. */
  watch(changed: () => void): () => void;
  close(): Promise<void>;
}

/** Everything that a supervisor leads hangs on its session: when that ends, all of it is free. */
export interface Session {
  readonly name: string;
  /** The session lives for its TTL from when this was called. Rejects with SESSION_LOST once it is gone. */
  keepAlive(): Promise<void>;
  /** What `members` shows of this session from now on; false at first. */
  say(isCutOff: boolean): Promise<void>;
  /** Those of the buckets that nobody led are ours now, each under an epoch above all its earlier ones. */
  campaign(buckets: readonly number[]): Promise<readonly LeaderRow[]>;
  /** Gives buckets up; those that this session does not lead, or not under that epoch, are left alone. */
  resign(leads: readonly Lead[]): Promise<void>;
  end(): Promise<void>;
}
