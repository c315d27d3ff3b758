/** The auction actor: calls for bids, ranks them at the pinned registry and logs RANKING (section 10). */

import { digestOf } from "#envelope/cid.ts";
import { rankBids } from "#domain/market/score.ts";
import { isPausedIn } from "#domain/registry/snapshot.ts";
import { reputationPpm } from "#domain/registry/reputation.ts";
import { auctionMachine } from "#machines/auction/auction.machine.ts";
import type { AuctionCommand } from "#machines/auction/auction.commands.ts";
import type { AuctionEvent, AuctionInput, Bid } from "#machines/auction/auction.events.ts";
import type { Notice } from "#protocol/notices.ts";
import type { RankedBid, RankingBody } from "#protocol/bodies.ts";
import type { Did } from "#protocol/words.ts";
import {
  defineActor,
  type ActorKind,
  type ActorRef,
  type BucketView,
  type Told,
  type Turn,
} from "#runtime/bucket/application.ts";
import { logicOf } from "#runtime/logic/xstate.ts";
import { freshDirectory, pinnedDirectory, specOf, type Directory, type Market } from "./market.ts";
import { auctionActor, needOf } from "./names.ts";
import type { AuctionView } from "./stage.ts";
import { tellAuction, tellNeed } from "./tell.ts";

export const openAuction = (
  turn: Turn,
  need: string,
  attempt: number,
  barred: readonly Did[],
  market: Market,
): void => {
  const { parameters } = market;
  const { requester, body, tier } = specOf(turn, need);
  const windowMs = Math.min(parameters.tiers[tier].auctionWindowMs, body.deadlineMs);
  const digest = digestOf(need);
  const input: AuctionInput = {
    attempt,
    mode: parameters.auctionMode,
    eligible: eligibleWorkers(pinnedDirectory(turn), body.capability, requester, barred),
    windowMs,
    revealMs: parameters.bidRevealMs,
    reopeningsMax: parameters.auctionReopenings,
    backoffMs: parameters.auctionBackoffMs,
    backoffMaxMs: parameters.auctionBackoffMaxMs,
    jitterPpm: Math.floor(((((digest[1] ?? 0) << 8) | (digest[2] ?? 0)) * 1_000_000) / 65_535),
    extensionMs: Math.min(5_000, Math.floor(windowMs / 5)),
    extensionsMax: 3,
    askRetryMs: parameters.askRetryMs,
    registryWaitMs: parameters.registryWaitMs,
  };
  turn.spawn("auction", auctionActor(need, attempt), input);
};

/** Who could do it, paused or not. */
export const ableWorkers = (
  directory: Directory,
  capability: string,
  requester: Did,
  barred: readonly Did[],
): Did[] =>
  directory.snapshot.agents
    .filter(
      (row) =>
        row.roles.includes("worker") &&
        row.capabilities.includes(capability) &&
        row.did !== requester &&
        !barred.includes(row.did),
    )
    .map((row) => row.did);

/** Whether an agent could do it, paused or barred though it may be. */
export const isWorkerOf = (
  directory: Directory | undefined,
  capability: string,
  requester: Did,
  did: Did,
): boolean => {
  const row = directory?.rows.get(did);
  return (
    row !== undefined &&
    did !== requester &&
    row.roles.includes("worker") &&
    row.capabilities.includes(capability)
  );
};

export const eligibleWorkers = (
  directory: Directory | undefined,
  ...asked: readonly [capability: string, requester: Did, barred: readonly Did[]]
): Did[] =>
  directory === undefined
    ? []
    : ableWorkers(directory, ...asked).filter((did) => !isPausedIn(directory, did));

const viewOf = (actor: ActorRef): AuctionView => actor.state as AuctionView;

/** The call for bids, to every eligible worker that has not answered. */
const bidNotices = (actor: ActorRef, view: BucketView): Told[] => {
  const { value, context } = viewOf(actor);
  if (value !== "open") return [];
  const need = needOf(actor.id);
  const { requester, body } = specOf(view, need);
  const answered = new Set([
    ...context.bids.map((bid) => bid.worker),
    ...context.sealed.map((bid) => bid.worker),
    ...context.passed,
  ]);
  return context.eligible
    .filter((worker) => !answered.has(worker))
    .map((to): Told => {
      const notice: Notice = {
        kind: "bid",
        need,
        attempt: context.attempt,
        nonce: view.nonce(to, need),
        requester,
        body,
        mode: context.mode,
        remainingMs: view.earliestMs(actor.id) ?? context.windowMs,
      };
      return { to, notice };
    });
};

const revealNotices = (actor: ActorRef, view: BucketView, market: Market): Told[] => {
  const { context } = viewOf(actor);
  const need = needOf(actor.id);
  return context.sealed
    .filter((sealed) => !context.bids.some((bid) => bid.worker === sealed.worker))
    .map(({ worker, proposal }): Told => {
      const notice: Notice = {
        kind: "reveal-bid",
        need,
        attempt: context.attempt,
        nonce: view.nonce(worker, need),
        proposal,
        remainingMs: market.parameters.bidRevealMs,
      };
      return { to: worker, notice };
    });
};

/**
 * Rank at the pinned registry revision and log RANKING: anyone recomputes it (section 5). With an old
 * registry the ranking waits; the machine's retry asks again, and counts.
 */
const rank = (
  turn: Turn,
  actor: ActorRef,
  { bids, barred }: { readonly bids: readonly Bid[]; readonly barred: readonly Did[] },
  market: Market,
): void => {
  const directory = freshDirectory(turn, market.parameters);
  if (directory === undefined) {
    tellAuction(turn, actor.id, { type: "REGISTRY_OLD" });
    return;
  }
  const need = needOf(actor.id);
  const { body } = specOf(turn, need);
  const { attempt } = viewOf(actor).context;
  // Whoever was paused since its bid is awarded nothing.
  const standing = bids.filter((bid) => !isPausedIn(directory, bid.worker));
  const scored = rankBids(
    standing.map((bid) => ({
      ...bid,
      reputation: reputationPpm(directory.rows.get(bid.worker)?.reputation[body.capability]),
      fit: FIT_WHOLE,
    })),
    body,
  );
  const ranked = scored.map(({ proposal, worker, price, etaMs, score }): RankedBid => ({
    proposal,
    worker,
    price,
    etaMs,
    score,
  }));
  turn.append("RANKING", need, {
    need,
    attempt,
    registry: directory.snapshot.revision,
    bids: ranked,
  } satisfies RankingBody);
  tellAuction(turn, actor.id, { type: "RANKED" });
  tellNeed(turn, need, { type: "RANKED", bids: ranked, barred });
};

/** Only workers that declare the capability are eligible, so every bid fits wholly. */
const FIT_WHOLE = 1_000_000;

export const auctionActorKind = (market: Market): ActorKind =>
  defineActor<unknown, AuctionEvent, AuctionInput, AuctionCommand>({
    kind: "auction",
    logic: logicOf<AuctionEvent, AuctionInput, AuctionCommand>(auctionMachine),
    handlers: {
      callForBids: (_params, actor, turn) => {
        for (const { to, notice } of bidNotices(actor, turn)) turn.notify(to, notice);
      },
      callForReveals: (_params, actor, turn) => {
        for (const { to, notice } of revealNotices(actor, turn, market)) turn.notify(to, notice);
      },
      rank: (params, actor, turn) => rank(turn, actor, params, market),
      reportNoBids: (_params, actor, turn) => tellNeed(turn, needOf(actor.id), { type: "NO_BIDS" }),
    },
    notices: (actor, view) =>
      viewOf(actor).value === "revealing"
        ? revealNotices(actor, view, market)
        : bidNotices(actor, view),
  });
