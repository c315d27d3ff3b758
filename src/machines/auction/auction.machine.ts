/**
 * Auction (protocol section 10): open → (extended) → (revealing) → ranked, or backoff → open …, or empty.
 *
 * A1  It closes early only when every eligible worker has answered.
 * A2  A late bid extends the window, `extensionsMax` times at most; nothing shortens it.
 * A3  A hash that is not opened in time is no bid, and bars its bidder.
 */

import { assign, setup } from "xstate";
import type { Did } from "#protocol/words.ts";
import type { AuctionCommand } from "./auction.commands.ts";
import type { AuctionEvent, AuctionInput, Bid } from "./auction.events.ts";

export interface SealedBid {
  readonly worker: Did;
  readonly proposal: string;
  readonly hash: Uint8Array;
}

export interface AuctionContext extends AuctionInput {
  readonly bids: readonly Bid[];
  readonly sealed: readonly SealedBid[];
  readonly passed: readonly Did[];
  readonly reopenings: number;
  readonly extensions: number;
  /** What is left of the window after the last extension. */
  readonly restMs: number;
}

type Ranked = Extract<AuctionCommand, { type: "rank" }>["params"];

const answered = ({ bids, sealed, passed }: AuctionContext): Set<Did> =>
  new Set([...bids.map((b) => b.worker), ...sealed.map((s) => s.worker), ...passed]);

const withBid = (bids: readonly Bid[], bid: Bid): readonly Bid[] => [
  ...bids.filter((other) => other.worker !== bid.worker),
  bid,
];

const MILLION = 1_000_000;

const taking = {
  BID: [
    {
      guard: "isLate" as const,
      target: "extended" as const,
      reenter: true,
      actions: ["takeBid" as const, "extend" as const],
    },
    { actions: "takeBid" as const },
  ],
  SEALED_BID: { actions: "takeSealed" as const },
  PASS: { actions: "takePass" as const },
  ELIGIBLE: { actions: "takeEligible" as const },
};

const closing = [
  { guard: "hasSealed" as const, target: "revealing" as const },
  { guard: "hasBids" as const, target: "ranked" as const },
  { guard: "mayReopen" as const, target: "backoff" as const },
  { target: "empty" as const },
];

const early = [
  { guard: "allSealed" as const, target: "revealing" as const },
  { guard: "allBid" as const, target: "ranked" as const },
  { guard: "allPassed" as const, target: "backoff" as const },
  { guard: "allPassedForGood" as const, target: "empty" as const },
];

const isComplete = (context: AuctionContext): boolean => {
  const have = answered(context);
  return context.eligible.length > 0 && context.eligible.every((worker) => have.has(worker));
};
const isBarren = ({ bids, sealed }: AuctionContext): boolean =>
  bids.length === 0 && sealed.length === 0;
const mayReopen = ({ reopenings, reopeningsMax }: AuctionContext): boolean =>
  reopenings < reopeningsMax;

export const auctionMachine = setup({
  types: {} as { context: AuctionContext; events: AuctionEvent; input: AuctionInput },
  actions: {
    callForBids: () => {},
    callForReveals: (_, _params: { readonly from: readonly Did[] }) => {},
    rank: (_, _params: Ranked) => {},
    reportNoBids: () => {},
    takeBid: assign({
      bids: ({ context, event }) =>
        event.type === "BID" || event.type === "BID_REVEALED"
          ? withBid(context.bids, event.bid)
          : context.bids,
    }),
    takeSealed: assign({
      sealed: ({ context, event }) =>
        event.type === "SEALED_BID"
          ? [
              ...context.sealed.filter((other) => other.worker !== event.worker),
              { worker: event.worker, proposal: event.proposal, hash: event.hash },
            ]
          : context.sealed,
    }),
    takePass: assign({
      passed: ({ context, event }) =>
        event.type === "PASS" ? [...context.passed, event.worker] : context.passed,
    }),
    takeEligible: assign({
      eligible: ({ context, event }) =>
        event.type === "ELIGIBLE" ? event.workers : context.eligible,
    }),
    extend: assign({
      extensions: ({ context }) => context.extensions + 1,
      restMs: ({ context, event }) =>
        event.type === "BID" ? event.remainingMs + context.extensionMs : context.restMs,
    }),
    reopen: assign({
      reopenings: ({ context }) => context.reopenings + 1,
      passed: [],
      sealed: [],
      extensions: 0,
    }),
  },
  guards: {
    isLate: ({ context, event }) =>
      event.type === "BID" &&
      event.remainingMs < context.extensionMs &&
      context.extensions < context.extensionsMax,
    hasSealed: ({ context }) => context.sealed.length > 0,
    hasBids: ({ context }) => context.bids.length > 0,
    mayReopen: ({ context }) => mayReopen(context),
    allSealed: ({ context }) => isComplete(context) && context.sealed.length > 0,
    allBid: ({ context }) => isComplete(context) && context.bids.length > 0,
    allPassed: ({ context }) => isComplete(context) && isBarren(context) && mayReopen(context),
    allPassedForGood: ({ context }) =>
      isComplete(context) && isBarren(context) && !mayReopen(context),
    allRevealed: ({ context }) =>
      context.sealed.every((s) => context.bids.some((b) => b.worker === s.worker)),
  },
  delays: {
    windowTime: ({ context }) => context.windowMs,
    extendedTime: ({ context }) => context.restMs,
    revealTime: ({ context }) => context.revealMs,
    /** 1 s · 2ⁿ, capped, and up to a tenth of it more: needs that failed together come back apart. */
    backoffTime: ({ context }) => {
      const base = Math.min(context.backoffMs * 2 ** context.reopenings, context.backoffMaxMs);
      return base + Math.floor((base * context.jitterPpm) / (10 * MILLION));
    },
  },
}).createMachine({
  id: "auction",
  version: "1",
  context: ({ input }) => ({
    ...input,
    bids: [],
    sealed: [],
    passed: [],
    reopenings: 0,
    extensions: 0,
    restMs: 0,
  }),
  initial: "open",
  states: {
    open: {
      entry: "callForBids",
      always: early,
      after: { windowTime: closing },
      on: taking,
    },
    extended: { always: early, after: { extendedTime: closing }, on: taking },
    revealing: {
      entry: {
        type: "callForReveals",
        params: ({ context }) => ({ from: context.sealed.map((s) => s.worker) }),
      },
      always: { guard: "allRevealed", target: "ranked" },
      after: {
        revealTime: [
          { guard: "hasBids", target: "ranked" },
          { guard: "mayReopen", target: "backoff" },
          { target: "empty" },
        ],
      },
      on: { BID_REVEALED: { actions: "takeBid" } },
    },
    backoff: { after: { backoffTime: { target: "open", actions: "reopen" } } },
    ranked: {
      type: "final",
      entry: {
        type: "rank",
        params: ({ context }) => ({
          bids: context.bids,
          barred: context.sealed
            .filter((s) => !context.bids.some((b) => b.worker === s.worker))
            .map((s) => s.worker),
        }),
      },
    },
    empty: { type: "final", entry: "reportNoBids" },
  },
});
