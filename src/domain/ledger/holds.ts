/**
 * Holds of a need: its escrow, the worker's performance bond, challenge bonds. Holds never expire
 * by themselves; only the settlement of their attempt ends them (protocol section 7), except that a
 * challenge bond ends when its challenge is resolved.
 *
 * H1  A refused hold leaves no trace.
 * H2  The same hold asked for under another request id gets the first answer.
 * H3  A sealed or posted attempt takes no more bonds (P3).
 */

import type { Credits, Did } from "#protocol/words.ts";
import { foremost } from "#protocol/refusals.ts";
import type { Refusal, RefusalCode } from "#protocol/refusals.ts";
import { endedPostings } from "./answers.ts";
import { balanceOf, burn, credit, debit, freeStakeOf, isPaused, lockStake } from "./accounts.ts";
import { assert } from "./bug.ts";
import { countChallenge, tooOften } from "./challenge-rate.ts";
import type { LedgerAnswer, LedgerRequest } from "./requests.ts";
import { countSpent, giveBack, spendRefusal } from "./spending.ts";
import { partOf, splitEqually } from "./split.ts";
import { freshAttempt } from "./state.ts";
import type { LedgerState, NeedHold } from "./state.ts";

type Request<K extends LedgerRequest["kind"]> = Extract<LedgerRequest, { kind: K }>;
export type Related = (a: Did, b: Did) => boolean;
/** The first org that was attested of an agent: whose limits stand over it. */
export type OwnerOf = (did: Did) => string | undefined;

export const refused = (code: RefusalCode, detail?: string): LedgerAnswer =>
  detail === undefined ? { kind: "refused", code } : { kind: "refused", code, detail };

/** The hold's id: one requester's one key. A did has no space, so no two pairs meet. */
export const keyOf = (requester: Did, key: string): string => `${requester} ${key}`;

/** The hold whose open attempt is `attempt`, or the refusal. */
export const openHold = (
  state: LedgerState,
  need: string,
  attempt: number,
): NeedHold | Extract<LedgerAnswer, { kind: "refused" }> => {
  const hold = state.needs.get(need);
  if (hold === undefined) {
    const detail = "nothing is held for this need: never funded, or ended";
    return { kind: "refused", code: "UNKNOWN_THREAD", detail };
  }
  if (hold.open.attempt === attempt) return hold;
  const detail = `the open attempt is ${hold.open.attempt}`;
  return { kind: "refused", code: "WRONG_STATE", detail };
};

const earlierNeed = (state: LedgerState, request: Request<"fund">) => {
  const key = keyOf(request.requester, request.key);
  const held = state.liveKeys.get(key);
  const live = held === undefined ? undefined : state.needs.get(held);
  if (live !== undefined) return { first: live.need, content: live.content, live };
  const ended = state.endedKeys.get(key);
  return ended === undefined ? undefined : { ...ended, live: undefined };
};

export const fund = (
  state: LedgerState,
  request: Request<"fund">,
  ownerOf: OwnerOf,
): LedgerAnswer => {
  const { need, requester, content, amount, bounty, tier } = request;
  assert(bounty >= 0n && amount >= bounty, "E3: a hold covers its bounty");
  const earlier = earlierNeed(state, request);
  if (earlier !== undefined && earlier.content === content) {
    // The same need asked for again is held; another need under its key is a duplicate.
    if (earlier.live?.need === need) return { kind: "held", sequence: earlier.live.sequence };
    return { kind: "duplicate", first: earlier.first };
  }
  const refusals: Refusal[] = [];
  const spender = { account: requester, owner: ownerOf(requester) };
  const limit = spendRefusal(state, spender, { amount, isNeed: true });
  if (isPaused(state, requester)) refusals.push({ code: "PAUSED" });
  if (limit !== undefined) refusals.push(limit);
  const cap = state.parameters.tiers[tier].bountyMax;
  const balance = balanceOf(state, requester);
  if (bounty > cap) refusals.push({ code: "BOUNTY_CAP", detail: `${tier}: at most ${cap}` });
  if (earlier !== undefined) refusals.push({ code: "KEY_REUSED", detail: earlier.first });
  if (balance < amount) {
    refusals.push({ code: "INSUFFICIENT_FUNDS", detail: `${balance} of ${amount}` });
  }
  const refusal = foremost(refusals);
  if (refusal !== undefined) return { kind: "refused", ...refusal };
  if (state.needs.has(need)) return refused("WRONG_STATE", "this need is held under another key");

  const key = keyOf(requester, request.key);
  debit(state, requester, amount);
  state.sums.escrows += amount;
  state.sequence += 1;
  const { sequence } = state;
  const open = freshAttempt(1);
  const hold = { need, requester, key, content, bounty, tier, sequence, rest: amount, open };
  const spent = countSpent(state, spender, amount);
  state.needs.set(need, { ...hold, postings: [], ...(spent === undefined ? {} : { spent }) });
  state.liveKeys.set(key, need);
  return { kind: "held", sequence };
};

export const bond = (state: LedgerState, request: Request<"bond">): LedgerAnswer => {
  const { need, attempt, worker, amount } = request;
  assert(amount >= 0n, "E1: a bond is not negative");
  const hold = openHold(state, need, attempt);
  if ("kind" in hold) return hold;
  const { open } = hold;
  if (open.bond !== undefined) {
    const same = open.bond.worker === worker && open.bond.amount === amount;
    if (same) return { kind: "held", sequence: open.bond.sequence };
    return refused("WRONG_STATE", "another bond is held for this attempt");
  }
  if (isPaused(state, worker)) return refused("PAUSED");
  const free = freeStakeOf(state, worker);
  const balance = balanceOf(state, worker);
  const onStake = free >= amount;
  if (!onStake && balance < amount) {
    const detail = `${amount} is not in the free stake (${free}) or the balance (${balance})`;
    // Whoever has staked at all was to be bound by stake; both codes would be true.
    return refused(state.stakes.has(worker) ? "INSUFFICIENT_STAKE" : "INSUFFICIENT_FUNDS", detail);
  }
  if (open.sealed) return refused("SEALED");
  if (onStake) lockStake(state, worker, amount);
  else {
    debit(state, worker, amount);
    state.sums.bonds += amount;
  }
  state.sequence += 1;
  open.bond = { worker, amount, onStake, sequence: state.sequence };
  return { kind: "held", sequence: state.sequence };
};

/**
 * The least bond of a challenge: the tier's share of the need's bounty (protocol sections 12, 17).
 */
export const leastChallengeBond = (state: LedgerState, hold: NeedHold): Credits =>
  partOf(hold.bounty, state.parameters.tiers[hold.tier].challengeBondPpm);

export const challenge = (
  state: LedgerState,
  request: Request<"challenge">,
  ownerOf: OwnerOf,
): LedgerAnswer => {
  const { need, attempt, challenger, amount, envelope } = request;
  assert(amount >= 0n, "E1: a bond is not negative");
  const hold = state.needs.get(need);
  if (hold === undefined) {
    if (endedPostings(state, need) !== undefined) return refused("SEALED", "the need has ended");
    return refused("UNKNOWN_THREAD");
  }
  const { open } = hold;
  if (attempt > open.attempt) return refused("WRONG_STATE", `the open attempt is ${open.attempt}`);
  const known = open.challenges.find((other) => other.challenge === request.challenge);
  if (known !== undefined) return { kind: "held", sequence: known.sequence };

  const refusals: Refusal[] = [];
  const balance = balanceOf(state, challenger);
  const minimum = leastChallengeBond(state, hold);
  if (balance < amount) {
    refusals.push({ code: "INSUFFICIENT_FUNDS", detail: `${balance} of ${amount}` });
  }
  const spender = { account: challenger, owner: ownerOf(challenger) };
  const limit = spendRefusal(state, spender, { amount, isNeed: false });
  // Where all are paused, what was committed may still be contested.
  if (state.paused.has(challenger)) refusals.push({ code: "PAUSED" });
  if (limit !== undefined) refusals.push(limit);
  const often = tooOften(state, request.entity);
  if (often !== undefined) refusals.push({ code: "RATE_LIMITED", detail: `at most ${often}` });
  if (open.sealed || attempt < open.attempt) refusals.push({ code: "SEALED" });
  if (amount < minimum) refusals.push({ code: "BOND_TOO_SMALL", detail: `at least ${minimum}` });
  const refusal = foremost(refusals);
  if (refusal !== undefined) return { kind: "refused", ...refusal };

  debit(state, challenger, amount);
  countChallenge(state, request.entity);
  const spent = countSpent(state, spender, amount);
  state.sums.bonds += amount;
  state.sequence += 1;
  open.challenges.push({
    challenge: request.challenge,
    challenger,
    amount,
    envelope,
    sequence: state.sequence,
    status: "open",
    resolvedAt: 0,
    ...(spent === undefined ? {} : { spent }),
  });
  return { kind: "held", sequence: state.sequence };
};

/** Upheld: the bond is back. Rejected: half to the judges (E4: unrelated ones), the rest burned. */
export const resolve = (
  state: LedgerState,
  request: Request<"resolve">,
  related: Related,
): LedgerAnswer => {
  const hold = openHold(state, request.need, request.attempt);
  if ("kind" in hold) return hold;
  const found = hold.open.challenges.find((other) => other.challenge === request.challenge);
  if (found === undefined) return refused("WRONG_STATE", "no bond is held for this challenge");
  const status = request.upheld ? "upheld" : "rejected";
  if (found.status !== "open") {
    if (found.status === status) return { kind: "resolved", sequence: found.resolvedAt };
    return refused("WRONG_STATE", `the challenge was ${found.status}`);
  }
  state.sums.bonds -= found.amount;
  if (request.upheld) {
    credit(state, found.challenger, found.amount);
    giveBack(state, found.spent, found.amount);
  } else {
    const parties = [found.challenger, hold.requester];
    if (hold.open.bond !== undefined) parties.push(hold.open.bond.worker);
    const judges = request.judges.filter(
      (judge) => !parties.some((party) => related(judge, party)),
    );
    const half = judges.length === 0 ? 0n : found.amount / 2n;
    burn(state, found.amount - half);
    if (judges.length > 0) {
      splitEqually(half, judges.length).forEach((part, i) => credit(state, judges[i]!, part));
    }
  }
  state.sequence += 1;
  found.status = status;
  found.resolvedAt = state.sequence;
  return { kind: "resolved", sequence: state.sequence };
};
