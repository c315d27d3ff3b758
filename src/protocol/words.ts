/** The words of the protocol as types. */

import type { Cid, Did, EnvelopeId } from "#envelope/ids.ts";

export type { Cid, Did, EnvelopeId };
/** The CID of a NEED envelope. It is also the thread of all that is said about the need. */
export type NeedId = Cid;
/** Micro-credits, 0 … 2^63 − 1. Never a float, never a JavaScript number. */
export type Credits = bigint;
/** Milliseconds of a bucket's log time T (protocol section 6). */
export type LogMs = number;
/** Parts per million. */
export type Ppm = number;

export type Tier = "small" | "medium" | "high";
export type Verdict = "pass" | "fail" | "abstain";
export type Question = "plan" | "result" | "challenge";

/** Outcomes of one attempt of a need; the last attempt's is the need's (protocol section 4). */
export type Outcome =
  | "finalized"
  | "no_bids"
  | "expired"
  | "cancelled"
  | "no_submission"
  | "rejected"
  | "evaluator_absent"
  | "invalidated";

/** How a need ends that was never funded. */
export type ClosedUnfunded = "refused" | "duplicate";
