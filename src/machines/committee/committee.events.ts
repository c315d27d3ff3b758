/** One question put to drawn verifiers: a plan, a result, a challenge. */

import type { DrawnSeat } from "#protocol/bodies.ts";
import type { Did, EnvelopeId, LogMs, Question, Verdict } from "#protocol/words.ts";

export interface CommitteeInput {
  readonly attempt: number;
  readonly question: Question;
  /** What is judged: the proposal, the COMMIT, the CHALLENGE. */
  readonly subject: EnvelopeId;
  readonly k: number;
  /** Votes are hashes first, revealed after all or their deadline. */
  readonly sealed: boolean;
  readonly redrawsMax: number;
  readonly voteMs: LogMs;
  readonly revealMs: LogMs;
  readonly askRetryMs: LogMs;
  /** The longest that its draws wait for a registry, taken together. */
  readonly registryWaitMs: LogMs;
}

export type CommitteeEvent =
  /** The draw of `round` is done (for a plan: in the same turn; else after the ledger's answer). */
  | { readonly type: "SEATED"; readonly round: number; readonly seats: readonly DrawnSeat[] }
  /** The pinned registry is too old to draw from: nothing was drawn yet. */
  | { readonly type: "REGISTRY_OLD" }
  /** Nobody (more) can be drawn, or the ledger's queue ran out of time. */
  | { readonly type: "DRAW_FAILED"; readonly round: number; readonly reason: string }
  | {
      readonly type: "VOTED";
      readonly seat: number;
      readonly verdict: Verdict;
      readonly envelope: EnvelopeId;
    }
  | { readonly type: "VOTE_HASHED"; readonly seat: number; readonly hash: Uint8Array }
  | {
      readonly type: "VOTE_REVEALED";
      readonly seat: number;
      readonly verdict: Verdict;
      readonly envelope: EnvelopeId;
    };

/** A seat in the machine's context. */
export interface Seat {
  readonly seat: number;
  readonly agent: Did;
  readonly round: number;
  readonly hash?: Uint8Array;
  readonly verdict?: Verdict;
  readonly envelope?: EnvelopeId;
  /** Deadline passed (or hashed and never revealed). */
  readonly silent?: boolean;
}
