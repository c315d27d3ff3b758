/**
 * One auction: bids on (need, attempt). The actor has checked each bid before: price, undercut, the
 * hash that it opens.
 */

import type { OpenBid } from "#protocol/bodies.ts";
import type { Did, EnvelopeId, LogMs } from "#protocol/words.ts";

export interface AuctionInput {
  readonly attempt: number;
  readonly mode: "open" | "sealed";
  /** Eligible workers when bids were called for; when all have answered, the auction closes. */
  readonly eligible: readonly Did[];
  readonly windowMs: LogMs;
  readonly revealMs: LogMs;
  readonly reopeningsMax: number;
  readonly backoffMs: LogMs;
  readonly backoffMaxMs: LogMs;
  /** 0 … 1,000,000: the need's own share of the back-off's jitter, from its id. */
  readonly jitterPpm: number;
  /** min(5 s, window / 5): a bid in the last such stretch extends the window by it. */
  readonly extensionMs: LogMs;
  readonly extensionsMax: number;
  readonly askRetryMs: LogMs;
  /** The longest that the ranking waits for a registry. */
  readonly registryWaitMs: LogMs;
}

export interface Bid extends OpenBid {
  readonly proposal: EnvelopeId;
  readonly worker: Did;
}

export type AuctionEvent =
  | { readonly type: "BID"; readonly bid: Bid; readonly remainingMs: LogMs }
  | {
      readonly type: "SEALED_BID";
      readonly worker: Did;
      readonly proposal: EnvelopeId;
      readonly hash: Uint8Array;
    }
  | { readonly type: "PASS"; readonly worker: Did }
  | { readonly type: "BID_REVEALED"; readonly bid: Bid }
  /** RANKING was logged. */
  | { readonly type: "RANKED" }
  /** The pinned registry is too old to rank by: nothing was logged yet. */
  | { readonly type: "REGISTRY_OLD" }
  /** The registry changed while bids are taken: the workers now eligible. */
  | { readonly type: "ELIGIBLE"; readonly workers: readonly Did[] };
