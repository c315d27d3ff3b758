/** Draws what goes wrong, and when. */

import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { Prng } from "../kernel/prng.ts";
import type { NetworkWeather } from "../world/network.ts";
import type { FaultPlan, Plan } from "./plan.ts";

/** Faults of a seed, at least and at most; the mean is above 20. */
export const FAULTS_MIN = 12;
export const FAULTS_MAX = 40;

type Kind = FaultPlan["kind"];

const ANYWHERE = {
  "process-crash": 3,
  "process-freeze": 2,
  "thread-exit": 3,
  "thread-throw": 2,
  "agent-crash": 3,
  "agent-freeze": 3,
  cut: 4,
  weather: 2,
  "fsync-slow": 2,
  "clock-step": 2,
};
/** One supervisor with a disk of its own. */
const ALONE = { ...ANYWHERE, "store-slow": 2, "store-fault": 5 };
const CLUSTER = {
  ...ANYWHERE,
  "consensus-away": 2,
  "consensus-fault": 5,
  "stream-away": 2,
  "cut-off": 3,
  "disk-full": 2,
};
/** Never both in one world: what is on no disk and on no server is gone. */
const DISKS_LOST = { ...CLUSTER, "disk-lost": 2 };
const STREAM_LOST = { ...CLUSTER, "stream-lost": 1 };
/**
 * Further faults of a seed, at most, and which: drawn from a stream of their own, so that what else a
 * seed draws stays as it is.
 */
const FURTHER_MAX = 4;
const FURTHER_ALONE = { "disk-full": 3, "clock-step": 1 };
const FURTHER_CLUSTER = { partition: 4, "off-bus": 3, "clock-step": 2 };
/** Where the stream keeps what it has, what a disk has wrong can be read there. */
const FURTHER_DISKS = { ...FURTHER_CLUSTER, "bit-flip": 2 };
const FLIPPED_MAX = 20;
/** A burst outlasts the tries of a commit. */
const BURST = 14;

export const FAULT_KINDS = Object.keys({
  ...ALONE,
  ...DISKS_LOST,
  ...STREAM_LOST,
  ...FURTHER_DISKS,
}) as readonly Kind[];

/** Every kind that can strike a lone supervisor's disk. */
const STORE_FAULTS = [
  "unknown-applied",
  "unknown-lost",
  "unknown-late",
  "silent",
  "duplicate",
] as const;

const CONSENSUS_FAULTS = ["answer-lost", "request-lost", "late"] as const;

type What = FaultPlan extends infer F ? (F extends FaultPlan ? Omit<F, "atMs"> : never) : never;

export const drawFaults = (chance: Prng, plan: Omit<Plan, "faults">): readonly FaultPlan[] => {
  const count = chance.between(FAULTS_MIN, FAULTS_MAX);
  const weights: Readonly<Partial<Record<Kind, number>>> =
    plan.supervisors.length === 1 ? ALONE : chance.pick([DISKS_LOST, STREAM_LOST]);
  const drawn = Array.from({ length: count }, (): FaultPlan => {
    const atMs = chance.below(plan.safetyMs);
    const kind = chance.weighted(weights);
    return { atMs, ...whatOf(kind, chance, plan) };
  });
  return [...drawn, ...furtherOf(chance.stream("further"), plan, drawn)].sort(
    (a, b) => a.atMs - b.atMs,
  );
};

const furtherOf = (
  chance: Prng,
  plan: Omit<Plan, "faults">,
  drawn: readonly FaultPlan[],
): readonly FaultPlan[] => {
  const isLost = drawn.some(({ kind }) => kind === "stream-lost");
  const several = isLost ? FURTHER_CLUSTER : FURTHER_DISKS;
  const weights: Readonly<Partial<Record<Kind, number>>> =
    plan.supervisors.length === 1 ? FURTHER_ALONE : several;
  return Array.from({ length: chance.below(FURTHER_MAX + 1) }, (): FaultPlan => {
    const atMs = chance.below(plan.safetyMs);
    const what = whatOf(chance.weighted(weights), chance, plan);
    if (what.kind !== "clock-step") return { atMs, ...what };
    const supervisor = chance.below(plan.supervisors.length);
    return { atMs, ...what, agent: "supervisor", supervisor };
  });
};

const whatOf = (kind: Kind, chance: Prng, plan: Omit<Plan, "faults">): What => {
  const agent = (): number => chance.below(plan.agents.length);
  const supervisor = (): number => chance.below(plan.supervisors.length);
  switch (kind) {
    case "process-crash":
    case "disk-lost":
      return { kind, supervisor: supervisor() };
    case "process-freeze":
      return { kind, supervisor: supervisor(), forMs: chance.between(100, 8_000) };
    case "cut-off":
    case "disk-full":
      return { kind, supervisor: supervisor(), forMs: chance.between(500, 12_000) };
    case "off-bus":
      return { kind, supervisor: supervisor(), forMs: chance.between(2_000, 30_000) };
    case "thread-exit":
      return { kind, supervisor: supervisor(), host: chance.below(plan.hosts) };
    case "thread-throw": {
      const turns = chance.between(1, 20);
      return { kind, supervisor: supervisor(), host: chance.below(plan.hosts), turns };
    }
    case "partition": {
      const direction = chance.pick(["both", "to", "from"] as const);
      return { kind, supervisor: supervisor(), direction, forMs: chance.between(500, 12_000) };
    }
    case "bit-flip":
      return { kind, supervisor: supervisor(), records: chance.between(1, FLIPPED_MAX) };
    case "stream-lost":
      return { kind };
    case "consensus-away":
    case "stream-away":
      return { kind, forMs: chance.between(200, 8_000) };
    case "consensus-fault":
      return { kind, fault: chance.pick(CONSENSUS_FAULTS) };
    case "store-slow":
      return { kind, forMs: chance.between(100, 15_000) };
    case "fsync-slow":
      return { kind, ms: chance.between(20, 500), forMs: chance.between(500, 10_000) };
    case "store-fault": {
      const bucket = chance.pick([...plan.buckets, SYSTEM_BUCKET]);
      return {
        kind,
        bucket,
        fault: chance.pick(STORE_FAULTS),
        times: chance.pick([1, 1, 1, BURST]),
      };
    }
    case "agent-crash":
      return { kind, agent: agent() };
    case "agent-freeze":
      return { kind, agent: agent(), forMs: chance.between(500, 40_000) };
    case "cut": {
      const direction = chance.pick(["both", "to", "from"] as const);
      return { kind, agent: agent(), direction, forMs: chance.between(500, 20_000) };
    }
    case "weather":
      return { kind, weather: stormOf(chance), forMs: chance.between(1_000, 10_000) };
    case "clock-step": {
      const byMs = chance.pick([-3_600_000, -1_000, 1_000, 86_400_000]);
      const struck = chance.chance(500_000) ? "supervisor" : agent();
      return { kind, agent: struck, byMs, forMs: chance.between(500, 10_000) };
    }
    default:
      return kind satisfies never;
  }
};

const stormOf = (chance: Prng): NetworkWeather => ({
  delayMinMs: chance.between(0, 20),
  delayMaxMs: chance.between(20, 400),
  lostPpm: chance.pick([50_000, 300_000]),
  doubledPpm: chance.pick([0, 200_000]),
  cloggedPpm: chance.pick([0, 100_000]),
  clogMs: 5_000,
});
