/**
 * What one supervisor sees of the parts of a swarm that must agree, none of which is asked at the same
 * moment as another: needs where they live, what the ledger holds for them, who is registered, and where
 * the logs of its buckets lie. Plain values.
 */

import type { Did, NeedId } from "#protocol/words.ts";

/** What the system bucket says of one need. */
export interface HeldFact {
  /** The open attempt of its hold; undefined: nothing is held. */
  readonly attempt: number | undefined;
  /** Whose performance bond that attempt has. */
  readonly bondOf: Did | undefined;
  /** Those of the asked workers whom the registry does not know. */
  readonly strangers: readonly Did[];
}

/** A need that its bucket has open, and what the system bucket says of it. */
export interface OpenNeed {
  readonly need: NeedId;
  readonly bucket: number;
  /** The ledger's answer to its funding has been logged. */
  readonly isFunded: boolean;
  readonly attempt: number;
  /** Workers of its live leases. */
  readonly leases: readonly Did[];
  readonly held: HeldFact;
}

/** A need for which the ledger holds something, and what its bucket says of it. */
export interface HeldNeed {
  readonly need: NeedId;
  readonly bucket: number;
  readonly isOpen: boolean;
}

/** Where the log of a bucket stands that this supervisor leads. */
export interface LedLog {
  readonly bucket: number;
  /** By the consensus store; undefined: nobody. */
  readonly leader: string | undefined;
  /** Records under the head in the consensus store. */
  readonly records: number;
  /** Records that its host has built, committed or not; undefined: the host has not loaded it. */
  readonly built: number | undefined;
  readonly isHalted: boolean;
  /** Whether the newest record under the head is there. */
  readonly isOnDisk: boolean;
  /** Whether it is there, and an old one that a recovery would read. */
  readonly isOnStream: boolean;
}

export interface View {
  /** Of the supervisor that looks. */
  readonly name: string;
  readonly needs: readonly OpenNeed[];
  readonly holds: readonly HeldNeed[];
  readonly logs: readonly LedLog[];
}
