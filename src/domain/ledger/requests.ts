/**
 * What need buckets ask of the ledger, and what it answers. A request is identified by
 * (bucket, position of its intent, index), answered once under that id, refusals included
 * (protocol section 7).
 */

import type {
  Cid,
  Credits,
  Did,
  EnvelopeId,
  LogMs,
  NeedId,
  Outcome,
  Ppm,
  Tier,
  Verdict,
} from "#protocol/words.ts";
import type { RefusalCode } from "#protocol/refusals.ts";
import type { DrawnSeat } from "#protocol/bodies.ts";

export type LedgerRequest =
  | {
      readonly kind: "fund";
      readonly need: NeedId;
      readonly requester: Did;
      readonly key: string;
      /** Hex H(NEED without nonce, lamport, sentAtMs, expiresAtMs, drawHash). */
      readonly content: string;
      readonly amount: Credits;
      readonly bounty: Credits;
      readonly tier: Tier;
    }
  | {
      /** The worker's performance bond, held on free stake, else on balance. */
      readonly kind: "bond";
      readonly need: NeedId;
      readonly attempt: number;
      readonly worker: Did;
      readonly amount: Credits;
    }
  | {
      /**
       * Lock `exposure` on the first `count` of `order` that have it free; all or none, at least
       * `least`.
       */
      readonly kind: "seats";
      readonly need: NeedId;
      readonly attempt: number;
      readonly round: number;
      readonly order: readonly Did[];
      readonly count: number;
      readonly least: number;
      readonly exposure: Credits;
      /** Seat number of the first seat of this round. */
      readonly firstSeat: number;
    }
  | {
      readonly kind: "challenge";
      readonly need: NeedId;
      readonly attempt: number;
      readonly challenger: Did;
      /** Whose challenges are counted together: the attested org, else the challenger alone. */
      readonly entity: string;
      readonly challenge: EnvelopeId;
      /** The whole signed CHALLENGE envelope (wire bytes); the bond carries it. */
      readonly envelope: Uint8Array;
      readonly amount: Credits;
    }
  | {
      /** The bond's end: an operator or a committee has ruled, or it named nothing that exists. */
      readonly kind: "resolve";
      readonly need: NeedId;
      readonly attempt: number;
      readonly challenge: EnvelopeId;
      readonly upheld: boolean;
      /**
       * Those who judged the challenge; half of a rejected bond is theirs. Empty: all of it burns.
       */
      readonly judges: readonly Did[];
    }
  | ({ readonly kind: "settle" } & SettlementFacts);

/**
 * What happened in an attempt. The ledger turns it into moves; the bucket states facts, never sums.
 */
export interface SettlementFacts {
  readonly need: NeedId;
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly last: boolean;
  readonly requester: Did;
  readonly capability: string;
  readonly tier: Tier;
  readonly verifyBounty: Credits;
  readonly bounty: Credits;
  /** Present once DECIDE was logged. */
  readonly decided?: { readonly worker: Did; readonly price: Credits; readonly etaMs: number };
  /** Present once GRANT was logged: T from GRANT to COMMIT, or to the end of the lease. */
  readonly leased?: {
    readonly elapsedMs: LogMs;
    readonly ttlMs: LogMs;
    readonly heartbeatsMissed: number;
    /** A yield after a quarter of the lease. */
    readonly yieldedLate: boolean;
  };
  readonly artifact?: Cid;
  readonly planVotes: readonly { readonly agent: Did; readonly agreed: boolean }[];
  readonly seats: readonly SeatFact[];
  /** evaluator_absent only: pay the price (`price`), the cancel fee (`fee`), or nothing. */
  readonly absentPays?: "price" | "fee" | "nothing";
  /**
   * invalidated only: what proved it. Deterministic proofs take the whole exposure, judged ones a
   * tenth (protocol section 8). Absent: deterministic.
   */
  readonly proof?: "deterministic" | "judged";
  /** cancelled only: before DECIDE (free unless too many), or after. */
  readonly cancelledBefore?: boolean;
  /** Bucket-side reason: missed claim, yield, release …: for people. */
  readonly reason?: string;
}

export interface SeatFact {
  readonly seat: number;
  readonly agent: Did;
  /** pending: unanswered when K agreed: neither paid nor a no-show. silent: past its deadline. */
  readonly answer: Verdict | "pending" | "silent";
}

export interface Move {
  /** `escrow`, `bond`, `exposure`, `burned`, or a did. */
  readonly from: string;
  readonly to: string;
  /** Whose bond or exposure it is, where `from` is one. */
  readonly of?: Did;
  readonly amount: Credits;
  readonly why: string;
}

export type LedgerAnswer =
  | { readonly kind: "held"; readonly sequence: number }
  | { readonly kind: "duplicate"; readonly first: NeedId }
  | { readonly kind: "refused"; readonly code: RefusalCode; readonly detail?: string }
  | {
      readonly kind: "seated";
      readonly sequence: number;
      readonly seats: readonly DrawnSeat[];
      readonly skipped: readonly Did[];
    }
  /** The queue's time passed, or the order can never fill `least`. */
  | { readonly kind: "absent" }
  | { readonly kind: "sealed"; readonly open: readonly Uint8Array[] }
  | { readonly kind: "resolved"; readonly sequence: number }
  | { readonly kind: "posted"; readonly sequence: number; readonly moves: readonly Move[] };

/** Evidence for the registry that follows from a posting. */
export interface ReputationGain {
  readonly agent: Did;
  readonly capability: string;
  readonly success: boolean;
  readonly requester: Did;
  readonly weight: Ppm;
}
