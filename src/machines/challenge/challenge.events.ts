/**
 * A bonded claim that a COMMIT (or a rejection) is wrong. Until committees judge them, an operator
 * rules (P3).
 */

import type { Did, EnvelopeId, LogMs } from "#protocol/words.ts";

export interface ChallengeInput {
  readonly attempt: number;
  readonly challenge: EnvelopeId;
  readonly challenger: Did;
  /** The bond is known to be held: the challenge came to us through the ledger. */
  readonly bonded: boolean;
  /** It names no COMMIT or rejection of that attempt: closed as rejected at once. */
  readonly moot?: boolean;
  readonly askRetryMs: LogMs;
  readonly ruleMs: LogMs;
}

export type ChallengeEvent =
  | { readonly type: "BONDED" }
  | { readonly type: "BOND_REFUSED" }
  | { readonly type: "RULED"; readonly upheld: boolean }
  | { readonly type: "RESOLVED" };
