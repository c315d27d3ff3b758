/**
 * What a need thread takes. Events carry what the shell knows (positions, T, ids); a machine reads no
 * clock.
 */

import type { RankedBid } from "#protocol/bodies.ts";
import type { RefusalCode } from "#protocol/refusals.ts";
import type { Move, SeatFact } from "#domain/ledger/requests.ts";
import type {
  Cid,
  Credits,
  Did,
  EnvelopeId,
  LogMs,
  NeedId,
  Question,
  Tier,
} from "#protocol/words.ts";

export interface NeedThreadInput {
  readonly need: NeedId;
  readonly requester: Did;
  readonly capability: string;
  readonly tier: Tier;
  readonly bounty: Credits;
  readonly verifyBounty: Credits;
  readonly kPlan: number;
  readonly kResult: number;
  /** Whether the NEED itself asked a kResult (evaluator_absent pays by it). */
  readonly kResultAsked: boolean;
  /** T from funding until COMMIT. */
  readonly deadlineMs: LogMs;
  readonly awardsMax: number;
  readonly failuresMax: number;
  readonly planCandidatesMax: number;
  readonly challengeWindowMs: LogMs;
  readonly askRetryMs: LogMs;
  readonly drawHash: boolean;
  readonly drawRevealMs: LogMs;
  /** The longest a result may be judged: all rounds, their waits for seats and their deadlines. */
  readonly verifyMs: LogMs;
  /** A challenge that has not ended by then is opened once more, should its actor be missing. */
  readonly contestMs: LogMs;
}

export type NeedThreadEvent =
  | { readonly type: "FUNDED"; readonly atMs: LogMs }
  | { readonly type: "FUND_REFUSED"; readonly code: RefusalCode; readonly detail?: string }
  | { readonly type: "FUND_DUPLICATE"; readonly first: NeedId }
  /** `barred`: they hid a bid and never opened it. */
  | {
      readonly type: "RANKED";
      readonly bids: readonly RankedBid[];
      readonly barred: readonly Did[];
    }
  | { readonly type: "NO_BIDS" }
  | {
      /** A committee has ended. `carried`: the votes that carry the result. */
      readonly type: "CONCLUDED";
      readonly atMs: LogMs;
      readonly question: Question;
      readonly result: "pass" | "fail" | "absent";
      readonly seats: readonly SeatFact[];
      readonly carried: readonly EnvelopeId[];
      readonly reason?: string;
    }
  /** Told in the turn that logs DECIDE. LOST: (need, attempt) was decided before. */
  | { readonly type: "DECIDED" }
  | { readonly type: "LOST" }
  /** Instead of DECIDE: the operator has paused the candidate since its plan was put to the vote. */
  | { readonly type: "PAUSED" }
  | {
      readonly type: "LEASED";
      readonly revision: number;
      readonly atMs: LogMs;
      readonly ttlMs: LogMs;
    }
  | {
      readonly type: "LEASE_ENDED";
      readonly reason: "missed_claim" | "bond_refused" | "yielded" | "released" | "revoked";
      readonly elapsedMs: LogMs;
      readonly heartbeatsMissed: number;
      readonly yieldedLate: boolean;
    }
  | {
      readonly type: "COMMITTED";
      readonly commit: EnvelopeId;
      readonly artifact: Cid;
      readonly elapsedMs: LogMs;
      readonly output?: unknown;
      readonly telemetry?: Readonly<Record<string, unknown>>;
    }
  /** The result of an earlier attempt whose worker was silent has come. `isSalvaged`: it may serve. */
  | {
      readonly type: "LATE_RESULT";
      readonly attempt: number;
      readonly worker: Did;
      readonly isSalvaged: boolean;
    }
  | { readonly type: "DRAW_REVEALED"; readonly preimage: Uint8Array }
  | { readonly type: "CANCEL" }
  | { readonly type: "CHALLENGED"; readonly atMs: LogMs; readonly challenge: EnvelopeId }
  /** The bond is held / refused / the ruling is in and the bond resolved. */
  | { readonly type: "CHALLENGE_OPENED"; readonly challenge: EnvelopeId }
  | { readonly type: "CHALLENGE_REFUSED"; readonly atMs: LogMs; readonly challenge: EnvelopeId }
  | {
      readonly type: "CHALLENGE_RULED";
      readonly atMs: LogMs;
      readonly challenge: EnvelopeId;
      readonly upheld: boolean;
    }
  /** The ledger's answers to the settlement. `open`: bonds it knows and we had not. */
  | { readonly type: "SETTLED"; readonly sequence: number; readonly moves: readonly Move[] }
  | { readonly type: "SETTLE_SEALED"; readonly open: readonly EnvelopeId[] };
