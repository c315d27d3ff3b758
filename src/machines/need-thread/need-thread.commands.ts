/** What a need thread asks to be done. Each is a named action in the machine and a handler in the actor. */

import type { EndBody, RankedBid } from "#protocol/bodies.ts";
import type { Move, SettlementFacts } from "#domain/ledger/requests.ts";
import type { Did, EnvelopeId, NeedId } from "#protocol/words.ts";
import type { RefusalCode } from "#protocol/refusals.ts";

/** The facts a machine knows; the actor adds what is constant for the need (requester, tier, …). */
export type KnownFacts = Pick<
  SettlementFacts,
  | "attempt"
  | "outcome"
  | "last"
  | "planVotes"
  | "seats"
  | "decided"
  | "leased"
  | "artifact"
  | "absentPays"
  | "cancelledBefore"
  | "reason"
>;

export type NeedThreadCommand =
  | { readonly type: "requestFunding" }
  /** Send the unanswered request under `name` again: same id, same bytes. */
  | { readonly type: "resend"; readonly params: { readonly name: "fund" | "settle" } }
  /** Log OPEN_ATTEMPT; with `auction`, open the auction actor, bidders in `barred` excluded. */
  | {
      readonly type: "openAttempt";
      readonly params: {
        readonly attempt: number;
        readonly auction: boolean;
        readonly barred: readonly Did[];
      };
    }
  | {
      readonly type: "openPlanCommittee";
      readonly params: {
        readonly attempt: number;
        readonly candidate: RankedBid;
        readonly ordinal: number;
      };
    }
  /**
   * Log DECIDE unless (attempt) was decided or its worker is paused; tell DECIDED, LOST or PAUSED; on
   * DECIDED open the lease actor.
   */
  | {
      readonly type: "decide";
      readonly params: {
        readonly attempt: number;
        readonly bid: RankedBid;
        readonly approvals: readonly EnvelopeId[];
      };
    }
  /** Ask the requester for the preimage of drawHash. */
  | { readonly type: "askDrawReveal"; readonly params: { readonly attempt: number } }
  | {
      readonly type: "openResultCommittee";
      readonly params: {
        readonly attempt: number;
        readonly commit: EnvelopeId;
        readonly revision: number;
        readonly worker: Did;
        readonly price: bigint;
        /** 32 bytes; all zero where none was asked or it came late. */
        readonly r: Uint8Array;
      };
    }
  /** Stop the attempt's auction, committee and lease actors, whichever live. */
  | { readonly type: "closeAttemptActors"; readonly params: { readonly attempt: number } }
  /** Tell the lease actor that the COMMIT was taken, or that the lease is revoked. */
  | {
      readonly type: "endLease";
      readonly params: { readonly attempt: number; readonly how: "committed" | "revoked" };
    }
  | {
      readonly type: "openChallenge";
      readonly params: { readonly attempt: number; readonly challenges: readonly EnvelopeId[] };
    }
  /** Log SETTLE (the intent) and ask the ledger. */
  | { readonly type: "settle"; readonly params: KnownFacts }
  /** Log FINALIZE, REJECT, RELEASE, INVALIDATE or CLOSE with the posting; tell the parties. */
  | {
      readonly type: "logEnd";
      readonly params: {
        readonly verb: "FINALIZE" | "REJECT" | "RELEASE" | "INVALIDATE" | "CLOSE";
        readonly body: Omit<EndBody, "need" | "ledger" | "paid" | "taken">;
        readonly sequence?: number;
        readonly moves: readonly Move[];
      };
    }
  /** Answer the NEED envelope, which waits for the ledger. */
  | { readonly type: "ackNeed"; readonly params: { readonly first?: NeedId } }
  | {
      readonly type: "nackNeed";
      readonly params: { readonly code: RefusalCode; readonly detail?: string };
    };
