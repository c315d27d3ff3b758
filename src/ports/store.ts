/**
 * Where logs, heads, decide keys and snapshots live. `commit` is the one way anything becomes durable
 * (protocol section 5). Implementations: `adapters/sqlite/store.ts` (embedded), `sim/world/store.ts`
 * (in memory, can be told to fail), later a composition of journal, stream and etcd.
 *
 * Order: commits of one bucket are given in order with at most one in flight.
 * Durability: `committed` means the bytes, the head and the decide keys survive a power cut, together.
 * Ownership: the caller gives up the buffers it passes; buffers returned are the caller's.
 */

export interface Epoch {
  readonly generation: number;
  readonly revision: number;
}

export interface Head {
  readonly bucket: number;
  readonly epoch: Epoch;
  /** Number of records on the chain; record i has index i, from 0. */
  readonly records: number;
  /** Number of entries on the chain (log positions 0 … size − 1). */
  readonly size: number;
  /** SHA-256 of the last record's bytes; 32 zero bytes for an empty log. */
  readonly hash: Uint8Array;
}

export interface RecordWrite {
  readonly hash: Uint8Array;
  readonly parent: Uint8Array;
  readonly bytes: Uint8Array;
}

/** All turns of one bucket built since its last commit. */
export interface BucketWrite {
  readonly bucket: number;
  readonly epoch: Epoch;
  /** The head must be exactly this (hash), under exactly this epoch or an older one of the same leader. */
  readonly parent: Uint8Array;
  readonly records: readonly RecordWrite[];
  readonly head: Head;
  /** Keys `need/attempt` of the DECIDEs in these records: create-once. */
  readonly decides: readonly string[];
  /** Decide keys of needs whose end is under the head: deleted. */
  readonly decided: readonly string[];
}

export type CommitOutcome =
  | { readonly bucket: number; readonly kind: "committed" }
  /** Another leader's head, a newer epoch: nothing of this write has any effect. */
  | { readonly bucket: number; readonly kind: "refused"; readonly head: Head }
  /** It may or may not apply: read the head, send the same bytes again. */
  | { readonly bucket: number; readonly kind: "unknown" }
  /** The head was right but a decide key existed: P1 is broken; halt the bucket. */
  | { readonly bucket: number; readonly kind: "decided"; readonly key: string };

/** A stretch of a state that most snapshots of its bucket have in common. */
export interface SnapshotPart {
  /** SHA-256 of its bytes. */
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface Snapshot {
  readonly bucket: number;
  readonly records: number;
  readonly size: number;
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
  readonly parts: readonly SnapshotPart[];
}

/** Of which record a snapshot is. */
export type SnapshotMark = Pick<Snapshot, "bucket" | "records" | "hash">;

/** A part as it is given to be stored. Without its bytes: the stored snapshot of its bucket has it. */
export interface GivenPart {
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array | undefined;
}

export interface SnapshotWrite extends Omit<Snapshot, "parts"> {
  readonly parts: readonly GivenPart[];
}

/**
 * Whoever searches a chain asks for records whose index is a multiple of it: a store on a disk finds them
 * at once, and the others by walking from there.
 */
export const RECORDS_STRIDE = 64;

export interface Store {
  /**
   * Become the leader of all buckets given: a new epoch, strictly above every earlier one, that fences
   * every older epoch from now on. Refuses with LEADER_ELSEWHERE where somebody else holds them.
   */
  lead(buckets: readonly number[]): Promise<Epoch>;
  head(bucket: number): Promise<Head>;
  /** The chain from record index `from` (inclusive) to the head, oldest first, at most `limit` records. */
  read(bucket: number, from: number, limit: number): Promise<readonly Uint8Array[]>;
  /** Each bucket's result stands alone. One outcome per write, in the order given. */
  commit(writes: readonly BucketWrite[]): Promise<readonly CommitOutcome[]>;
  /**
   * The newest snapshot whose hash is on the chain of the head, or undefined; so also where a part of it is
   * missing or not what its hash says.
   */
  loadSnapshot(bucket: number): Promise<Snapshot | undefined>;
  /**
   * Replaces the older ones. Losing a snapshot loses nothing but time. Rejects with PART_MISSING where a part
   * comes without bytes and is not stored; then nothing has changed.
   */
  saveSnapshot(snapshot: SnapshotWrite): Promise<void>;
  close(): Promise<void>;
}
