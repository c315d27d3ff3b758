import { describe, expect, it } from "vitest";
import type { AuctionCommand } from "#machines/auction/auction.commands.ts";
import type { AuctionEvent, AuctionInput } from "#machines/auction/auction.events.ts";
import { auctionMachine } from "#machines/auction/auction.machine.ts";
import { drive } from "./driver.ts";
import { auctionInput, bid, sealedBid } from "./subjects.ts";

const auction = (input: Partial<AuctionInput>, ...events: AuctionEvent[]) => {
  const driven = drive<AuctionEvent, AuctionCommand>(auctionMachine, { ...auctionInput, ...input });
  driven.send(...events);
  return {
    ...driven,
    ranked: () => driven.last("rank")?.params.bids.map(({ proposal }) => proposal),
    barred: () => driven.last("rank")?.params.barred,
  };
};
const bids = (worker: string, price = 2_000_000n, remainingMs = 900): AuctionEvent => ({
  type: "BID",
  bid: bid(worker, price),
  remainingMs,
});
const passes = (worker: string): AuctionEvent => ({ type: "PASS", worker });
const opens = (worker: string): AuctionEvent => ({ type: "BID_REVEALED", bid: bid(worker) });

describe("an open auction", () => {
  it("closes early when every eligible worker has answered", () => {
    const subject = auction({}, bids("w1"));
    expect(subject.value()).toBe("open");
    subject.send(passes("w2"));
    expect(subject.ranked()).toEqual(["proposal-w1-2000000"]);
  });

  it("does not close early while it knows of nobody", () => {
    const subject = auction({ eligible: [] }, bids("w1"));
    expect(subject.value()).toBe("open");
    subject.pass("windowTime");
    expect(subject.ranked()).toHaveLength(1);
  });

  it("waits for workers that come while bids are taken", () => {
    const subject = auction({}, { type: "ELIGIBLE", workers: ["w1", "w2", "w3"] });
    subject.send(bids("w1"), bids("w2"));
    expect(subject.value()).toBe("open");
    subject.send({ type: "ELIGIBLE", workers: ["w1", "w2"] });
    expect(subject.ranked()).toHaveLength(2);
  });

  it("a later bid of one worker replaces its earlier one and its place", () => {
    const subject = auction({ eligible: ["w1", "w2", "w3"] });
    subject.send(bids("w1"), bids("w2"), bids("w1", 1_000_000n));
    subject.pass("windowTime");
    expect(subject.ranked()).toEqual(["proposal-w2-2000000", "proposal-w1-1000000"]);
  });

  it("a bid in the last stretch extends the window, never shortens it, twice at most here", () => {
    const subject = auction({ eligible: ["w1", "w2", "w3"] });
    subject.send(bids("w1", 2_000_000n, 300));
    expect(subject.delayOf("windowTime")).toBe(1_000);
    expect(subject.send(bids("w1", 1_900_000n, 150))).toEqual([{ type: "callForBids" }]);
    expect(subject.delayOf("windowTime")).toBe(350);
    subject.send(bids("w2", 1_900_000n, 0));
    expect(subject.delayOf("windowTime")).toBe(200);
    expect(subject.send(bids("w2", 1_800_000n, 10))).toEqual([]);
    expect(subject.delayOf("windowTime")).toBe(200);
  });

  it("without bids opens again after 1, 2, 4 … s and a little more, then reports no bids", () => {
    const subject = auction({ reopeningsMax: 3, jitterPpm: 1_000_000, backoffMaxMs: 3_000 });
    for (const delay of [1_100, 2_200, 3_300]) {
      subject.pass("windowTime");
      expect(subject.delayOf("backoffTime")).toBe(delay);
      expect(subject.pass("backoffTime")).toEqual([{ type: "callForBids" }]);
    }
    expect(subject.pass("windowTime")).toEqual([{ type: "reportNoBids" }]);
    expect(subject.isDone()).toBe(true);
  });

  it("asks again those who passed, with the whole window", () => {
    const subject = auction({}, bids("w3", 2_000_000n, 100));
    const none = auction({}, passes("w1"), passes("w2"));
    expect(none.value()).toBe("backoff");
    none.pass("backoffTime");
    expect([none.value(), none.delayOf("windowTime")]).toEqual(["open", 1_000]);
    none.send(passes("w1"), passes("w2"));
    expect(none.last("reportNoBids")).toBeDefined();
    expect(subject.delayOf("windowTime")).toBe(300);
  });
});

describe("a sealed auction", () => {
  const sealed = (...events: AuctionEvent[]) => auction({ mode: "sealed" }, ...events);

  it("asks for openings once all have answered, and ranks when all are open", () => {
    const subject = sealed(sealedBid("w1"), sealedBid("w2"));
    expect(subject.commands.at(-1)).toEqual({
      type: "callForReveals",
      params: { from: ["w1", "w2"] },
    });
    subject.send(opens("w2"), opens("w1"));
    expect([subject.ranked(), subject.barred()]).toEqual([
      ["proposal-w2-2000000", "proposal-w1-2000000"],
      [],
    ]);
  });

  it("a hash that stays closed is no bid and bars its bidder", () => {
    const subject = sealed(sealedBid("w1"), sealedBid("w2"), opens("w1"));
    subject.pass("revealTime");
    expect([subject.ranked(), subject.barred()]).toEqual([["proposal-w1-2000000"], ["w2"]]);
  });

  it("who was barred is neither heard nor waited for when it opens again", () => {
    const subject = sealed(sealedBid("w1"), passes("w2"));
    subject.pass("revealTime");
    expect(subject.value()).toBe("backoff");
    subject.pass("backoffTime");
    subject.send(sealedBid("w1"), sealedBid("w2"));
    expect(subject.value()).toBe("revealing");
    subject.send(opens("w2"));
    expect([subject.ranked(), subject.barred()]).toEqual([["proposal-w2-2000000"], ["w1"]]);
  });
});
