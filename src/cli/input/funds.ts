/** What a run costs the treasury, by the same functions as the run itself grants it. */

import type { Parameters } from "#domain/genesis/genesis.ts";
import { fundingAmount } from "#domain/ledger/funding.ts";
import { quorumSize } from "#domain/market/quorum-size.ts";
import type { Credits, Tier } from "#protocol/words.ts";
import { verifies, works, type AgentSpec } from "./agents.ts";
import { formatAmount } from "./amount.ts";
import { problem, type Problem } from "./bad-line.ts";

/** A worker without `credits` gets this much: performance bonds are held on it. */
export const WORKER_CREDITS_DEFAULT: Credits = 1_000_000_000n;

export interface Grant {
  readonly credits: Credits;
  readonly stake: Credits;
}

export const grantOf = (
  agent: Pick<AgentSpec, "role" | "credits" | "stake">,
  { verifyStakeMin }: Pick<Parameters, "verifyStakeMin">,
): Grant => ({
  credits: agent.credits ?? (works(agent) ? WORKER_CREDITS_DEFAULT : 0n),
  stake: agent.stake ?? (verifies(agent) ? verifyStakeMin : 0n),
});

interface Funded {
  readonly capability: string;
  readonly bounty: Credits;
  readonly verifyBounty: Credits;
  readonly tier: Tier;
  readonly kPlan: number | undefined;
  readonly kResult: number | undefined;
}

/** The funding hold of protocol section 4, by the same function as the need thread. */
export const fundingOf = (
  task: Funded,
  agents: readonly AgentSpec[],
  parameters: Parameters,
): Credits => {
  const verifiers = agents.filter(
    (agent) => verifies(agent) && agent.capabilities.includes(task.capability),
  ).length;
  const { kPlan, kResult } = quorumSize({
    tier: task.tier,
    verifiers,
    bootstrap: parameters.bootstrapUntilAgents > 0,
    parameters,
    ...(task.kPlan === undefined ? {} : { kPlan: task.kPlan }),
    ...(task.kResult === undefined ? {} : { kResult: task.kResult }),
  });
  return fundingAmount({
    bounty: task.bounty,
    verifyBounty: task.verifyBounty,
    kPlan,
    kResult,
    failures: parameters.failuresMax,
    candidates: parameters.planCandidatesMax,
  });
};

/** The treasury as it was minted; what does not fit any more is told where it stands. */
export class Funds {
  readonly #minted: Credits;
  #taken: Credits = 0n;

  constructor(minted: Credits) {
    this.#minted = minted;
  }

  /** Undefined where it is there; what is refused is not taken. */
  take(amount: Credits, what: string): Problem | undefined {
    if (this.#taken + amount <= this.#minted) {
      this.#taken += amount;
      return undefined;
    }
    const left = formatAmount(this.#minted - this.#taken);
    const whole = formatAmount(this.#minted);
    const sentence = `${what} takes ${formatAmount(amount)} credits, and ${left} of ${whole} are left`;
    return problem("FUNDS_SHORT", sentence);
  }
}
