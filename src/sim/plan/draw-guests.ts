/**
 * Draws who comes and goes, what the operator does, and bursts of needs: from a stream of its own, so that
 * what else a seed draws stays as it is.
 */

import type { Prng } from "../kernel/prng.ts";
import { agentOf } from "./draw-agent.ts";
import type { AgentPlan, Behaviour, GovernPlan, NeedPlan, Plan } from "./plan.ts";

const CREDIT = 1_000_000;
/** Guests of a seed at most. */
const GUESTS_MAX = 2;
/** Of guests, parts per million: who joins in the middle. */
const LATE_PPM = 500_000;
const GUESTS: Readonly<Partial<Record<Behaviour, number>>> = {
  leaving: 3,
  stalling: 3,
  flooding: 1,
  honest: 1,
};
/** Of seeds, parts per million: in which a requester floods; in which the operator sets limits, pauses. */
const BURST_PPM = 150_000;
const LIMITS_PPM = 500_000;
const PAUSES_PPM = 600_000;
const PAUSE_ALL_PPM = 150_000;
/** Needs in one burst: several times the room that a small mailbox has for one sender. */
const BURST_MIN = 20;
const BURST_MAX = 50;
const PAUSES_MAX = 4;
const LIMITS_MAX = 4;

export const guestsOf = (chance: Prng, safetyMs: number): readonly AgentPlan[] =>
  Array.from({ length: chance.below(GUESTS_MAX + 1) }, (_, i): AgentPlan => {
    const role = chance.pick(["worker", "verifier", "both"] as const);
    const behaviour = chance.weighted(GUESTS);
    const guest = agentOf(chance, `guest-${i}`, role, behaviour);
    return {
      ...guest,
      stake: role === "worker" ? 0 : 1_000,
      ...(chance.chance(LATE_PPM) ? { joinsAtMs: chance.below(safetyMs) } : {}),
    };
  });

/** Everything at once, from one requester. */
export const burstOf = (
  chance: Prng,
  safetyMs: number,
  requesters: number,
): readonly NeedPlan[] => {
  if (!chance.chance(BURST_PPM)) return [];
  const atMs = chance.below(safetyMs);
  const requester = chance.below(requesters);
  return Array.from({ length: chance.between(BURST_MIN, BURST_MAX) }, (_, i): NeedPlan => ({
    key: `burst-${i}`,
    atMs,
    requester,
    input: i,
    bounty: 2 * CREDIT,
    verifyBounty: CREDIT / 10,
    tier: "small",
    deadlineMs: 60_000,
    drawHash: false,
  }));
};

type Governed = Pick<Plan, "agents" | "requesters" | "safetyMs">;

const pauseOf = (chance: Prng, { agents, requesters, safetyMs }: Governed): GovernPlan => {
  const atMs = chance.below(safetyMs);
  const isAll = chance.chance(PAUSE_ALL_PPM);
  const party = chance.below(agents.length + requesters.length);
  // All is short: little happens meanwhile.
  const forMs = isAll ? chance.between(200, 4_000) : chance.between(500, safetyMs);
  return { atMs, kind: "pause", ...(isAll ? {} : { party }), forMs };
};

/** About what a need or a few of them hold: limits that are reached. */
const amountOf = (chance: Prng): number => chance.between(1, 60) * CREDIT + chance.below(CREDIT);

const limitOf = (chance: Prng, { agents, requesters, safetyMs }: Governed): GovernPlan => {
  const atMs = chance.below(safetyMs);
  const party = agents.length + chance.below(requesters.length);
  const of = chance.pick(["party", "each", "owner"] as const);
  const is = (): boolean => chance.chance(400_000);
  const limits = {
    ...(is() ? { need: amountOf(chance) } : {}),
    ...(is() ? { day: amountOf(chance) * 10 } : {}),
    ...(is() ? { minute: amountOf(chance) * 2 } : {}),
    ...(is() ? { perMinute: chance.between(1, 30) } : {}),
  };
  return { atMs, kind: "limit", of, party, limits };
};

/** In the order of their time: the operator says one after another. */
export const governingOf = (chance: Prng, governed: Governed): readonly GovernPlan[] => {
  const times = (ppm: number, most: number): number =>
    chance.chance(ppm) ? chance.between(1, most) : 0;
  const pauses = Array.from({ length: times(PAUSES_PPM, PAUSES_MAX) }, () =>
    pauseOf(chance, governed),
  );
  const limits = Array.from({ length: times(LIMITS_PPM, LIMITS_MAX) }, () =>
    limitOf(chance, governed),
  );
  return [...pauses, ...limits].sort((a, b) => a.atMs - b.atMs);
};
