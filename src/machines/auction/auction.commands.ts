import type { Bid } from "./auction.events.ts";
import type { Did } from "#protocol/words.ts";

export type AuctionCommand =
  | { readonly type: "callForBids" }
  | { readonly type: "callForReveals"; readonly params: { readonly from: readonly Did[] } }
  /** Rank these bids (log order), log RANKING, tell the need thread. `barred`: never opened. */
  | {
      readonly type: "rank";
      readonly params: { readonly bids: readonly Bid[]; readonly barred: readonly Did[] };
    }
  | { readonly type: "reportNoBids" };
