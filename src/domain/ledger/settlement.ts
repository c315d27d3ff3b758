/**
 * The money table of protocol section 4: what one attempt moves, from the facts that its bucket
 * states and what the ledger holds for it. Pure; changes nothing.
 *
 * M1  A vote is paid from the escrow exactly if it agrees with its question's outcome; a plan vote
 *     a fifth of a result vote. A question without an outcome pays nobody.
 * M2 (E4)  A voter related to the requester or to the worker is not paid; what it would have had
 *     stays in the escrow and is reported as a move from the escrow to itself.
 * M3  The moves from the bond sum to the bond: what no row takes returns to its owner.
 * M4  The attempt marked `last`, and no other, returns the rest of the escrow.
 */

import type { Parameters } from "#domain/genesis/genesis.ts";
import type { Credits, Did, Outcome } from "#protocol/words.ts";
import { cancelFee, cancelFine, lateness, leasePenalty } from "./charges.ts";
import { evidenceOf } from "./evidence.ts";
import { planVotePay } from "./funding.ts";
import { NO_SHOW_PPM } from "./limits.ts";
import type { Move, ReputationGain, SettlementFacts } from "./requests.ts";
import { least, partOf } from "./split.ts";
import { upheldMoves } from "./upheld.ts";

/** What the ledger holds for the attempt, and what it knows about the parties. */
export interface Holdings {
  readonly escrow: Credits;
  readonly bond?: { readonly worker: Did; readonly amount: Credits };
  readonly exposures: readonly {
    readonly seat: number;
    readonly agent: Did;
    readonly amount: Credits;
  }[];
  /** Challenges that were upheld, in the order of their bonds; the bonds are back already. */
  readonly upheld: readonly { readonly challenger: Did; readonly amount: Credits }[];
  /** The requester's cancels before DECIDE within the last hour, this one not counted. */
  readonly cancelsRecent: number;
  /** By the registry at payout. An agent is related to itself. */
  readonly related: (a: Did, b: Did) => boolean;
}

export interface Settlement {
  readonly moves: readonly Move[];
  readonly evidence: readonly ReputationGain[];
  /** The escrow before the rest is returned. Below zero: the facts cost more than is held. */
  readonly left: Credits;
}

class Draft {
  readonly facts: SettlementFacts;
  readonly holdings: Holdings;
  readonly parameters: Parameters;
  readonly moves: Move[] = [];
  left: Credits;

  constructor(facts: SettlementFacts, holdings: Holdings, parameters: Parameters) {
    this.facts = facts;
    this.holdings = holdings;
    this.parameters = parameters;
    this.left = holdings.escrow;
  }

  move(move: Move): void {
    if (move.amount === 0n) return;
    this.moves.push(move);
    if (move.from === "escrow") this.left -= move.amount;
    if (move.to === "escrow") this.left += move.amount;
  }

  /** Not paid out, but said. */
  keep(amount: Credits, why: string): void {
    this.move({ from: "escrow", to: "escrow", amount, why });
  }

  get bond(): Credits {
    return this.holdings.bond?.amount ?? 0n;
  }

  fromBond(to: string, amount: Credits, why: string): void {
    const of = this.holdings.bond?.worker;
    if (of !== undefined) this.move({ from: "bond", to, of, amount, why });
  }

  bondBack(amount: Credits): void {
    const worker = this.holdings.bond?.worker;
    if (worker !== undefined) this.fromBond(worker, amount, "bond back");
  }
}

/** The party to whom `agent` is related, if any (M2, E4). */
const relatedParty = ({ facts, holdings }: Draft, agent: Did): string | undefined => {
  if (holdings.related(agent, facts.requester)) return "requester";
  const worker = facts.decided?.worker;
  return worker !== undefined && holdings.related(agent, worker) ? "worker" : undefined;
};

/** Pays one vote, or says why not. Returns what was paid. */
const payVote = (draft: Draft, agent: Did, amount: Credits, what: string): Credits => {
  const party = relatedParty(draft, agent);
  if (party !== undefined) {
    draft.keep(amount, `${what} of ${agent} is not paid: related to the ${party}`);
    return 0n;
  }
  draft.move({ from: "escrow", to: agent, amount, why: what });
  return amount;
};

const payPlanVotes = (draft: Draft): Credits => {
  const pay = planVotePay(draft.facts.verifyBounty);
  let paid = 0n;
  for (const { agent, agreed } of draft.facts.planVotes) {
    if (agreed) paid += payVote(draft, agent, pay, "plan vote");
  }
  return paid;
};

const paySeats = (draft: Draft, outcome: "pass" | "fail"): Credits => {
  let paid = 0n;
  for (const { seat, agent, answer } of draft.facts.seats) {
    if (answer !== outcome) continue;
    paid += payVote(draft, agent, draft.facts.verifyBounty, `vote on seat ${seat}`);
  }
  return paid;
};

const payPrice = (draft: Draft): void => {
  const { decided, leased } = draft.facts;
  if (decided === undefined) return;
  const { worker, price, etaMs } = decided;
  const late = lateness(price, etaMs, leased?.elapsedMs ?? 0);
  draft.move({ from: "escrow", to: worker, amount: price - late, why: "price" });
  draft.keep(late, `late: ${leased?.elapsedMs ?? 0} ms where ${etaMs} ms were promised`);
};

const payFee = (draft: Draft): void => {
  const { decided, leased } = draft.facts;
  if (decided === undefined) return;
  const amount = cancelFee(decided.price, leased);
  draft.move({ from: "escrow", to: decided.worker, amount, why: "cancel fee" });
};

const finalized = (draft: Draft): void => {
  payPrice(draft);
  payPlanVotes(draft);
  paySeats(draft, "pass");
  draft.bondBack(draft.bond);
};

const undecided = (draft: Draft): void => {
  payPlanVotes(draft);
  draft.bondBack(draft.bond);
};

/** Before DECIDE, unless the facts say otherwise: without a decision there is nobody to pay. */
export const isCancelledBefore = (facts: SettlementFacts): boolean =>
  facts.outcome === "cancelled" && (facts.cancelledBefore ?? facts.decided === undefined);

const cancelled = (draft: Draft): void => {
  const { facts, holdings, parameters } = draft;
  payPlanVotes(draft);
  if (isCancelledBefore(facts)) {
    const amount = cancelFine(facts.bounty, holdings.cancelsRecent, parameters);
    const why = `fine: more than ${parameters.freeCancelsPerHour} cancels within an hour`;
    draft.move({ from: "escrow", to: "burned", amount, why });
  } else payFee(draft);
  draft.bondBack(draft.bond);
};

const noSubmission = (draft: Draft): void => {
  const { facts, parameters } = draft;
  payPlanVotes(draft);
  const burned = leasePenalty(draft.bond, facts.leased, parameters);
  const missed = facts.leased?.heartbeatsMissed ?? 0;
  const late = facts.leased?.yieldedLate === true ? ", late yield" : "";
  const why = `penalty: ${missed} heartbeats missed${late}`;
  draft.fromBond("burned", burned, why);
  draft.bondBack(draft.bond - burned);
};

const rejected = (draft: Draft): void => {
  const paid = payPlanVotes(draft) + paySeats(draft, "fail");
  const lost = least(draft.bond, paid);
  draft.fromBond("escrow", lost, "rejected: the votes paid");
  draft.bondBack(draft.bond - lost);
};

const evaluatorAbsent = (draft: Draft): void => {
  const { facts, holdings } = draft;
  payPlanVotes(draft);
  if (facts.absentPays === "price") payPrice(draft);
  if (facts.absentPays === "fee") payFee(draft);
  for (const { seat, agent, answer } of facts.seats) {
    if (answer !== "silent") continue;
    const exposure = holdings.exposures.find((e) => e.seat === seat && e.agent === agent);
    const amount = partOf(exposure?.amount ?? 0n, NO_SHOW_PPM);
    draft.move({ from: "exposure", to: "burned", of: agent, amount, why: `no-show, seat ${seat}` });
  }
  draft.bondBack(draft.bond);
};

const invalidated = (draft: Draft): void => {
  payPlanVotes(draft);
  const mayBePaid = (agent: Did) => relatedParty(draft, agent) === undefined;
  const { moves, bondLeft } = upheldMoves(draft.facts, draft.holdings, mayBePaid);
  for (const move of moves) draft.move(move);
  draft.bondBack(bondLeft);
};

/** One row of the money table each. */
const ROWS: Readonly<Record<Outcome, (draft: Draft) => void>> = {
  finalized,
  no_bids: undecided,
  expired: undecided,
  cancelled,
  no_submission: noSubmission,
  rejected,
  evaluator_absent: evaluatorAbsent,
  invalidated,
};

/**
 * The moves of one attempt, in the order in which they are posted, and what follows for reputation.
 */
export const settlementMoves = (
  facts: SettlementFacts,
  holdings: Holdings,
  parameters: Parameters,
): Settlement => {
  const draft = new Draft(facts, holdings, parameters);
  ROWS[facts.outcome](draft);
  const { left } = draft;
  if (facts.last && left > 0n) {
    draft.move({ from: "escrow", to: facts.requester, amount: left, why: "rest of the escrow" });
  }
  return { moves: draft.moves, evidence: evidenceOf(facts, holdings.related), left };
};
