/**
 * Whether the agents of AGENTS.json can judge a task at all, before anything is created. A static and
 * careful form of protocol section 5: it looks at K, orgs, diversity and the pool's stake, not at
 * reputation or free stake. The swarm decides again, on what is then true.
 */

import type { Parameters } from "#domain/genesis/genesis.ts";
import type { Credits, Tier } from "#protocol/words.ts";
import { verifies, works, type AgentSpec } from "./agents.ts";

const MILLION = 1_000_000;
/** The least total stake of who judges, whatever the bounty: 10 credits (protocol section 5). */
const POOL_STAKE_MIN: Credits = 10_000_000n;
/** The org of the account that posts the tasks. */
const REQUESTER = "requester";

export type QuorumRules = Pick<Parameters, "tiers" | "verifyStakeMin" | "diversityOrgPpm">;

export interface Judged {
  readonly capability: string;
  readonly bounty: Credits;
  readonly tier: Tier;
  readonly kPlan: number | undefined;
  readonly kResult: number | undefined;
}

/** Whether K of these verifiers can sit together: no org beyond its share of the 2K − 1 seats. */
const canSeat = (verifiers: readonly AgentSpec[], k: number, orgPpm: number): boolean => {
  const perOrg = new Map<string, number>();
  for (const { org } of verifiers) perOrg.set(org, (perOrg.get(org) ?? 0) + 1);
  const orgMax = Math.max(1, Math.ceil(((2 * k - 1) * orgPpm) / MILLION));
  return [...perOrg.values()].reduce((sum, count) => sum + Math.min(count, orgMax), 0) >= k;
};

/** Undefined if at least one worker can be judged; else why not. */
export const quorumGap = (
  task: Judged,
  agents: readonly AgentSpec[],
  rules: QuorumRules,
): string | undefined => {
  const able = agents.filter((agent) => agent.capabilities.includes(task.capability));
  const tier = rules.tiers[task.tier];
  const k = Math.max(tier.kResultMin, task.kResult ?? 1, tier.kPlanMin, task.kPlan ?? 1);
  const stakeMin = task.bounty > POOL_STAKE_MIN ? task.bounty : POOL_STAKE_MIN;
  const hasStake = (agent: AgentSpec): boolean => (agent.stake ?? rules.verifyStakeMin) >= stakeMin;
  let most = 0;
  for (const worker of able.filter(works)) {
    const pool = able.filter(
      (agent) =>
        verifies(agent) && agent.org !== worker.org && agent.org !== REQUESTER && hasStake(agent),
    );
    most = Math.max(most, pool.length);
    if (canSeat(pool, k, rules.diversityOrgPpm)) return undefined;
  }
  return `it needs ${k} verifiers of different orgs with enough stake, and at most ${most} are eligible`;
};
