import { describe, expect, it } from "vitest";
import { decodeGenesis, encodeGenesis } from "#domain/genesis/codec.ts";
import type { Genesis } from "#domain/genesis/genesis.ts";
import {
  localParameters,
  networkParameters,
  parametersOf,
  validateParameters,
  type Overrides,
} from "#domain/genesis/profiles.ts";

const DAY_MS = 86_400_000;

describe("the profiles", () => {
  it.each([networkParameters, localParameters])("%# are valid as they stand", (parameters) => {
    expect(validateParameters(parameters)).toEqual([]);
  });

  it("network: bids are sealed, windows are for strangers", () => {
    expect(networkParameters).toMatchObject({
      auctionMode: "sealed",
      claimMs: 10_000,
      leaseDefaultMs: 300_000,
      voteMs: 30_000,
      unbondingMs: 7 * DAY_MS,
      awardsMax: 8,
      failuresMax: 3,
    });
    const { small, medium, high } = networkParameters.tiers;
    expect([small, medium, high].map((tier) => tier.challengeWindowMs)).toEqual([
      300_000, 3_600_000, 86_400_000,
    ]);
    expect([small, medium, high].map((tier) => [tier.kPlanMin, tier.kResultMin])).toEqual([
      [1, 1],
      [1, 3],
      [3, 5],
    ]);
    expect([small, medium, high].map((tier) => tier.sealedVotes)).toEqual([false, true, true]);
  });

  it("local: bids are open, windows and back-off short, money rules the same", () => {
    expect(localParameters).toMatchObject({
      auctionMode: "open",
      auctionBackoffMs: 100,
      claimMs: 10_000,
      voteMs: 60_000,
    });
    for (const [name, tier] of Object.entries(localParameters.tiers)) {
      const network = networkParameters.tiers[name as keyof typeof networkParameters.tiers];
      expect(tier).toEqual({ ...network, challengeWindowMs: 200, auctionWindowMs: 5_000 });
    }
    const { verifyStakeMin, challengeStakeMin, awardsMax, failuresMax } = networkParameters;
    expect(localParameters).toMatchObject({
      verifyStakeMin,
      challengeStakeMin,
      awardsMax,
      failuresMax,
    });
  });

  it("survive the genesis's canonical bytes", () => {
    const genesis: Genesis = {
      version: 1,
      name: "swarm",
      nonce: new Uint8Array(16),
      operator: "did:key:operator",
      createdAtMs: 0,
      minted: 1_000_000_000n,
      parameters: networkParameters,
      policy: "none",
    };
    expect(decodeGenesis(encodeGenesis(genesis))).toEqual(genesis);
  });
});

describe("overrides", () => {
  it("change the fields they name, tier by tier, and nothing else", () => {
    const changed = parametersOf("local", {
      voteMs: 5,
      tiers: { high: { challengeWindowMs: 9 } },
    });
    expect(changed).toEqual({
      ...localParameters,
      voteMs: 5,
      tiers: {
        ...localParameters.tiers,
        high: { ...localParameters.tiers.high, challengeWindowMs: 9 },
      },
    });
  });
});

describe("a set of parameters is refused as a whole when", () => {
  const rows: readonly (readonly [string, Overrides, string])[] = [
    ["a time is no whole number", { claimMs: 0.5 }, "claimMs is a whole number"],
    ["a retry takes no time", { askRetryMs: 0 }, "askRetryMs is a whole number"],
    [
      "a window is negative",
      { tiers: { small: { auctionWindowMs: -1 } } },
      "small: auctionWindowMs is a whole number",
    ],
    ["a lease is shorter than its least", { leaseMinMs: 400_000 }, "leaseMinMs is at most"],
    ["a lease ends before silence shows", { heartbeatMs: 200_000 }, "long enough"],
    ["back-off begins above its cap", { auctionBackoffMs: 90_000 }, "auctionBackoffMs is at most"],
    ["no attempt may fail", { failuresMax: 0 }, "at least 1"],
    ["no heartbeat may be missed", { heartbeatsMissedMax: 0 }, "heartbeatsMissedMax"],
    ["nobody may be seated", { diversityOrgPpm: 0 }, "diversityOrgPpm"],
    ["penalties are beyond all bounds", { severity: 11 }, "severity is from 1 to 10"],
    ["a quorum is empty", { tiers: { small: { kResultMin: 0 } } }, "small: a quorum"],
    ["caps fall", { tiers: { medium: { bountyMax: 1n } } }, "bountyMax does not fall"],
    ["a bond is above the whole", { tiers: { high: { challengeBondPpm: 1_000_001 } } }, "a share"],
    ["snapshots without end", { registryPublishMs: 999 }, "registryPublishMs"],
    ["stake leaves before it can be taken", { unbondingMs: 6 * DAY_MS }, "high: unbondingMs"],
  ];
  it.each(rows)("%s", (_name, overrides, sentence) => {
    const problems = validateParameters(parametersOf("network", overrides));
    expect(problems.join("\n")).toContain(sentence);
  });
});
