/**
 * Auction (protocol section 10): open → (revealing) → ranked, or backoff → open …, or empty.
 *
 * A1  It closes early only when every eligible worker has answered; nothing else shortens it.
 * A2  A late bid extends the window, `extensionsMax` times at most.
 * A3  A hash that is not opened in time is no bid, and bars its bidder.
 * A4  One bid a worker: a later one replaces the earlier and takes its place in the order.
 */

import { assign, setup } from "xstate";
import type { Did, EnvelopeId, LogMs } from "#protocol/words.ts";
import type { AuctionCommand } from "./auction.commands.ts";
import type { AuctionEvent, AuctionInput, Bid } from "./auction.events.ts";

export interface SealedBid {
  readonly worker: Did;
  readonly proposal: EnvelopeId;
  readonly hash: Uint8Array;
}

export interface AuctionContext extends AuctionInput {
  readonly bids: readonly Bid[];
  readonly sealed: readonly SealedBid[];
  readonly passed: readonly Did[];
  /** Those who let a hash go unopened (A3). */
  readonly barred: readonly Did[];
  readonly reopenings: number;
  readonly extensions: number;
  /** What the window lasts from its opening or its last extension on. */
  readonly restMs: LogMs;
  /** Waited for a registry to rank by. */
  readonly waitedMs: LogMs;
}

type Ranked = Extract<AuctionCommand, { type: "rank" }>["params"];

const MILLION = 1_000_000;

/** The latest of each worker, in the order of the log. */
const latest = <T extends { readonly worker: Did }>(said: readonly T[], next: T): readonly T[] => [
  ...said.filter(({ worker }) => worker !== next.worker),
  next,
];

const unopened = ({ bids, sealed }: AuctionContext): readonly Did[] =>
  sealed.map(({ worker }) => worker).filter((did) => !bids.some(({ worker }) => worker === did));

const isComplete = ({ bids, sealed, passed, barred, eligible }: AuctionContext): boolean => {
  const answered = new Set([...[...bids, ...sealed].map(({ worker }) => worker), ...passed]);
  const awaited = eligible.filter((worker) => !barred.includes(worker));
  return awaited.length > 0 && awaited.every((worker) => answered.has(worker));
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
          ? latest(context.bids, event.bid)
          : context.bids,
    }),
    takeSealed: assign({
      sealed: ({ context, event }) => {
        if (event.type !== "SEALED_BID" || context.barred.includes(event.worker))
          return context.sealed;
        const { worker, proposal, hash } = event;
        return latest(context.sealed, { worker, proposal, hash });
      },
    }),
    takePass: assign({
      passed: ({ context, event }) =>
        event.type === "PASS" ? [...new Set([...context.passed, event.worker])] : context.passed,
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
    barUnopened: assign({
      barred: ({ context }) => [...new Set([...context.barred, ...unopened(context)])],
    }),
    /** Without a bid nothing was extended, so the window is whole again. */
    reopen: assign({
      reopenings: ({ context }) => context.reopenings + 1,
      passed: [],
      sealed: [],
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
    haveAllHidden: ({ context }) => isComplete(context) && context.sealed.length > 0,
    haveAllBid: ({ context }) => isComplete(context) && context.bids.length > 0,
    haveAllPassed: ({ context }) => isComplete(context) && isBarren(context) && mayReopen(context),
    haveAllPassedForGood: ({ context }) =>
      isComplete(context) && isBarren(context) && !mayReopen(context),
    hasWaitedOut: ({ context }) => context.waitedMs >= context.registryWaitMs,
    haveAllOpened: ({ context }) => unopened(context).length === 0,
  },
  delays: {
    windowTime: ({ context }) => context.restMs,
    revealTime: ({ context }) => context.revealMs,
    rankRetry: ({ context }) => context.askRetryMs,
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
    barred: [],
    reopenings: 0,
    extensions: 0,
    restMs: input.windowMs,
    waitedMs: 0,
  }),
  initial: "open",
  states: {
    open: {
      // Told again when the window is extended: the time that remains has changed.
      entry: "callForBids",
      always: [
        { guard: "haveAllHidden", target: "revealing" },
        { guard: "haveAllBid", target: "ranking" },
        { guard: "haveAllPassed", target: "backoff" },
        { guard: "haveAllPassedForGood", target: "empty" },
      ],
      after: {
        windowTime: [
          { guard: "hasSealed", target: "revealing" },
          { guard: "hasBids", target: "ranking" },
          { guard: "mayReopen", target: "backoff" },
          { target: "empty" },
        ],
      },
      on: {
        BID: [
          { guard: "isLate", target: "open", reenter: true, actions: ["takeBid", "extend"] },
          { actions: "takeBid" },
        ],
        SEALED_BID: { actions: "takeSealed" },
        PASS: { actions: "takePass" },
        ELIGIBLE: { actions: "takeEligible" },
      },
    },
    revealing: {
      entry: {
        type: "callForReveals",
        params: ({ context }) => ({ from: unopened(context) }),
      },
      always: { guard: "haveAllOpened", target: "ranking" },
      after: {
        revealTime: [
          { guard: "hasBids", target: "ranking", actions: "barUnopened" },
          { guard: "mayReopen", target: "backoff", actions: "barUnopened" },
          { target: "empty" },
        ],
      },
      on: { BID_REVEALED: { actions: "takeBid" } },
    },
    backoff: { after: { backoffTime: { target: "open", actions: "reopen" } } },
    ranking: {
      entry: {
        type: "rank",
        params: ({ context: { bids, barred } }) => ({ bids, barred }),
      },
      after: { rankRetry: { target: "ranking", reenter: true } },
      on: {
        RANKED: "ranked",
        REGISTRY_OLD: [
          { guard: "hasWaitedOut", target: "empty" },
          {
            actions: assign({ waitedMs: ({ context }) => context.waitedMs + context.askRetryMs }),
          },
        ],
      },
    },
    ranked: { type: "final" },
    empty: { type: "final", entry: "reportNoBids" },
  },
});
