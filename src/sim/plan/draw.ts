/** Draws a plan from a seed: every option of a run, its workload and its faults. */

import type { Tier } from "#protocol/words.ts";
import type { Overrides } from "#domain/genesis/profiles.ts";
import { Prng } from "../kernel/prng.ts";
import { FAIR_WEATHER, type NetworkWeather } from "../world/network.ts";
import { agentOf } from "./draw-agent.ts";
import { drawFaults } from "./draw-faults.ts";
import { burstOf, governingOf, guestsOf } from "./draw-guests.ts";
import type { AgentPlan, Behaviour, NeedPlan, Plan, RequesterPlan } from "./plan.ts";

const CREDIT = 1_000_000;

/** Needs of a seed, at least and at most; the mean is above 50. */
export const NEEDS_MIN = 30;
export const NEEDS_MAX = 74;
const SAFETY_MS_MIN = 30_000;
const SAFETY_MS_MAX = 90_000;
/** Every deadline of the local profile, several times over. */
export const QUIET_MS = 600_000;
const BUCKETS_MIN = 1;
const BUCKETS_MAX = 6;

type Mix = Readonly<Partial<Record<Behaviour, number>>>;

const WORKERS: Mix = {
  honest: 10,
  lying: 3,
  "no-claim": 1,
  "no-commit": 1,
  failing: 2,
  slow: 1,
  "silent-bidder": 1,
  flooding: 1,
  equivocating: 1,
  replaying: 1,
  stealing: 1,
  laundering: 1,
};
const VERIFIERS: Mix = {
  honest: 10,
  lazy: 2,
  contrary: 1,
  colluding: 2,
  failing: 2,
  slow: 1,
  challenging: 4,
  flooding: 1,
  equivocating: 1,
  replaying: 1,
  stealing: 1,
  laundering: 1,
};
/** Seeds in which few mean well, parts per million, and how much rarer the honest are there. */
const HOSTILE_PPM = 150_000;
const HONEST_WEIGHT = 2;

/** Of needs, parts per million, each by itself. */
const ODD = {
  unknownCapability: 10_000,
  aboveCap: 15_000,
  unfillable: 15_000,
  block: 60_000,
  missingBlock: 10_000,
  limits: 50_000,
  selfAttestation: 30_000,
  drawNever: 200_000,
  drawWrong: 200_000,
} as const;
/** Above the cap of every tier that is drawn. */
const ABOVE_CAP = 2_000 * CREDIT;
/** Of requesters but the first, parts per million: one without money; one who shares a key with a worker. */
const POOR_PPM = 200_000;
const SELF_DEALING_PPM = 200_000;
const RICH_CREDITS = 1_000_000;

const weatherOf = (chance: Prng): NetworkWeather =>
  chance.chance(300_000)
    ? FAIR_WEATHER
    : {
        delayMinMs: chance.between(0, 3),
        delayMaxMs: chance.between(3, 60),
        lostPpm: chance.pick([0, 1_000, 20_000]),
        doubledPpm: chance.pick([0, 1_000, 20_000]),
        cloggedPpm: chance.pick([0, 0, 10_000]),
        clogMs: 2_000,
      };

const needOf = (chance: Prng, index: number, safetyMs: number, requesters: number): NeedPlan => {
  const tier: Tier = chance.weighted({ small: 8, medium: 2, high: 0 });
  return {
    key: `need-${index}`,
    atMs: chance.below(safetyMs),
    requester: chance.below(requesters),
    input: chance.below(1_000),
    bounty: chance.between(5, 50) * (CREDIT / 10),
    verifyBounty: chance.between(1, 10) * (CREDIT / 10) + chance.below(7),
    tier,
    ...(chance.chance(200_000) ? { kResult: chance.between(1, 3) } : {}),
    deadlineMs: chance.pick([8_000, 20_000, 60_000]),
    ...(chance.chance(80_000) ? { cancelAfterMs: chance.below(chance.pick([4_000, 20_000])) } : {}),
    drawHash: chance.chance(300_000),
    ...(chance.chance(50_000) ? { twice: chance.pick(["same", "other"] as const) } : {}),
    ...oddOf(chance),
  };
};

/** What few needs have. Each is drawn for every need, so that none changes another's. */
const oddOf = (chance: Prng): Partial<NeedPlan> => {
  const is = (key: keyof typeof ODD): boolean => chance.chance(ODD[key]);
  const limits = { awards: chance.between(1, 3), failures: chance.between(1, 2) };
  return {
    ...(is("unknownCapability") ? { capability: "cube" } : {}),
    ...(is("aboveCap") ? { bounty: ABOVE_CAP } : {}),
    ...(is("unfillable") ? { kPlan: 5, kResult: 5 } : {}),
    ...(is("block") ? { block: "stored" as const } : {}),
    ...(is("missingBlock") ? { block: "missing" as const } : {}),
    ...(is("limits") ? { limits } : {}),
    ...(is("selfAttestation") ? { selfAttestation: true as const } : {}),
    ...(is("drawNever") ? { drawReveal: "never" as const } : {}),
    ...(is("drawWrong") ? { drawReveal: "wrong" as const } : {}),
  };
};

const mixOf = (mix: Mix, isHostile: boolean): Mix =>
  isHostile
    ? Object.fromEntries(
        Object.entries(mix).map(([key, weight]) => [
          key,
          key === "honest" ? HONEST_WEIGHT : weight,
        ]),
      )
    : mix;

const requesterOf = (
  chance: Prng,
  index: number,
  workers: number,
): RequesterPlan & { readonly with?: number } => {
  const isPoor = index > 0 && chance.chance(POOR_PPM);
  const credits = isPoor ? chance.pick([0, 50]) : RICH_CREDITS;
  // Not the first worker: needs that only relatives could do end without a bid.
  if (!chance.chance(SELF_DEALING_PPM)) return { credits };
  return { credits, controller: "owner", with: chance.between(1, workers - 1) };
};

/** How many supervisors a world has: every other one is a cluster. */
const SUPERVISORS = [1, 1, 2, 3];

const overridesOf = (chance: Prng): Overrides => ({
  bootstrapUntilAgents: chance.pick([0, 4, 10]),
  ...(chance.chance(500_000) ? { auctionMode: "sealed" as const } : {}),
  voteMs: chance.pick([2_000, 10_000, 60_000]),
  leaseDefaultMs: chance.pick([5_000, 30_000]),
  heartbeatMs: chance.pick([1_000, 5_000]),
  claimMs: chance.pick([1_000, 10_000]),
  ruleMs: chance.pick([3_000, 60_000]),
  // By default a committee waits for stake as long as a world has to become quiet.
  seatsWaitMs: chance.pick([5_000, 30_000]),
  tiers: {
    small: {
      ...(chance.chance(300_000) ? { sealedVotes: true } : {}),
      auctionWindowMs: chance.pick([500, 1_000, 5_000]),
      challengeWindowMs: chance.pick([200, 1_000]),
    },
  },
});

const machinesOf = (
  chance: Prng,
): Pick<
  Plan,
  "supervisors" | "mailbox" | "snapshotRecords" | "restartsMax" | "threadMsMax" | "storeMsMax"
> => ({
  supervisors: Array.from({ length: chance.pick(SUPERVISORS) }, () => ({
    driftPpm: chance.between(-200, 200),
    skewMs: chance.pick([0, 60_000, -60_000]),
  })),
  mailbox: chance.pick([
    { messagesMax: 16_384, senderMessagesMax: 8_192, turnInputsMax: 512 },
    { messagesMax: 24, senderMessagesMax: 12, turnInputsMax: 8 },
  ]),
  snapshotRecords: chance.pick([2_048, 20, 60]),
  restartsMax: chance.pick([1, 5]),
  threadMsMax: chance.pick([0, 1, 5]),
  storeMsMax: chance.pick([0, 2, 10]),
});

export const planOf = (seed: number): Plan => {
  const chance = Prng.of(seed).stream("plan");
  const safetyMs = chance.between(SAFETY_MS_MIN, SAFETY_MS_MAX);
  const hosts = chance.between(1, 3);
  const workers = chance.between(3, 6);
  const verifiers = chance.between(4, 9);
  const isHostile = chance.chance(HOSTILE_PPM);
  const [workerMix, verifierMix] = [mixOf(WORKERS, isHostile), mixOf(VERIFIERS, isHostile)];
  const drawn = Array.from({ length: chance.between(1, 3) }, (_, i) =>
    requesterOf(chance, i, workers),
  );
  const owned = new Set(drawn.flatMap((requester) => requester.with ?? []));
  const requesters = drawn.map(({ with: _, ...requester }): RequesterPlan => requester);
  const agents = [
    // One of each that always does its part, so that honest work can end well.
    agentOf(chance, "worker-0", "worker", "honest"),
    ...Array.from({ length: workers - 1 }, (_, i): AgentPlan => ({
      ...agentOf(chance, `worker-${i + 1}`, "worker", chance.weighted(workerMix)),
      ...(owned.has(i + 1) ? { controller: "owner" } : {}),
    })),
    agentOf(chance, "verifier-0", "verifier", "honest"),
    agentOf(chance, "verifier-1", "verifier", "honest"),
    ...Array.from({ length: verifiers - 2 }, (_, i) =>
      agentOf(
        chance,
        `verifier-${i + 2}`,
        chance.chance(100_000) ? "both" : "verifier",
        chance.weighted(verifierMix),
      ),
    ),
  ];
  const count = chance.between(NEEDS_MIN, NEEDS_MAX);
  const needs = Array.from({ length: count }, (_, i) =>
    needOf(chance, i, safetyMs, requesters.length),
  );
  const bucketCount = chance.between(BUCKETS_MIN, BUCKETS_MAX);
  const buckets = chance
    .shuffled(Array.from({ length: 256 }, (_, bucket) => bucket))
    .slice(0, bucketCount)
    .sort((a, b) => a - b);
  const guests = Prng.of(seed).stream("guests");
  const all = [...agents, ...guestsOf(guests, safetyMs)];
  const burst = burstOf(guests.stream("burst"), safetyMs, requesters.length);
  const plan: Omit<Plan, "faults"> = {
    seed,
    hosts,
    buckets,
    overrides: overridesOf(chance.stream("parameters")),
    weather: weatherOf(chance),
    ...machinesOf(chance.stream("machines")),
    requesters,
    agents: all,
    needs: [...needs, ...burst],
    governing: governingOf(guests.stream("operator"), { agents: all, requesters, safetyMs }),
    safetyMs,
    quietMs: QUIET_MS,
  };
  return { ...plan, faults: drawFaults(chance.stream("faults"), plan) };
};
