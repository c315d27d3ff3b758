/**
 * What a need must hold before anybody works (protocol section 4).
 *
 * F1  The hold covers every sequence of attempts of the need, provided that
 *     (a) price or cancel fee is paid by one posting only, the last, and is at most `bounty`;
 *     (b) at most `failures` attempts put a question to result seats that pays votes, and each pays
 *         at most 2·kResult − 1 of them (K equal verdicts end a question, so the other side has at
 *         most K − 1);
 *     (c) at most `candidates` candidates are put to a plan vote in the whole need, and each pays
 *     at
 *         most 2·kPlan − 1 votes.
 *     A posting that would break this is refused by the ledger: one that is not the last must leave
 *     the bounty in the escrow.
 */

import type { Credits } from "#protocol/words.ts";
import { PLAN_VOTE_DIVISOR } from "./limits.ts";

/** What one plan vote pays: a fifth of `verifyBounty`, rounded up, so that it is never nothing. */
export const planVotePay = (verifyBounty: Credits): Credits =>
  (verifyBounty + PLAN_VOTE_DIVISOR - 1n) / PLAN_VOTE_DIVISOR;

/** The hold of a need in micro-credits. `candidates` is `parameters.planCandidatesMax`. */
export const fundingAmount = (need: {
  readonly bounty: Credits;
  readonly verifyBounty: Credits;
  readonly kResult: number;
  readonly kPlan: number;
  readonly failures: number;
  readonly candidates: number;
}): Credits =>
  need.bounty +
  need.verifyBounty * BigInt((2 * need.kResult - 1) * need.failures) +
  planVotePay(need.verifyBounty) * BigInt((2 * need.kPlan - 1) * need.candidates);
