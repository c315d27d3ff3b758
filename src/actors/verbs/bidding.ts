/** PROPOSE and REVEAL: bids open or sealed, and the opening of what was hidden. */

import { sha256 } from "#envelope/cid.ts";
import { bidRefusal } from "#domain/market/bid-check.ts";
import { isPausedIn } from "#domain/registry/snapshot.ts";
import { sealedBidDigest, voteDigest } from "#protocol/digests.ts";
import type { Refusal } from "#protocol/refusals.ts";
import type { BucketView } from "#runtime/bucket/application.ts";
import { eligibleWorkers } from "../auction.actor.ts";
import type { About, CommitteeView } from "../committee.actor.ts";
import { pinnedDirectory, specOf } from "../market.ts";
import { auctionActor, committeeActor, committeeRow } from "../names.ts";
import { barredOf, bidOf, needAttempt, stageOf, type AuctionView } from "../stage.ts";
import { tellAuction, tellCommittee, tellNeed } from "../tell.ts";
import { refuse, type Said, type VerbRules } from "../verbs.ts";
import { seatRefusal } from "./judging.ts";
import { liveNeed } from "./need.ts";

const auctionOf = (view: BucketView, need: string, attempt: number): AuctionView | undefined =>
  view.state(auctionActor(need, attempt)) as AuctionView | undefined;

export const propose: VerbRules<"PROPOSE"> = {
  admit: ({ from, body }, view) => {
    const dead = liveNeed(view, body.need);
    if (dead !== undefined) return dead;
    const auction = auctionOf(view, body.need, body.attempt);
    if (auction === undefined || auction.value !== "open")
      return refuse("WRONG_STATE", "no bids are taken for this attempt");
    const { requester, body: asked } = specOf(view, body.need);
    const barred = barredOf(view, body.need);
    if (barred.includes(from)) return refuse("BARRED");
    const directory = pinnedDirectory(view);
    if (directory !== undefined && isPausedIn(directory, from)) return refuse("PAUSED");
    if (!eligibleWorkers(directory, asked.capability, requester, barred).includes(from))
      return refuse("VERB_NOT_ALLOWED", `the sender is no worker of ${asked.capability}`);
    const sealedMode = auction.context.mode === "sealed";
    // Once is enough: a log that takes the same word without end can be filled with it.
    if ("pass" in body.bid)
      return auction.context.passed.includes(from)
        ? refuse("WRONG_STATE", "the sender has passed")
        : undefined;
    if ("sealed" in body.bid !== sealedMode)
      return refuse(
        "BID_INVALID",
        sealedMode ? "bids are sealed here: send a hash" : "bids are open here",
      );
    if (!("open" in body.bid)) return undefined;
    return bidRefusal(body.bid.open, asked, bidOf(auction, from));
  },
  apply: ({ from, body, id }, turn) => {
    const actor = auctionActor(body.need, body.attempt);
    const { bid } = body;
    if ("pass" in bid) tellAuction(turn, actor, { type: "PASS", worker: from });
    else if ("sealed" in bid)
      tellAuction(turn, actor, {
        type: "SEALED_BID",
        worker: from,
        proposal: id,
        hash: bid.sealed,
      });
    else {
      tellAuction(turn, actor, {
        type: "BID",
        bid: { ...bid.open, proposal: id, worker: from },
        remainingMs: turn.earliestMs(actor) ?? 0,
      });
    }
  },
};

export const reveal: VerbRules<"REVEAL"> = {
  admit: (said, view) => {
    switch (said.body.what) {
      case "bid":
        return revealBidRefusal(said, view);
      case "draw":
        return revealDrawRefusal(said, view);
      case "vote":
        return revealVoteRefusal(said, view);
      default:
        return said.body satisfies never;
    }
  },
  apply: ({ from, body, id }, turn) => {
    switch (body.what) {
      case "bid":
        tellAuction(turn, auctionActor(body.need, body.attempt), {
          type: "BID_REVEALED",
          bid: { ...body.bid, proposal: body.proposal, worker: from },
        });
        break;
      case "draw":
        tellNeed(turn, body.need, { type: "DRAW_REVEALED", preimage: body.preimage });
        break;
      case "vote":
        tellCommittee(turn, committeeActor(body.need, body.attempt, body.question), {
          type: "VOTE_REVEALED",
          seat: body.seat,
          verdict: body.verdict,
          envelope: id,
        });
        break;
      default:
        body satisfies never;
    }
  },
};

const revealBidRefusal = (
  { from, body }: Said<"REVEAL">,
  view: BucketView,
): Refusal | undefined => {
  if (body.what !== "bid") return undefined;
  const dead = liveNeed(view, body.need);
  if (dead !== undefined) return dead;
  const auction = auctionOf(view, body.need, body.attempt);
  if (auction === undefined || auction.value !== "revealing")
    return refuse("WRONG_STATE", "no bids are opened now");
  const sealed = auction.context.sealed.find(
    (s) => s.worker === from && s.proposal === body.proposal,
  );
  if (sealed === undefined) return refuse("VERB_NOT_ALLOWED", "the sender has no such sealed bid");
  if (!same(sealed.hash, sealedBidDigest(from, body.bid, body.salt)))
    return refuse("BID_INVALID", "the bid does not match its hash");
  return bidRefusal(body.bid, specOf(view, body.need).body, undefined);
};

const revealDrawRefusal = (
  { from, body }: Said<"REVEAL">,
  view: BucketView,
): Refusal | undefined => {
  if (body.what !== "draw") return undefined;
  const dead = liveNeed(view, body.need);
  if (dead !== undefined) return dead;
  const spec = specOf(view, body.need);
  if (spec.requester !== from) return refuse("VERB_NOT_ALLOWED");
  if (stageOf(view, body.need) !== "verifying" || needAttempt(view, body.need) !== body.attempt)
    return refuse("WRONG_STATE");
  const { drawHash } = spec.body;
  const opens = drawHash !== undefined && same(drawHash, sha256(body.preimage));
  return opens ? undefined : refuse("POLICY_DENIED", "the preimage does not hash to drawHash");
};

const revealVoteRefusal = (
  { from, body }: Said<"REVEAL">,
  view: BucketView,
): Refusal | undefined => {
  if (body.what !== "vote") return undefined;
  const refused = seatRefusal(view, from, body, "revealing");
  if (refused !== undefined) return refused;
  const actor = committeeActor(body.need, body.attempt, body.question);
  const about = view.row(committeeRow(actor)) as About;
  const hash = (view.state(actor) as CommitteeView).context.seats.find(
    (s) => s.seat === body.seat,
  )?.hash;
  const opens =
    hash !== undefined && same(hash, voteDigest(about.subject, from, body.verdict, body.salt));
  return opens ? undefined : refuse("POLICY_DENIED", "the vote does not match its hash");
};

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
