import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { localParameters, networkParameters } from "#domain/genesis/profiles.ts";
import { bidRefusal } from "#domain/market/bid-check.ts";
import { challengeBondLeast, performanceBond } from "#domain/market/bond.ts";
import { leaseTtl } from "#domain/market/lease-time.ts";
import { quorumSize } from "#domain/market/quorum-size.ts";
import { rankBids, scoreOf, type Scorable } from "#domain/market/score.ts";
import { RANKED_BIDS_MAX } from "#protocol/limits.ts";
import type { Tier } from "#protocol/words.ts";

const CREDIT = 1_000_000n;
const need = { bounty: 10n * CREDIT, deadlineMs: 1_000 };
const bid = (over: Partial<Scorable> = {}): Scorable => ({
  price: 5n * CREDIT,
  etaMs: 500,
  reputation: 500_000,
  fit: 1_000_000,
  ...over,
});

describe("a score", () => {
  it.each([
    ["half of everything and a whole fit", bid(), 550_000],
    [
      "free, at once, known, fitting",
      bid({ price: 0n, etaMs: 0, reputation: 1_000_000 }),
      1_000_000,
    ],
    ["all there is, as late as may be", bid({ price: need.bounty, etaMs: 1_000 }), 200_000],
    ["nothing known, nothing fits", bid({ reputation: 0, fit: 0 }), 350_000],
  ])("%s", (_name, scored, score) => {
    expect(scoreOf(scored, need)).toBe(score);
  });

  it("is from 0 to 1,000,000, and better by each part alone", () => {
    const bids = fc.record({
      price: fc.bigInt({ min: 0n, max: need.bounty }),
      etaMs: fc.nat(need.deadlineMs),
      reputation: fc.nat(1_000_000),
      fit: fc.nat(1_000_000),
    });
    fc.assert(
      fc.property(bids, bids, (a, b) => {
        const score = scoreOf(a, need);
        expect(Number.isInteger(score) && score >= 0 && score <= 1_000_000).toBe(true);
        const best = {
          price: a.price < b.price ? a.price : b.price,
          etaMs: Math.min(a.etaMs, b.etaMs),
          reputation: Math.max(a.reputation, b.reputation),
          fit: Math.max(a.fit, b.fit),
        };
        expect(scoreOf(best, need)).toBeGreaterThanOrEqual(score);
      }),
    );
  });
});

describe("a ranking", () => {
  it("is by score, then reputation, then place in the log", () => {
    // 30,000 ppm of reputation weigh as much as 20,000 ppm of the time.
    const ranked = rankBids(
      [
        { ...bid(), name: "first" },
        { ...bid(), name: "second" },
        { ...bid({ reputation: 530_000, etaMs: 520 }), name: "known" },
        { ...bid({ price: CREDIT }), name: "cheap" },
      ],
      need,
    );
    expect(ranked.map(({ name }) => name)).toEqual(["cheap", "known", "first", "second"]);
    expect(ranked[1]?.score).toBe(ranked[2]?.score);
  });

  it("does not depend on who else bids", () => {
    const alone = rankBids([bid()], need)[0]?.score;
    expect(rankBids([bid({ price: 0n }), bid()], need)[1]?.score).toBe(alone);
  });

  it("holds the best that its entry has room for, whatever came first", () => {
    const prices = Array.from({ length: RANKED_BIDS_MAX + 40 }, (_, i) => BigInt(i) * 10_000n);
    const ranked = rankBids(
      prices.toReversed().map((price) => bid({ price })),
      need,
    );
    expect(ranked.map(({ price }) => price)).toEqual(prices.slice(0, RANKED_BIDS_MAX));
  });
});

describe("a bid", () => {
  const open = { price: 5n * CREDIT, etaMs: 500, patch: [] };
  const earlier = (price: bigint) => ({ price });
  it.each([
    ["within the need's limits stands", open, undefined, undefined],
    ["at the limits stands", { ...open, price: need.bounty, etaMs: 1_000 }, undefined, undefined],
    ["above the bounty", { ...open, price: need.bounty + 1n }, undefined, "bounty"],
    ["later than the deadline", { ...open, etaMs: 1_001 }, undefined, "deadline"],
    ["1 % below one's own stands", { ...open, price: 99n }, earlier(100n), undefined],
    ["less than 1 % below one's own", { ...open, price: 100n }, earlier(101n), "1 %"],
    ["the same again", { ...open, price: 100n }, earlier(100n), "1 %"],
  ])("%s", (_name, said, before, detail) => {
    const refused = bidRefusal(said, need, before);
    if (detail === undefined) expect(refused).toBeUndefined();
    else expect(refused).toMatchObject({ code: "BID_INVALID" });
    if (detail !== undefined) expect(refused?.detail).toContain(detail);
  });
});

describe("K", () => {
  const size = (verifiers: number, tier: Tier, over: object = {}) => {
    const { kPlan, kResult } = quorumSize({
      tier,
      verifiers,
      bootstrap: false,
      parameters: networkParameters,
      ...over,
    });
    return [kPlan, kResult];
  };
  it.each([
    [0, "small", {}, [1, 2]],
    [6, "small", {}, [1, 2]],
    [7, "small", {}, [2, 2]],
    [10, "small", {}, [3, 3]],
    [17, "small", {}, [5, 5]],
    [1_000, "small", {}, [5, 5]],
    [0, "medium", {}, [1, 3]],
    [0, "high", {}, [3, 5]],
    [1_000, "small", { bootstrap: true }, [1, 1]],
    [0, "high", { bootstrap: true }, [3, 5]],
    [0, "small", { bootstrap: true, kPlan: 4, kResult: 6 }, [4, 6]],
    [10, "small", { kPlan: 1, kResult: 1 }, [3, 3]],
  ] as const)("of %d verifiers, %s, %o", (verifiers, tier, over, expected) => {
    expect(size(verifiers, tier, over)).toEqual(expected);
  });
});

describe("a lease", () => {
  const ttl = (askedMs: number, needRemainingMs = 1_000_000) =>
    leaseTtl({ askedMs, minMs: 60_000, maxMs: 300_000, needRemainingMs });
  it.each([
    ["lasts as asked", ttl(90_000), 90_000],
    ["lasts no longer than the policy allows", ttl(900_000), 300_000],
    ["lasts at least the minimum", ttl(1), 60_000],
    ["never outlives its need", ttl(90_000, 40_000), 40_000],
    ["of a need out of time lasts nothing", ttl(90_000, -5), 0],
  ])("%s", (_name, got, expected) => {
    expect(got).toBe(expected);
  });
});

describe("bonds", () => {
  it.each([
    ["small", 100_000n, 100_000n],
    ["medium", 200_000n, 200_000n],
    ["high", 500_000n, 500_000n],
  ] as const)("of tier %s are their share", (tier, performance, challenge) => {
    expect(performanceBond(CREDIT, tier, networkParameters)).toBe(performance);
    expect(challengeBondLeast(CREDIT, tier, networkParameters)).toBe(challenge);
  });

  it("are rounded up, so that something is never bonded by nothing", () => {
    expect(performanceBond(1n, "small", localParameters)).toBe(1n);
    expect(challengeBondLeast(11n, "small", localParameters)).toBe(2n);
    expect(performanceBond(0n, "small", localParameters)).toBe(0n);
  });
});
