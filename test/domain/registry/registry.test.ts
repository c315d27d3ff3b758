import { decode, encode } from "@ipld/dag-cbor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeRegistry, encodeRegistry } from "#domain/registry/codec.ts";
import { BOOTSTRAP_HOLD_MS, IDLE_HALVING_MS } from "#domain/registry/limits.ts";
import {
  createRegistry,
  isRegistered,
  learn,
  publish,
  register,
  relatedNow,
  rowOf,
  setStake,
  tickRegistry,
  touch,
} from "#domain/registry/registry.ts";
import type { RegistryState } from "#domain/registry/registry.ts";
import type { Role } from "#protocol/bodies.ts";
import { CREDIT, DAY_MS, parameters } from "../ledger/books.ts";

const TEN_SECONDS = 10_000;

const registration = (did: string, over: { org?: string; stake?: bigint } = {}) => ({
  did,
  manifest: { name: did, roles: ["verifier"] as Role[], capabilities: ["c"] },
  labels: over.org === undefined ? {} : { org: over.org },
  stake: over.stake ?? 100n * CREDIT,
});

const registryWith = (...dids: string[]): RegistryState => {
  const state = createRegistry(parameters);
  for (const did of dids) register(state, registration(did));
  return state;
};

const gain = (agent: string, success: boolean, requester: string, weight = 1_000_000) => ({
  agent,
  capability: "c",
  success,
  requester,
  weight,
});

const evidence = (state: RegistryState, did: string) => rowOf(state, did)?.reputation["c"];

describe("publication", () => {
  it("gives rows sorted by did, with labels only where they are attested", () => {
    const state = registryWith("b", "a");
    register(state, { ...registration("c", { org: "o" }), controller: "k" });
    const { agents, revision } = publish(state);
    expect(agents.map(({ did }) => did)).toEqual(["a", "b", "c"]);
    expect(agents[2]).toMatchObject({ org: "o", controller: "k", stake: 100n * CREDIT });
    expect(Object.keys(agents[0]!)).not.toContain("org");
    expect(revision).toBe(1);
  });

  it("takes a new revision when who may be drawn has changed, and keeps it otherwise", () => {
    const state = registryWith("a");
    const first = publish(state);
    expect(publish(state)).toBe(first);
    setStake(state, "a", 100n * CREDIT);
    expect(publish(state)).toBe(first);
    setStake(state, "a", 99n * CREDIT);
    expect(publish(state).revision).toBe(2);
    register(state, registration("b"));
    expect(publish(state).revision).toBe(3);
  });

  it("comes again every ten seconds, with the evidence of the meantime", () => {
    const state = registryWith("a");
    const first = publish(state);
    learn(state, gain("a", true, "r"));
    tickRegistry(state, TEN_SECONDS - 1);
    expect(publish(state)).toBe(first);
    tickRegistry(state, TEN_SECONDS);
    const second = publish(state);
    expect(second).toMatchObject({ revision: 2, atMs: TEN_SECONDS });
    expect(second.agents[0]!.reputation).toEqual({ c: { successes: 1, failures: 0 } });
  });

  it.each([1_000, 200_000])("comes again every %i ms, where a genesis wants that", (every) => {
    const state = createRegistry({ ...parameters, registryPublishMs: every });
    const first = publish(state);
    tickRegistry(state, every - 1);
    expect(publish(state)).toBe(first);
    tickRegistry(state, every);
    expect(publish(state)).toMatchObject({ revision: first.revision + 1 });
  });

  it("leaves a published snapshot as it was", () => {
    const state = registryWith("a");
    const first = publish(state);
    const copy = structuredClone(first);
    learn(state, gain("a", true, "r"));
    setStake(state, "a", 1n);
    tickRegistry(state, TEN_SECONDS);
    publish(state);
    expect(first).toEqual(copy);
  });
});

describe("evidence", () => {
  it("of one requester entity is its latest ten pieces, however many there were", () => {
    const state = registryWith("a");
    for (let i = 0; i < 1_000; i += 1) learn(state, gain("a", true, "r"));
    expect(evidence(state, "a")).toEqual({ successes: 10, failures: 0 });
    learn(state, gain("a", false, "r"));
    expect(evidence(state, "a")).toEqual({ successes: 9, failures: 1 });
  });

  it("of many requesters without an org is one testimony, of orgs one each", () => {
    const state = registryWith("a");
    for (const org of ["o1", "o2"]) register(state, registration(`r-${org}`, { org }));
    for (let i = 0; i < 20; i += 1) {
      learn(state, gain("a", true, `stranger-${i}`));
      learn(state, gain("a", true, "r-o1"));
      learn(state, gain("a", true, "r-o2"));
    }
    expect(evidence(state, "a")).toEqual({ successes: 30, failures: 0 });
  });

  it("never exceeds its share, whatever is said in which order", () => {
    const said = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 1_000_000 })), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(said, (all) => {
        const state = registryWith("a");
        for (const [success, weight] of all) learn(state, gain("a", success, "r", weight));
        const held = state.agents.get("a")!.testimonies.get("c")?.get("");
        expect((held?.successes ?? 0) + (held?.failures ?? 0)).toBeLessThanOrEqual(10_000_000);
      }),
    );
  });

  it("halves for every thirty idle days, and activity makes it final", () => {
    const state = registryWith("a");
    for (let i = 0; i < 8; i += 1) learn(state, gain("a", true, "r"));
    tickRegistry(state, IDLE_HALVING_MS - 1);
    expect(evidence(state, "a")).toMatchObject({ successes: 8 });
    tickRegistry(state, 2 * IDLE_HALVING_MS);
    expect(evidence(state, "a")).toMatchObject({ successes: 2 });
    touch(state, "a");
    expect(evidence(state, "a")).toMatchObject({ successes: 2 });
    tickRegistry(state, 2 * IDLE_HALVING_MS + DAY_MS);
    expect(evidence(state, "a")).toMatchObject({ successes: 2 });
  });

  it("stays with the key when its manifest changes, and is not kept for unknown keys", () => {
    const state = registryWith("a");
    learn(state, gain("a", true, "r"));
    learn(state, gain("nobody", true, "r"));
    register(state, registration("a", { org: "o" }));
    expect(evidence(state, "a")).toMatchObject({ successes: 1 });
    expect(isRegistered(state, "nobody")).toBe(false);
  });
});

describe("bootstrap", () => {
  const verifiers = (count: number) =>
    registryWith(...Array.from({ length: count }, (_, i) => `v${i}`));

  it("ends for ever after 24 hours, taken together, with enough verifiers", () => {
    const state = verifiers(10);
    tickRegistry(state, BOOTSTRAP_HOLD_MS / 2);
    setStake(state, "v0", 0n);
    tickRegistry(state, 10 * BOOTSTRAP_HOLD_MS);
    setStake(state, "v0", 100n * CREDIT);
    tickRegistry(state, 10.5 * BOOTSTRAP_HOLD_MS - 1);
    expect(publish(state).bootstrap).toBe(true);
    tickRegistry(state, 10.5 * BOOTSTRAP_HOLD_MS);
    expect(publish(state).bootstrap).toBe(false);
    for (let i = 0; i < 10; i += 1) setStake(state, `v${i}`, 0n);
    tickRegistry(state, 20 * BOOTSTRAP_HOLD_MS);
    expect(publish(state).bootstrap).toBe(false);
  });

  it("goes on with too few, or with stake below the pool's minimum", () => {
    const state = verifiers(9);
    register(state, registration("poor", { stake: 100n * CREDIT - 1n }));
    tickRegistry(state, 100 * BOOTSTRAP_HOLD_MS);
    expect(publish(state).bootstrap).toBe(true);
  });

  it("is none where the genesis says so", () => {
    const state = createRegistry({ ...parameters, bootstrapUntilAgents: 0 });
    expect(publish(state).bootstrap).toBe(false);
  });
});

describe("relations at payout", () => {
  it("follow the labels of this moment", () => {
    const state = registryWith("a", "b");
    const isRelated = relatedNow(state);
    expect(isRelated("a", "b")).toBe(false);
    register(state, registration("a", { org: "o" }));
    register(state, registration("b", { org: "o" }));
    expect(isRelated("a", "b")).toBe(true);
  });
});

describe("plain data", () => {
  const steps = fc.array(
    fc.record({
      what: fc.constantFrom("register", "stake", "learn", "tick", "touch", "publish"),
      agent: fc.constantFrom("a", "b", "c"),
      number: fc.nat(40),
      success: fc.boolean(),
    }),
    { maxLength: 60 },
  );
  type Steps = typeof steps extends fc.Arbitrary<infer T> ? T : never;

  const act = (state: RegistryState, todo: Steps): void => {
    for (const { what, agent, number, success } of todo) {
      if (what === "register") {
        const org = success ? `o${number % 3}` : undefined;
        const over = org === undefined ? {} : { org };
        register(state, registration(agent, { ...over, stake: BigInt(number) * 5n * CREDIT }));
      }
      if (what === "stake") setStake(state, agent, BigInt(number) * 5n * CREDIT);
      if (what === "learn") learn(state, gain(agent, success, "b"));
      if (what === "tick") tickRegistry(state, state.nowMs + number * DAY_MS);
      if (what === "touch") touch(state, agent);
      if (what === "publish") publish(state);
    }
  };

  it("read back goes on as if nothing had happened", () => {
    const few = { ...parameters, bootstrapUntilAgents: 2 };
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const state = createRegistry(few);
        act(state, before);
        const again = decodeRegistry(decode(encode(encodeRegistry(state))), few);
        expect(encodeRegistry(again)).toEqual(encodeRegistry(state));
        act(again, after);
        act(state, after);
        expect(again.verifiers).toBe(state.verifiers);
        expect(encodeRegistry(again)).toEqual(encodeRegistry(state));
        expect(publish(again)).toEqual(publish(state));
      }),
    );
  });
});
