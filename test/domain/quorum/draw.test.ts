import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha256 } from "#envelope/cid.ts";
import { localParameters, networkParameters, parametersOf } from "#domain/genesis/profiles.ts";
import { draw, gapOf, type DrawInput } from "#domain/quorum/draw.ts";
import { eligibleVerifiers, hasRoomFor, seatsPerOrg } from "#domain/quorum/eligible.ts";
import { entityOf, related } from "#domain/registry/relations.ts";
import { weights } from "#domain/registry/reputation.ts";
import type { AgentRow, RegistrySnapshot } from "#domain/registry/snapshot.ts";

const CREDIT = 1_000_000n;

const row = (did: string, over: Partial<AgentRow> = {}): AgentRow => ({
  did,
  name: did,
  roles: ["verifier"],
  capabilities: ["minify"],
  stake: 100n * CREDIT,
  org: `org-${did}`,
  reputation: {},
  lastActiveMs: 0,
  ...over,
});

const snapshotOf = (agents: readonly AgentRow[]): RegistrySnapshot => ({
  revision: 1,
  atMs: 0,
  bootstrap: false,
  agents: agents.toSorted((a, b) => (a.did < b.did ? -1 : 1)),
});

const seedOf = (text: string): Uint8Array => sha256(new TextEncoder().encode(text));

const inputOf = (agents: readonly AgentRow[], over: Partial<DrawInput> = {}): DrawInput => ({
  snapshot: snapshotOf(agents),
  rows: new Map(agents.map((agent) => [agent.did, agent])),
  parameters: networkParameters,
  capability: "minify",
  bounty: CREDIT,
  parties: [],
  seated: [],
  k: 2,
  seed: seedOf("seed"),
  nowMs: 0,
  ...over,
});

const orderOf = (input: DrawInput): string[] => draw(input).order.map(({ did }) => did);
const reasons = (input: DrawInput): Record<string, string> =>
  Object.fromEntries(draw(input).passed.map(({ did, why }) => [did, why]));

const mostly = fc.nat(9).map((n) => n > 0);
const swarms = fc.uniqueArray(
  fc.record({
    number: fc.nat(99),
    org: fc.option(fc.constantFrom("o1", "o2", "o3", "o4"), { nil: undefined }),
    controller: fc.option(fc.constantFrom("k1", "k2"), { nil: undefined }),
    stake: fc.bigInt({ min: 90n * CREDIT, max: 300n * CREDIT }),
    successes: fc.nat(50),
    verifies: mostly,
    knows: mostly,
  }),
  { selector: ({ number }) => number, maxLength: 25, size: "max" },
);
type Swarm = typeof swarms extends fc.Arbitrary<infer T> ? T : never;
const agentsOf = (swarm: Swarm): AgentRow[] =>
  swarm.map((one): AgentRow => {
    const { org: _org, ...bare } = row(`v${one.number}`, {
      stake: one.stake,
      roles: one.verifies ? ["verifier"] : ["worker"],
      capabilities: one.knows ? ["minify"] : ["other"],
      reputation: { minify: { successes: one.successes, failures: 3 } },
    });
    return {
      ...bare,
      ...(one.org === undefined ? {} : { org: one.org }),
      ...(one.controller === undefined ? {} : { controller: one.controller }),
    };
  });

describe("an order", () => {
  it("is the one that this seed has always given", () => {
    const agents = Array.from({ length: 9 }, (_, n) =>
      row(`v${n}`, { stake: BigInt(100 + 25 * n) * CREDIT }),
    );
    const orders = ["first", "second", "third"].map((text) =>
      orderOf(inputOf(agents, { seed: seedOf(text) })).join(" "),
    );
    expect(orders).toEqual([
      "v5 v4 v1 v7 v6 v3 v2 v8 v0",
      "v5 v7 v6 v1 v4 v2 v8 v3 v0",
      "v6 v7 v8 v2 v5 v1 v3 v4 v0",
    ]);
  });

  it("has no seed but one of 32 bytes", () => {
    const input = inputOf([row("v1")], { seed: new Uint8Array(31) });
    expect(() => draw(input)).toThrow("a draw's seed has 32 bytes");
  });

  it("has distinct, eligible, unrelated, diverse agents, whoever is in the swarm", () => {
    let seatedOnce = 0;
    const run = (swarm: Swarm, k: number, bounty: bigint, text: string): void => {
      const agents = agentsOf(swarm);
      const parties = agents.slice(0, 2).map(({ did }) => did);
      const input = inputOf(agents, { k, bounty, parties, seed: seedOf(text) });
      const { order, passed } = draw(input);
      const rows = order.map(({ did }) => input.rows.get(did)!);
      seatedOnce += order.length;
      expect(new Set(rows).size, "P6: distinct").toBe(order.length);
      const byOrg = new Map<string, number>();
      for (const one of rows) {
        expect(one.roles.includes("verifier") && one.capabilities.includes("minify")).toBe(true);
        const least = [100n * CREDIT, bounty].reduce((a, b) => (a > b ? a : b));
        expect(one.stake >= least, "P6: staked").toBe(true);
        for (const party of parties)
          expect(related(one, input.rows.get(party)!), "E4: unrelated").toBe(false);
        byOrg.set(entityOf(one), (byOrg.get(entityOf(one)) ?? 0) + 1);
      }
      const most = seatsPerOrg(2 * k - 1, input.parameters);
      for (const count of byOrg.values()) expect(count, "P6: diverse").toBeLessThanOrEqual(most);
      const verifiers = agents.filter(
        (one) => one.roles.includes("verifier") && one.capabilities.includes("minify"),
      );
      const named = [...order, ...passed].map(({ did }) => did);
      expect(named.toSorted(), "everybody is placed or explained").toEqual(
        verifiers.map(({ did }) => did).toSorted(),
      );
      expect(draw({ ...input }), "recomputable").toEqual({ order, passed });
      for (const wanted of [1, k]) {
        const first = draw({ ...input, wanted }).order;
        expect(first, "as far as it is wanted").toEqual(order.slice(0, wanted));
      }
    };
    const bounty = fc.bigInt({ min: 0n, max: 200n * CREDIT });
    fc.assert(fc.property(swarms, fc.integer({ min: 1, max: 5 }), bounty, fc.string(), run), {
      numRuns: 300,
    });
    expect(seatedOnce).toBeGreaterThan(100);
  });

  it("stays distinct and diverse over all rounds, whoever is skipped in each", () => {
    let again = 0;
    const run = (swarm: Swarm, k: number, skips: readonly boolean[], text: string): void => {
      const agents = agentsOf(swarm);
      const most = seatsPerOrg(2 * k - 1, networkParameters);
      const seated: string[] = [];
      for (let round = 0; round < 3; round += 1) {
        const seed = seedOf(`${text} ${round}`);
        const drawn = draw(inputOf(agents, { k, seated, seed }));
        // The ledger locks along the order and skips whoever has too little free stake.
        const kept = drawn.order.filter((_, i) => skips[(i + 5 * round) % skips.length] !== true);
        if (round > 0) again += kept.length;
        seated.push(...kept.slice(0, round === 0 ? 2 * k - 1 : k).map(({ did }) => did));
        expect(new Set(seated).size, "P6: nobody sits twice").toBe(seated.length);
        const orgs = seated.map((did) => entityOf(agents.find((one) => one.did === did)));
        for (const org of orgs)
          expect(orgs.filter((one) => one === org).length, "P6").toBeLessThanOrEqual(most);
      }
    };
    const skips = fc.array(fc.boolean(), { minLength: 1, maxLength: 25 });
    const ks = fc.integer({ min: 1, max: 5 });
    fc.assert(fc.property(swarms, ks, skips, fc.string(), run), { numRuns: 200 });
    expect(again, "later rounds had somebody to draw").toBeGreaterThan(50);
  });

  it("follows from seed, revision and question alone, not from the order of the rows", () => {
    const agents = ["a", "b", "c", "d", "e"].map((did) => row(did));
    const order = orderOf(inputOf(agents));
    expect(orderOf(inputOf(agents.toReversed()))).toEqual(order);
    const others = Array.from({ length: 20 }, (_, i) =>
      orderOf(inputOf(agents, { seed: seedOf(`${i}`) })).join(),
    );
    expect(new Set(others).size).toBeGreaterThan(10);
  });

  it("does not change for those who are left when another is seated already", () => {
    const agents = ["a", "b", "c"].map((did) => row(did));
    const input = inputOf(agents, { seated: ["b"] });
    expect(orderOf(input).toSorted()).toEqual(["a", "c"]);
    expect(reasons(input)).toEqual({ b: "seated" });
  });

  it("says of everybody else why", () => {
    const agents = [
      row("a"),
      row("b", { org: "org-w" }),
      row("c", { controller: "w" }),
      row("g", { controller: "requester" }),
      row("d", { stake: 99n * CREDIT }),
      row("e", { roles: ["worker"] }),
      row("f", { capabilities: ["other"] }),
      row("w", { org: "org-w" }),
      row("x", { org: "org-a" }),
    ];
    const input = inputOf(agents, { parties: ["requester", "w"], k: 1 });
    const { order } = draw(input);
    const [first] = order;
    expect(order).toHaveLength(1);
    expect(["a", "x"]).toContain(first?.did);
    expect(reasons(input)).toEqual({
      b: "related",
      c: "related",
      g: "related",
      d: "stake",
      w: "party",
      [first?.did === "a" ? "x" : "a"]: "diversity",
    });
  });

  it("asks of a judge a stake of the bounty, and 10 credits where the pool asks less", () => {
    const parameters = parametersOf("network", { verifyStakeMin: 1n });
    const agents = [row("a", { stake: 10n * CREDIT }), row("b", { stake: 10n * CREDIT - 1n })];
    expect(orderOf(inputOf(agents, { parameters }))).toEqual(["a"]);
    expect(orderOf(inputOf(agents, { parameters, bounty: 11n * CREDIT }))).toEqual([]);
  });
});

describe("chance", () => {
  /** How often each comes first over fixed seeds. */
  const firsts = (agents: readonly AgentRow[], draws: number): Map<string, number> => {
    const counts = new Map<string, number>();
    for (let i = 0; i < draws; i += 1) {
      const [first] = draw(inputOf(agents, { seed: seedOf(`draw ${i}`) })).order;
      counts.set(first!.org, (counts.get(first!.org) ?? 0) + 1);
    }
    return counts;
  };

  it("goes by weight: chi-square over 4,000 draws with fixed seeds", () => {
    const agents = [100n, 400n, 900n, 1_600n].map((stake, i) =>
      row(`v${i}`, { stake: stake * CREDIT }),
    );
    const weighed = weights(agents, "minify", 0, networkParameters.weightStakeMax);
    const total = Number([...weighed.values()].reduce((a, b) => a + b, 0n));
    const counts = firsts(agents, 4_000);
    let chi = 0;
    for (const agent of agents) {
      const expected = (4_000 * Number(weighed.get(agent.did))) / total;
      chi += ((counts.get(agent.org!) ?? 0) - expected) ** 2 / expected;
    }
    // 99.9 % of fair draws stay below this with three degrees of freedom.
    expect(chi).toBeLessThan(16.27);
  });

  it("is not raised by splitting a stake among agents of one org", () => {
    const others = ["a", "b", "c"].map((did) => row(did, { stake: 400n * CREDIT }));
    const whole = firsts([...others, row("s", { org: "s", stake: 400n * CREDIT })], 3_000);
    const parts = ["s1", "s2", "s3", "s4"].map((did) => row(did, { org: "s" }));
    const split = firsts([...others, ...parts], 3_000);
    // Both are a quarter; 4 standard deviations of one are 95.
    expect(Math.abs((whole.get("s") ?? 0) - 750)).toBeLessThan(95);
    expect(Math.abs((split.get("s") ?? 0) - 750)).toBeLessThan(95);
  });

  it("is fair in every place: equals come in each order equally often", () => {
    const agents = ["a", "b", "c"].map((did) => row(did));
    const counts = new Map<string, number>();
    for (let i = 0; i < 3_000; i += 1) {
      const order = orderOf(inputOf(agents, { seed: seedOf(`order ${i}`) })).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    const orders = ["abc", "acb", "bac", "bca", "cab", "cba"];
    const chi = orders.reduce((sum, one) => sum + ((counts.get(one) ?? 0) - 500) ** 2 / 500, 0);
    // 99.9 % of fair draws stay below this with five degrees of freedom.
    expect(chi).toBeLessThan(20.52);
  });
});

describe("a gap", () => {
  it("is named: too many of few orgs, or too few at all", () => {
    const same = ["a", "b", "c", "d"].map((did) => row(did, { org: "one" }));
    const drawn = draw(inputOf(same, { k: 2 }));
    expect(drawn.order).toHaveLength(1);
    expect(gapOf(drawn, 1)).toBeUndefined();
    expect(gapOf(drawn, 2)).toBe("DIVERSITY_UNMET");
    expect(gapOf(drawn, 5)).toBe("QUORUM_UNAVAILABLE");
  });

  it("agents without an attested org are one org together", () => {
    const strangers = ["a", "b", "c"].map((did) => {
      const { org: _org, ...bare } = row(did);
      return bare;
    });
    expect(draw(inputOf(strangers)).order).toHaveLength(1);
  });

  it("is found before the need is taken", () => {
    const agents = [...["a", "b"].map((did) => row(did)), row("w", { roles: ["worker"] })];
    const input = inputOf(agents);
    const room = (k: number, workers: readonly string[]): boolean =>
      hasRoomFor({
        k,
        pool: eligibleVerifiers(input.snapshot, "minify", localParameters, CREDIT),
        requester: "requester",
        workers,
        rows: input.rows,
        parameters: localParameters,
      });
    expect(room(2, ["w"])).toBe(true);
    expect(room(3, ["w"])).toBe(false);
    expect(room(2, ["a"]), "a worker does not judge itself").toBe(false);
    expect(room(2, ["a", "w"]), "one worker that can be judged is enough").toBe(true);
    expect(room(1, [])).toBe(false);
  });
});

describe("seats of one org", () => {
  it.each([
    [1, 1],
    [3, 1],
    [5, 2],
    [9, 3],
  ])("of %d are %d at 30 %%", (seats, most) => {
    expect(seatsPerOrg(seats, networkParameters)).toBe(most);
  });
});
