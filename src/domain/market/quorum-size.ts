/** K of a need (protocol section 5): the largest of the formula, the tier's least and what was asked. */

import type { Parameters } from "../genesis/genesis.ts";
import type { Tier } from "#protocol/words.ts";

const SHARE_PERCENT = 30;
const K_MAX = 5;
const PLAN_LEAST = 1;
const RESULT_LEAST = 2;

export interface QuorumSize {
  readonly kPlan: number;
  readonly kResult: number;
}

/** `verifiers`: active verifiers of the capability. In bootstrap the formula gives 1 and 1. */
export const quorumSize = (need: {
  readonly tier: Tier;
  readonly verifiers: number;
  readonly bootstrap: boolean;
  readonly parameters: Parameters;
  readonly kPlan?: number;
  readonly kResult?: number;
}): QuorumSize => {
  const { tier, verifiers, bootstrap, parameters, kPlan = 0, kResult = 0 } = need;
  const share = Math.floor((SHARE_PERCENT * verifiers) / 100);
  const formula = (least: number): number =>
    bootstrap ? 1 : Math.min(K_MAX, Math.max(least, share));
  const rules = parameters.tiers[tier];
  return {
    kPlan: Math.max(formula(PLAN_LEAST), rules.kPlanMin, kPlan),
    kResult: Math.max(formula(RESULT_LEAST), rules.kResultMin, kResult),
  };
};
