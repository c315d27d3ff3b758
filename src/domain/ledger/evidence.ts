/**
 * What an attempt says about its agents (protocol section 8).
 *
 * Gains come only from a result that a drawn committee judged: votes with the outcome, and the
 * price where such votes stand. They are nothing where agent and requester, or verifier and worker,
 * are related. Losses come from what an agent did or left undone, whoever watched. Units: parts per
 * million of one judged piece of work. A plan vote weighs a fifth, as it pays a fifth; a lost lease
 * half, for it says less about the quality of work than a rejection.
 */

import type { Did, Ppm } from "#protocol/words.ts";
import type { ReputationGain, SettlementFacts } from "./requests.ts";

export const RESULT_WEIGHT: Ppm = 1_000_000;
export const PLAN_WEIGHT: Ppm = 200_000;
export const LOST_LEASE_WEIGHT: Ppm = 500_000;

/** A lease given back in time, or kept until the requester ended it, says nothing bad. */
const lostLease = ({ leased }: SettlementFacts): boolean =>
  leased === undefined ||
  leased.heartbeatsMissed > 0 ||
  leased.yieldedLate ||
  leased.elapsedMs >= leased.ttlMs;

const workerEvidence = (facts: SettlementFacts): { success: boolean; weight: Ppm } | undefined => {
  switch (facts.outcome) {
    case "finalized":
      return { success: true, weight: RESULT_WEIGHT };
    case "rejected":
    case "invalidated":
      return { success: false, weight: RESULT_WEIGHT };
    case "no_submission":
      return lostLease(facts) ? { success: false, weight: LOST_LEASE_WEIGHT } : undefined;
    default:
      return undefined;
  }
};

export const evidenceOf = (
  facts: SettlementFacts,
  related: (a: Did, b: Did) => boolean,
): ReputationGain[] => {
  const { capability, requester, seats, outcome } = facts;
  const worker = facts.decided?.worker;
  const isJudge = (agent: Did) =>
    !related(agent, requester) && (worker === undefined || !related(agent, worker));
  const judged = seats.some(({ agent, answer }) => answer === "pass" && isJudge(agent));
  const gains: ReputationGain[] = [];
  const say = (agent: Did, success: boolean, weight: Ppm): void => {
    gains.push({ agent, capability, success, requester, weight });
  };

  if (worker !== undefined) {
    const about = workerEvidence(facts);
    const counts = about?.success !== true || (judged && !related(worker, requester));
    if (about !== undefined && counts) say(worker, about.success, about.weight);
  }
  const right = outcome === "finalized" ? "pass" : "fail";
  const hasVerdict = ["finalized", "rejected", "invalidated"].includes(outcome);
  for (const { agent, answer } of seats) {
    if (answer === "silent") say(agent, false, RESULT_WEIGHT);
    if (!hasVerdict || (answer !== "pass" && answer !== "fail")) continue;
    if (answer !== right) say(agent, false, RESULT_WEIGHT);
    else if (isJudge(agent)) say(agent, true, RESULT_WEIGHT);
  }
  for (const { agent, agreed } of facts.planVotes) {
    if (!agreed) say(agent, false, PLAN_WEIGHT);
    else if (outcome === "finalized" && judged && isJudge(agent)) say(agent, true, PLAN_WEIGHT);
  }
  return gains;
};
