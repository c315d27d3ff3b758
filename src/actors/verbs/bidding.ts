/** PROPOSE and REVEAL: bids open or sealed, and the opening of what was hidden. */

import { sha256 } from "#envelope/cid.ts";
import { bidRefusal } from "#domain/market/bid-check.ts";
import { sealedBidDigest, voteDigest } from "#protocol/digests.ts";
import type { NeedBody, ProposeBody } from "#protocol/bodies.ts";
import type { Refusal } from "#protocol/refusals.ts";
import type { Did } from "#protocol/words.ts";
import type { BucketView } from "#runtime/bucket/application.ts";
import { isWorkerOf } from "../auction.actor.ts";
import type { About, CommitteeView } from "../committee.actor.ts";
import { pinnedDirectory, specOf } from "../market.ts";
import { auctionActor, committeeActor, committeeRow } from "../names.ts";
import { barredOf, bidOf, needAttempt, stageOf, type AuctionView } from "../stage.ts";
import { tellAuction, tellCommittee, tellNeed } from "../tell.ts";
import { refusalsOf, refuse, type Said, type VerbRules } from "../verbs.ts";
import { seatRefusals } from "./judging.ts";
import { liveNeed, pausedRefusal } from "./need.ts";

const auctionOf = (view: BucketView, need: string, attempt: number): AuctionView | undefined =>
  view.state(auctionActor(need, attempt)) as AuctionView | undefined;

export const propose: VerbRules<"PROPOSE"> = {
  admit: ({ from, body }, view) => {
    const paused = pausedRefusal(view, from);
    const dead = liveNeed(view, body.need);
    if (dead !== undefined) return refusalsOf(paused, dead);
    const auction = auctionOf(view, body.need, body.attempt);
    const { requester, body: asked } = specOf(view, body.need);
    const isAble = isWorkerOf(pinnedDirectory(view), asked.capability, requester, from);
    const party = refusalsOf(
      paused,
      barredOf(view, body.need).includes(from) && refuse("BARRED"),
      !isAble && refuse("VERB_NOT_ALLOWED", `the sender is no worker of ${asked.capability}`),
    );
    if (auction === undefined || auction.value !== "open")
      return [...party, refuse("WRONG_STATE", "no bids are taken for this attempt")];
    return [...party, ...refusalsOf(offerRefusal(from, body, auction, asked))];
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

/** Of what is offered in an auction that is open. */
const offerRefusal = (
  from: Did,
  { bid }: ProposeBody,
  auction: AuctionView,
  asked: NeedBody,
): Refusal | undefined => {
  const sealedMode = auction.context.mode === "sealed";
  // Once is enough: a log that takes the same word without end can be filled with it.
  if ("pass" in bid)
    return auction.context.passed.includes(from)
      ? refuse("WRONG_STATE", "the sender has passed")
      : undefined;
  if ("sealed" in bid !== sealedMode)
    return refuse(
      "BID_INVALID",
      sealedMode ? "bids are sealed here: send a hash" : "bids are open here",
    );
  return "open" in bid ? bidRefusal(bid.open, asked, bidOf(auction, from)) : undefined;
};

export const reveal: VerbRules<"REVEAL"> = {
  admit: (said, view) => {
    switch (said.body.what) {
      case "bid":
        return revealBidRefusals(said, view);
      case "draw":
        return revealDrawRefusals(said, view);
      case "vote":
        return revealVoteRefusals(said, view);
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

const revealBidRefusals = (
  { from, body }: Said<"REVEAL">,
  view: BucketView,
): readonly Refusal[] => {
  if (body.what !== "bid") return [];
  const dead = liveNeed(view, body.need);
  if (dead !== undefined) return [dead];
  const auction = auctionOf(view, body.need, body.attempt);
  if (auction === undefined) return [refuse("WRONG_STATE", "this auction is over")];
  const early = auction.value !== "revealing" && refuse("WRONG_STATE", "no bids are opened now");
  const sealed = auction.context.sealed.find(
    (s) => s.worker === from && s.proposal === body.proposal,
  );
  if (sealed === undefined)
    return refusalsOf(early, refuse("VERB_NOT_ALLOWED", "the sender has no such sealed bid"));
  const opens = same(sealed.hash, sealedBidDigest(from, body.bid, body.salt));
  return refusalsOf(
    early,
    !opens && refuse("BID_INVALID", "the bid does not match its hash"),
    bidRefusal(body.bid, specOf(view, body.need).body, undefined),
  );
};

const revealDrawRefusals = (
  { from, body }: Said<"REVEAL">,
  view: BucketView,
): readonly Refusal[] => {
  if (body.what !== "draw") return [];
  const dead = liveNeed(view, body.need);
  if (dead !== undefined) return [dead];
  const { requester, body: asked } = specOf(view, body.need);
  const isTime =
    stageOf(view, body.need) === "verifying" && needAttempt(view, body.need) === body.attempt;
  const opens = asked.drawHash !== undefined && same(asked.drawHash, sha256(body.preimage));
  return refusalsOf(
    requester !== from && refuse("VERB_NOT_ALLOWED"),
    !isTime && refuse("WRONG_STATE"),
    !opens && refuse("POLICY_DENIED", "the preimage does not hash to drawHash"),
  );
};

const revealVoteRefusals = (
  { from, body }: Said<"REVEAL">,
  view: BucketView,
): readonly Refusal[] => {
  if (body.what !== "vote") return [];
  const refused = seatRefusals(view, from, body, "revealing");
  const actor = committeeActor(body.need, body.attempt, body.question);
  const about = view.row(committeeRow(actor)) as About | undefined;
  const hash = (view.state(actor) as CommitteeView | undefined)?.context.seats.find(
    (s) => s.seat === body.seat && s.agent === from,
  )?.hash;
  if (about === undefined || hash === undefined) return refused;
  const opens = same(hash, voteDigest(about.subject, from, body.verdict, body.salt));
  return opens
    ? refused
    : [...refused, refuse("POLICY_DENIED", "the vote does not match its hash")];
};

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
