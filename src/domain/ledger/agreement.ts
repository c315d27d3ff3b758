/**
 * Does a posting say what its bucket's facts say? The bucket states facts and cannot compute the sums: it
 * does not know the holds. But it knows who may be paid for what, and at most how much.
 *
 * V1 (E1)  From the escrow: the worker its price or fee, each voter its votes with the outcome, a
 *          challenger only where the attempt was invalidated, the requester only with the last attempt.
 * V2       A finalized attempt pays its worker at least the price less the most that lateness takes.
 * V3 (E2)  A bond is the decided worker's, an exposure that of a seat.
 */

import type { Credits, Did } from "#protocol/words.ts";
import { planVotePay } from "./funding.ts";
import { LATENESS_MAX_PPM } from "./limits.ts";
import type { Move, SettlementFacts } from "./requests.ts";
import { isCancelledBefore } from "./settlement.ts";
import { partOf } from "./split.ts";

const paysWorker = (facts: SettlementFacts): boolean => {
  const { outcome, absentPays = "nothing" } = facts;
  if (outcome === "finalized") return true;
  if (outcome === "evaluator_absent") return absentPays !== "nothing";
  return outcome === "cancelled" && !isCancelledBefore(facts);
};

/** The most that each agent may have from the escrow for its work and its votes. */
const dueOf = (facts: SettlementFacts): Map<Did, Credits> => {
  const { decided, planVotes, seats, verifyBounty, outcome } = facts;
  const due = new Map<Did, Credits>();
  const add = (agent: Did, amount: Credits): void =>
    void due.set(agent, (due.get(agent) ?? 0n) + amount);
  if (decided !== undefined && paysWorker(facts)) add(decided.worker, decided.price);
  for (const { agent, agreed } of planVotes) if (agreed) add(agent, planVotePay(verifyBounty));
  const right = { finalized: "pass", rejected: "fail" }[String(outcome)];
  for (const { agent, answer } of seats) if (answer === right) add(agent, verifyBounty);
  return due;
};

/** The first thing in which the moves differ from the facts; undefined where they agree. */
export const disagreement = (
  facts: SettlementFacts,
  moves: readonly Move[],
): string | undefined => {
  const { decided, seats, outcome, requester, last } = facts;
  const due = dueOf(facts);
  const paid = new Map<Did, Credits>();
  for (const { from, to, of, amount, why } of moves) {
    if (amount <= 0n) return `"${why}" moves ${amount}`;
    if (from === "bond" && of !== decided?.worker) return `"${why}" takes another worker's bond`;
    if (from === "exposure" && !seats.some(({ agent }) => agent === of))
      return `"${why}" takes the exposure of nobody who sat`;
    if (from !== "escrow" || to === "escrow") continue;
    if (to !== "burned") paid.set(to, (paid.get(to) ?? 0n) + amount);
    else if (!isCancelledBefore(facts)) return `"${why}" burns of the escrow`;
  }
  for (const [agent, amount] of paid) {
    // The rest of the escrow is the ledger's to know; so is a challenger's reward.
    if ((last && agent === requester) || outcome === "invalidated") continue;
    const most = due.get(agent) ?? 0n;
    if (amount > most) return `${agent} is paid ${amount} where ${most} were due`;
  }
  if (outcome !== "finalized" || decided === undefined) return undefined;
  const least = decided.price - partOf(decided.price, LATENESS_MAX_PPM);
  const got = paid.get(decided.worker) ?? 0n;
  return got < least ? `${decided.worker} is paid ${got} where ${least} were due` : undefined;
};
