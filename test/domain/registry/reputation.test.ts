import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  entitiesOf,
  integerSqrt,
  recencyPpm,
  reputationPpm,
  weight,
  weights,
} from "#domain/registry/reputation.ts";
import { related, relatedBy } from "#domain/registry/relations.ts";
import type { AgentRow } from "#domain/registry/snapshot.ts";
import { CREDIT, DAY_MS } from "../ledger/books.ts";

const row = (did: string, over: Partial<AgentRow> = {}): AgentRow => ({
  did,
  name: did,
  roles: ["verifier"],
  capabilities: ["c"],
  stake: 100n * CREDIT,
  reputation: {},
  lastActiveMs: 0,
  ...over,
});

describe("reputation", () => {
  const counts = fc.nat(100_000);

  it("never falls by a success and never rises by a failure", () => {
    fc.assert(
      fc.property(counts, counts, (successes, failures) => {
        const here = reputationPpm({ successes, failures });
        const better = reputationPpm({ successes: successes + 1, failures });
        const worse = reputationPpm({ successes, failures: failures + 1 });
        expect(better).toBeGreaterThanOrEqual(here);
        expect(worse).toBeLessThanOrEqual(here);
      }),
      { numRuns: 2_000 },
    );
  });

  it("never falls by a success along a whole career, nor rises by a failure", () => {
    const alongS = Array.from({ length: 400 }, (_, s) =>
      reputationPpm({ successes: s, failures: 7 }),
    );
    const alongF = Array.from({ length: 400 }, (_, f) =>
      reputationPpm({ successes: 7, failures: f }),
    );
    expect(alongS).toEqual(alongS.toSorted((a, b) => a - b));
    expect(alongF).toEqual(alongF.toSorted((a, b) => b - a));
  });

  it("is at least 50,000 and below 1,000,000 ppm", () => {
    expect(reputationPpm({ successes: 0, failures: 10_000 })).toBe(50_000);
    const best = reputationPpm({ successes: 1_000_000, failures: 0 });
    expect(best).toBeGreaterThan(999_990);
    expect(best).toBeLessThan(1_000_000);
  });

  /** The same formula in floating point; here it may be wrong by a part per million. */
  it("is Wilson's bound of two more successes and failures", () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.nat(1_000), (successes, failures) => {
        const q = 1.644854 ** 2;
        const k = 2 + successes;
        const n = 4 + successes + failures;
        const root = Math.sqrt(q * q + (4 * q * k * (n - k)) / n);
        const bound = Math.max(0.05, (2 * k + q - root) / (2 * (n + q)));
        expect(Math.abs(reputationPpm({ successes, failures }) - bound * 1e6)).toBeLessThan(2);
      }),
    );
  });

  it("begins low, and evidence of one requester lifts it to two thirds at most", () => {
    expect(reputationPpm(undefined)).toBe(182_400);
    expect(reputationPpm({ successes: 10, failures: 0 })).toBeLessThan(670_000);
  });
});

describe("recency", () => {
  it.each([
    [0, 1_000_000],
    [1, 1_000_000],
    [15.5, 750_000],
    [30, 500_000],
    [300, 500_000],
  ])("after %d days is %d ppm", (days, ppm) => {
    expect(recencyPpm(5, 5 + days * DAY_MS)).toBe(ppm);
  });
});

/** Credits: the network's default. */
const STAKE_MAX = 10_000n * CREDIT;

describe("weight", () => {
  it("has an exact integer root", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 40n }), (n) => {
        const root = integerSqrt(n);
        expect(root * root <= n && n < (root + 1n) * (root + 1n)).toBe(true);
      }),
    );
  });

  it("grows with the root of the stake", () => {
    const pool = [row("a", { org: "a" }), row("b", { org: "b", stake: 400n * CREDIT })];
    const all = weights(pool, "c", 0, STAKE_MAX);
    expect(all.get("b")).toBe(all.get("a")! * 2n);
    expect(weights([row("z", { stake: 0n })], "c", 0, STAKE_MAX).get("z")).toBe(0n);
  });

  const stakes = fc.array(fc.bigInt({ min: 1n, max: 1_000n }), { minLength: 1, maxLength: 6 });
  const others = [
    row("x", { stake: 300n }),
    row("y", { stake: 50n, org: "y" }),
    row("z", { stake: 7n }),
  ];
  const sumOf = (pool: AgentRow[], own: (did: string) => boolean): bigint =>
    [...weights(pool, "c", 0, STAKE_MAX)].reduce((sum, [did, w]) => sum + (own(did) ? w : 0n), 0n);

  it.each([
    ["an attested org", { org: "mine" }],
    ["an agent without an org", {}],
  ])("of %s is not raised by dividing its stake", (_, labels) => {
    fc.assert(
      fc.property(stakes, (parts) => {
        const whole = parts.reduce((sum, part) => sum + part, 0n);
        const isMine = (did: string) => did.startsWith("m");
        const split = parts.map((stake, i) => row(`m${i}`, { ...labels, stake }));
        const one = sumOf([...others, row("m", { ...labels, stake: whole })], isMine);
        expect(sumOf([...others, ...split], isMine)).toBeLessThanOrEqual(one);
      }),
    );
  });

  it("is not raised by splitting an entity into n agents, above, at or below the cap", () => {
    const stakeMax = 1_000n;
    const labels = fc.constantFrom({ org: "mine" }, {});
    const successes = fc.integer({ min: 0, max: 40 });
    fc.assert(
      fc.property(stakes, labels, successes, (parts, own, good) => {
        const evidence = { reputation: { c: { successes: good, failures: 2 } } };
        const mine = (did: string, stake: bigint) => row(did, { ...own, ...evidence, stake });
        const total = (pool: AgentRow[]): bigint =>
          [...weights([...others, ...pool], "c", 0, stakeMax)].reduce(
            (sum, [did, w]) => sum + (did.startsWith("m") ? w : 0n),
            0n,
          );
        const whole = parts.reduce((sum, part) => sum + part, 0n);
        const one = total([mine("m", whole)]);
        expect(total(parts.map((stake, i) => mine(`m${i}`, stake)))).toBeLessThanOrEqual(one);
        // Never above what the cap alone would weigh.
        expect(one).toBeLessThanOrEqual(total([mine("m", stakeMax * 1_000n)]));
      }),
    );
  });

  it("of a rich entity is that of the cap", () => {
    const of = (stake: bigint): bigint | undefined =>
      weights([row("a", { org: "o", stake })], "c", 0, STAKE_MAX).get("a");
    expect(of(STAKE_MAX)).toBe(of(1_000n * STAKE_MAX));
    expect(of(STAKE_MAX)).toBeGreaterThan(of(STAKE_MAX / 2n)!);
  });

  it("is shared equally among an org's agents, whatever each has staked", () => {
    const pool = [row("a", { org: "o" }), row("b", { org: "o", stake: 300n * CREDIT })];
    const weighing = { entities: entitiesOf(pool), stakeMax: STAKE_MAX };
    const shares = pool.map((agent) => weight(agent, "c", 0, weighing));
    expect(shares[0]).toBe(shares[1]);
    expect(shares[0]).toBe((20_000_000_000n * 182_400n) / 2_000_000n);
  });

  it("counts all without an org as one", () => {
    const crowd = Array.from({ length: 50 }, (_, i) => row(`s${i}`, { stake: 2n * CREDIT }));
    const org = [row("o", { org: "o" })];
    const all = sumOf([...crowd, ...org], (did) => did.startsWith("s"));
    const one = sumOf([...crowd, ...org], (did) => did === "o");
    expect(all <= one && one - all < 100n).toBe(true);
  });
});

describe("relations", () => {
  it.each([
    ["an agent and itself", { did: "a" }, { did: "a" }, true],
    ["strangers", { did: "a" }, { did: "b" }, false],
    ["one org", { did: "a", org: "o" }, { did: "b", org: "o" }, true],
    ["two orgs", { did: "a", org: "o" }, { did: "b", org: "p" }, false],
    ["one controller", { did: "a", controller: "k" }, { did: "b", controller: "k" }, true],
    ["two controllers", { did: "a", controller: "k" }, { did: "b", controller: "l" }, false],
    ["controller and controlled", { did: "a" }, { did: "b", controller: "a" }, true],
    ["each other's", { did: "a", controller: "b" }, { did: "b", controller: "a" }, true],
  ])("%s", (_, a, b, expected) => {
    expect(related(a, b)).toBe(expected);
    expect(related(b, a)).toBe(expected);
  });

  it("hold for ids without a row", () => {
    const isRelated = relatedBy((did) => (did === "b" ? { did, controller: "a" } : undefined));
    expect([isRelated("a", "b"), isRelated("a", "a"), isRelated("a", "c")]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
