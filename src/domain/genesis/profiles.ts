/**
 * The two profiles (protocol section 17) and the check of a set of parameters as a whole. Every number
 * is a field of the genesis; tests and operators shrink them by overrides.
 */

import { CANDIDATES_MAX } from "#protocol/limits.ts";
import type { Tier } from "#protocol/words.ts";
import type { Parameters, TierRules } from "./genesis.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const CREDIT = 1_000_000n;

const tier = (
  rules: Omit<TierRules, "sealedVotes"> & { readonly sealedVotes?: boolean },
): TierRules => ({
  sealedVotes: false,
  ...rules,
});

export const networkParameters: Parameters = {
  profile: "network",
  auctionMode: "sealed",
  bidRevealMs: 2 * SECOND,
  auctionReopenings: 3,
  auctionBackoffMs: SECOND,
  auctionBackoffMaxMs: MINUTE,
  claimMs: 10 * SECOND,
  leaseMinMs: MINUTE,
  leaseDefaultMs: 5 * MINUTE,
  heartbeatMs: 30 * SECOND,
  heartbeatsMissedMax: 2,
  voteMs: 30 * SECOND,
  voteRevealMs: 15 * SECOND,
  drawRevealMs: SECOND,
  redrawsMax: 2,
  seatsWaitMs: 10 * MINUTE,
  planCandidatesMax: 10,
  awardsMax: 8,
  failuresMax: 3,
  askRetryMs: SECOND,
  ruleMs: DAY,
  severity: 1,
  verifyStakeMin: 100n * CREDIT,
  challengeStakeMin: 1_000n * CREDIT,
  unbondingMs: 7 * DAY,
  registryPublishMs: 10 * SECOND,
  registryMaxAgeMs: 30 * SECOND,
  // An outage of the system bucket that lasts longer is for people to look at.
  registryWaitMs: HOUR,
  diversityOrgPpm: 300_000,
  // A hundred times the least stake: √100, so no entity weighs more than ten least verifiers.
  weightStakeMax: 10_000n * CREDIT,
  freeCancelsPerHour: 3,
  challengesPerHour: 10,
  challengesPerDay: 50,
  lamportJumpMax: 2 ** 20,
  bootstrapUntilAgents: 10,
  tiers: {
    small: tier({
      bountyMax: 50n * CREDIT,
      kResultMin: 1,
      kPlanMin: 1,
      challengeWindowMs: 5 * MINUTE,
      auctionWindowMs: 5 * SECOND,
      performanceBondPpm: 100_000,
      challengeBondPpm: 100_000,
    }),
    medium: tier({
      bountyMax: 1_000n * CREDIT,
      kResultMin: 3,
      kPlanMin: 1,
      challengeWindowMs: HOUR,
      auctionWindowMs: 30 * SECOND,
      performanceBondPpm: 200_000,
      challengeBondPpm: 200_000,
      sealedVotes: true,
    }),
    high: tier({
      bountyMax: 1_000_000n * CREDIT,
      kResultMin: 5,
      kPlanMin: 3,
      challengeWindowMs: DAY,
      auctionWindowMs: 30 * SECOND,
      performanceBondPpm: 500_000,
      challengeBondPpm: 500_000,
      sealedVotes: true,
    }),
  },
};

/**
 * Bids are open here: all bidders run under one operator and none is shown another's bid before RANKING.
 * The window closes as soon as all of them have answered, so its length only bounds who is slow: on a
 * machine whose cores are taken, honest agents need seconds for an answer, and one who misses a window
 * is out of the need.
 */
const local = (rules: TierRules): TierRules => ({
  ...rules,
  challengeWindowMs: 200,
  auctionWindowMs: 5 * SECOND,
});

export const localParameters: Parameters = {
  ...networkParameters,
  profile: "local",
  auctionMode: "open",
  // The bidders are known and at hand: whoever does not bid in a moment will not bid in a minute.
  auctionBackoffMs: SECOND / 10,
  auctionBackoffMaxMs: SECOND,
  // As in the network: an award that waits costs little, and who misses it is barred from the need.
  claimMs: 10 * SECOND,
  leaseMinMs: SECOND,
  leaseDefaultMs: 30 * SECOND,
  heartbeatMs: 5 * SECOND,
  voteMs: MINUTE,
  voteRevealMs: 2 * SECOND,
  ruleMs: MINUTE,
  tiers: {
    small: local(networkParameters.tiers.small),
    medium: local(networkParameters.tiers.medium),
    high: local(networkParameters.tiers.high),
  },
};

export type Overrides = Partial<Omit<Parameters, "tiers" | "profile">> & {
  readonly tiers?: { readonly [T in Tier]?: Partial<TierRules> };
};

/** A profile with overrides. Check the result with `validateParameters`. */
export const parametersOf = (
  profile: Parameters["profile"],
  overrides: Overrides = {},
): Parameters => {
  const base = profile === "local" ? localParameters : networkParameters;
  const { tiers = {}, ...flat } = overrides;
  return {
    ...base,
    ...flat,
    tiers: {
      small: { ...base.tiers.small, ...tiers.small },
      medium: { ...base.tiers.medium, ...tiers.medium },
      high: { ...base.tiers.high, ...tiers.high },
    },
  };
};

/** Protocol section 17. */
const SEVERITY_MAX = 10;

const isShare = (ppm: number): boolean => Number.isInteger(ppm) && ppm >= 0 && ppm <= 1_000_000;

/** What is wrong with the set as a whole, one sentence each; empty: it may be used. */
export const validateParameters = (p: Parameters): string[] => {
  const problems: string[] = [];
  const check = (holds: boolean, sentence: string): void => {
    if (!holds) problems.push(sentence);
  };
  const times = (prefix: string, fields: object, least: number): void => {
    for (const [name, value] of Object.entries(fields))
      if (name.endsWith("Ms"))
        check(
          Number.isSafeInteger(value) && value >= least,
          `${prefix}${name} is a whole number of milliseconds from ${least}`,
        );
  };
  times("", p, 1);
  // A window may be zero: closed at the next turn.
  for (const [name, rules] of Object.entries(p.tiers)) times(`${name}: `, rules, 0);
  check(p.leaseMinMs <= p.leaseDefaultMs, "leaseMinMs is at most leaseDefaultMs");
  check(
    p.heartbeatMs * p.heartbeatsMissedMax <= p.leaseDefaultMs,
    "a lease is long enough for heartbeatsMissedMax heartbeats",
  );
  check(
    p.auctionBackoffMs <= p.auctionBackoffMaxMs,
    "auctionBackoffMs is at most auctionBackoffMaxMs",
  );
  check(p.awardsMax >= 1 && p.failuresMax >= 1, "awardsMax and failuresMax are at least 1");
  check(
    p.planCandidatesMax >= 1 && p.planCandidatesMax <= CANDIDATES_MAX,
    `planCandidatesMax is from 1 to ${CANDIDATES_MAX}`,
  );
  check(
    p.weightStakeMax >= p.verifyStakeMin,
    "weightStakeMax is at least verifyStakeMin, or all verifiers would weigh the same",
  );
  check(
    p.challengesPerHour >= 1 && p.challengesPerHour <= p.challengesPerDay,
    "challengesPerHour is at least 1 and at most challengesPerDay",
  );
  check(p.registryPublishMs >= SECOND, "registryPublishMs is at least a second");
  check(p.heartbeatsMissedMax >= 1, "heartbeatsMissedMax is at least 1");
  check(
    p.diversityOrgPpm > 0 && isShare(p.diversityOrgPpm),
    "diversityOrgPpm is a share above 0 and at most 1,000,000 ppm",
  );
  check(p.severity >= 1 && p.severity <= SEVERITY_MAX, `severity is from 1 to ${SEVERITY_MAX}`);
  check(
    p.tiers.small.bountyMax <= p.tiers.medium.bountyMax &&
      p.tiers.medium.bountyMax <= p.tiers.high.bountyMax,
    "bountyMax does not fall from small to high",
  );
  for (const [name, rules] of Object.entries(p.tiers)) {
    check(rules.kResultMin >= 1 && rules.kPlanMin >= 1, `${name}: a quorum is at least 1`);
    check(rules.bountyMax > 0n, `${name}: bountyMax is above 0`);
    check(
      [rules.performanceBondPpm, rules.challengeBondPpm].every(isShare),
      `${name}: a bond is a share from 0 to 1,000,000 ppm`,
    );
    // A stake may not leave before what it secures has been contested and ruled (E2).
    check(
      p.unbondingMs > p.leaseDefaultMs + p.failuresMax * (rules.challengeWindowMs + p.ruleMs),
      `${name}: unbondingMs outlasts a lease and, for every failure, a challenge window and its ruling`,
    );
  }
  return problems;
};
