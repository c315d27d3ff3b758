/**
 * Whether a bid may stand: price and time within the need's, and a second bid at least 1 % below the
 * first.
 */

import type { NeedBody, OpenBid } from "#protocol/bodies.ts";
import type { Refusal } from "#protocol/refusals.ts";

const HUNDRED = 100n;
/** A bidder that bids again undercuts its own bid by at least this many percent. */
const UNDERCUT_PERCENT = 1n;

/**
 * Undercutting is asked of a bidder against its own earlier bid, not against others': bids are judged
 * by more than price, so a dearer, better bidder must not be shut out by who came first.
 */
export const bidRefusal = (
  bid: OpenBid,
  need: Pick<NeedBody, "bounty" | "deadlineMs">,
  earlier: Pick<OpenBid, "price"> | undefined,
): Refusal | undefined => {
  if (bid.price > need.bounty)
    return { code: "BID_INVALID", detail: "the price is above the bounty" };
  if (bid.etaMs > need.deadlineMs)
    return { code: "BID_INVALID", detail: "the eta is beyond the deadline" };
  if (earlier === undefined) return undefined;
  const isBelow = bid.price * HUNDRED <= earlier.price * (HUNDRED - UNDERCUT_PERCENT);
  return isBelow
    ? undefined
    : { code: "BID_INVALID", detail: "a second bid undercuts the first by 1 %" };
};
