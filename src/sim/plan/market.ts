/**
 * A market that has really been: who took part and what was asked, as it is told to a simulated world so
 * that its needs can be lived through again under other faults. Inputs, programs and keys stay behind:
 * a simulated agent squares numbers. What is kept is what the rules act on: when, how much, how long.
 */

import type { Tier } from "#protocol/words.ts";
import { Prng } from "../kernel/prng.ts";
import { QUIET_MS } from "./draw.ts";
import { agentOf } from "./draw-agent.ts";
import { drawFaults } from "./draw-faults.ts";
import type { AgentPlan, NeedPlan, Plan } from "./plan.ts";

/** Needs of one simulated world: about ten seconds of computing. */
export const MARKET_NEEDS_MAX = 500;
/** Workers and verifiers together. */
export const MARKET_AGENTS_MAX = 60;
/** A longer market is told faster: its needs come within so much simulated time, ms. */
export const MARKET_SPAN_MS_MAX = 90_000;
/** A simulated world waits QUIET_MS for what was asked to end: longer deadlines are cut to this, ms. */
const DEADLINE_MS_MAX = QUIET_MS / 10;
const CREDIT = 1_000_000;

export interface MarketNeed {
  /** From the first need, ms of log time. */
  readonly atMs: number;
  /** Micro-credits. */
  readonly bounty: number;
  readonly verifyBounty: number;
  readonly tier: Tier;
  readonly deadlineMs: number;
  readonly kPlan?: number;
  readonly kResult?: number;
  readonly limits?: { readonly awards?: number; readonly failures?: number };
  readonly selfAttestation?: true;
  readonly drawHash: boolean;
}

export interface MarketWorker {
  /** What it asked in the middle of its bids, micro-credits and ms; absent: it never told. */
  readonly price?: number;
  readonly etaMs?: number;
}

export interface Market {
  readonly version: 1;
  /** Of the swarm it was recorded in. */
  readonly name: string;
  readonly needs: readonly MarketNeed[];
  readonly workers: readonly MarketWorker[];
  readonly verifiers: number;
}

const needsOf = (chance: Prng, { needs }: Market, safetyMs: number): readonly NeedPlan[] => {
  const spanMs = Math.max(1, ...needs.map(({ atMs }) => atMs));
  const pace = Math.min(1, safetyMs / spanMs);
  return needs.map((need, index) => ({
    ...need,
    key: `need-${index}`,
    atMs: Math.floor(need.atMs * pace),
    requester: 0,
    input: chance.below(1_000),
    deadlineMs: Math.min(need.deadlineMs, DEADLINE_MS_MAX),
  }));
};

const agentsOf = (chance: Prng, { workers, verifiers }: Market): readonly AgentPlan[] => [
  ...workers.map((worker, at): AgentPlan => {
    const name = `worker-${at}`;
    return { ...agentOf(chance, name, "worker", "honest"), org: name, ...worker };
  }),
  ...Array.from({ length: verifiers }, (_, at): AgentPlan => {
    const name = `verifier-${at}`;
    return { ...agentOf(chance, name, "verifier", "honest"), org: name };
  }),
];

/** The seed's own world, weather, machines and parameters, in which this market is held. */
export const withMarket = (plan: Plan, market: Market): Plan => {
  const chance = Prng.of(plan.seed).stream("market");
  const spanMs = market.needs.at(-1)?.atMs ?? 0;
  const safetyMs = Math.max(plan.safetyMs, Math.min(spanMs, MARKET_SPAN_MS_MAX));
  const asked = market.needs.reduce((sum, need) => sum + need.bounty + need.verifyBounty * 20, 0);
  const held: Omit<Plan, "faults"> = {
    ...plan,
    safetyMs,
    requesters: [{ credits: Math.ceil(asked / CREDIT) + 1_000 }],
    agents: agentsOf(chance, market),
    needs: needsOf(chance, market, safetyMs),
    governing: [],
  };
  return { ...held, faults: drawFaults(chance.stream("faults"), held) };
};
