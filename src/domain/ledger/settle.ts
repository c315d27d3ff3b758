/**
 * Settlement: seal, then post once (protocol section 7).
 *
 * T1 (P3)  The first intent seals the attempt; a bond is either admitted before it, and then
 *     answered
 *          for, or refused.
 * T2 (E1)  One posting per (need, attempt); a copy under any request id gets the same one.
 * T3 (E3)  A posting that is not the last leaves at least the bounty in the escrow, so that the
 *     next
 *          attempt's price is covered; facts that cost more are refused and leave no trace.
 * T4 (E5)  A posting ends every hold of its attempt; the last one ends the need's.
 */

import type { Credits, Did, LogMs } from "#protocol/words.ts";
import { endedPostings } from "./answers.ts";
import { burn, credit, takeLocked, unlockStake } from "./accounts.ts";
import { assert } from "./bug.ts";
import { openHold, refused } from "./holds.ts";
import type { Related } from "./holds.ts";
import { FREE_CANCEL_WINDOW_MS, KEY_KEPT_MS } from "./limits.ts";
import type { LedgerAnswer, Move, SettlementFacts } from "./requests.ts";
import { giveBack } from "./spending.ts";
import { leaveQueueOf } from "./seat-queue.ts";
import { isCancelledBefore, settlementMoves } from "./settlement.ts";
import type { Settlement } from "./settlement.ts";
import { freshAttempt } from "./state.ts";
import type { LedgerState, NeedHold } from "./state.ts";

/** The first thing in which the facts contradict what the ledger holds, if any. */
const contradiction = (hold: NeedHold, facts: SettlementFacts): string | undefined => {
  const { decided, leased } = facts;
  if (facts.requester !== hold.requester) return "the requester is not the one who funded";
  if (facts.bounty !== hold.bounty || facts.tier !== hold.tier) return "another bounty or tier";
  if (facts.verifyBounty < 0n) return "a negative verifyBounty";
  if (decided !== undefined && (decided.price < 0n || decided.price > hold.bounty)) {
    return "the price is above the bounty";
  }
  if (hold.open.bond !== undefined && hold.open.bond.worker !== decided?.worker) {
    return "the bond is another worker's";
  }
  if (new Set(facts.seats.map(({ seat }) => seat)).size < facts.seats.length) {
    return "a seat stands twice";
  }
  const times = [decided?.etaMs ?? 0, leased?.elapsedMs ?? 0, leased?.ttlMs ?? 0];
  times.push(leased?.heartbeatsMissed ?? 0);
  const whole = times.every((time) => Number.isSafeInteger(time) && time >= 0);
  return whole ? undefined : "a time or count is not a whole number";
};

const cancelsRecent = (state: LedgerState, requester: Did): LogMs[] =>
  (state.freeCancels.get(requester) ?? []).filter(
    (atMs) => atMs > state.nowMs - FREE_CANCEL_WINDOW_MS,
  );

const countCancel = (state: LedgerState, requester: Did): void => {
  const recent = [...cancelsRecent(state, requester), state.nowMs];
  // Set again, so that the map stays in order of the latest cancel. More are never asked for.
  state.freeCancels.delete(requester);
  const kept = Math.max(1, state.parameters.freeCancelsPerHour);
  state.freeCancels.set(requester, recent.slice(-kept));
};

export const forgetCancels = (state: LedgerState): void => {
  for (const [requester, times] of state.freeCancels) {
    if (times.at(-1)! > state.nowMs - FREE_CANCEL_WINDOW_MS) return;
    state.freeCancels.delete(requester);
  }
};

const compute = (
  state: LedgerState,
  hold: NeedHold,
  facts: SettlementFacts,
  related: Related,
): Settlement => {
  const { bond, exposures, challenges } = hold.open;
  return settlementMoves(
    facts,
    {
      escrow: hold.rest,
      ...(bond === undefined ? {} : { bond }),
      exposures,
      upheld: challenges.filter(({ status }) => status === "upheld"),
      cancelsRecent: cancelsRecent(state, facts.requester).length,
      related,
    },
    state.parameters,
  );
};

const takeFrom = (state: LedgerState, hold: NeedHold, move: Move): void => {
  const { bond } = hold.open;
  if (move.from === "escrow") {
    hold.rest -= move.amount;
    state.sums.escrows -= move.amount;
  } else if (move.from === "exposure") {
    assert(move.of !== undefined, "E2: an exposure is somebody's");
    takeLocked(state, move.of, move.amount);
  } else {
    assert(move.from === "bond" && bond !== undefined, "E1: money moves from what is held");
    if (bond.onStake) takeLocked(state, bond.worker, move.amount);
    else state.sums.bonds -= move.amount;
  }
};

const giveTo = (state: LedgerState, hold: NeedHold, move: Move): void => {
  if (move.to === "escrow") {
    hold.rest += move.amount;
    state.sums.escrows += move.amount;
  } else if (move.to === "burned") burn(state, move.amount);
  else credit(state, move.to, move.amount);
};

/** Exposures are unlocked for what the moves left of them; a bond on stake returns by unlocking. */
const applyMoves = (state: LedgerState, hold: NeedHold, moves: readonly Move[]): void => {
  const { bond, exposures } = hold.open;
  const taken = new Map<Did, Credits>();
  for (const move of moves) {
    if (move.from === "bond" && move.to === bond?.worker && bond.onStake) {
      unlockStake(state, bond.worker, move.amount);
      continue;
    }
    takeFrom(state, hold, move);
    giveTo(state, hold, move);
    if (move.from !== "exposure" || move.of === undefined) continue;
    taken.set(move.of, (taken.get(move.of) ?? 0n) + move.amount);
  }
  for (const { agent, amount } of exposures) {
    const lost = taken.get(agent) ?? 0n;
    const fromThis = lost < amount ? lost : amount;
    if (lost > 0n) taken.set(agent, lost - fromThis);
    unlockStake(state, agent, amount - fromThis, 1);
  }
};

const endNeed = (state: LedgerState, hold: NeedHold): void => {
  assert(hold.rest === 0n, "E5: the last posting empties the escrow");
  state.needs.delete(hold.need);
  state.liveKeys.delete(hold.key);
  const untilMs = state.nowMs + KEY_KEPT_MS;
  state.endedKeys.add(hold.key, { first: hold.need, content: hold.content, untilMs });
};

const post = (
  state: LedgerState,
  hold: NeedHold,
  facts: SettlementFacts,
  { moves, evidence, left }: Settlement,
): LedgerAnswer => {
  leaveQueueOf(state, hold.open, hold.need);
  applyMoves(state, hold, moves);
  if (isCancelledBefore(facts)) countCancel(state, facts.requester);
  for (const gain of evidence) state.effects.evidence.push(gain);
  state.sequence += 1;
  const posted = { kind: "posted", sequence: state.sequence, moves } as const;
  hold.postings.push(posted);
  if (facts.last) {
    endNeed(state, hold);
    giveBack(state, hold.spent, left);
  }
  if (!facts.last) hold.open = freshAttempt(facts.attempt + 1);
  return posted;
};

export const settle = (
  state: LedgerState,
  facts: SettlementFacts,
  related: Related,
): LedgerAnswer => {
  const { need, attempt } = facts;
  const postings = state.needs.get(need)?.postings ?? endedPostings(state, need);
  const earlier = postings?.[attempt - 1];
  if (earlier !== undefined) return earlier;
  const hold = openHold(state, need, attempt);
  if ("kind" in hold) return hold;
  const wrong = contradiction(hold, facts);
  if (wrong !== undefined) return refused("WRONG_STATE", wrong);

  const open = hold.open.challenges.filter(({ status }) => status === "open");
  if (open.length > 0) {
    hold.open.sealed = true;
    return { kind: "sealed", open: open.map(({ envelope }) => envelope) };
  }
  const settlement = compute(state, hold, facts, related);
  const needed = facts.last ? 0n : hold.bounty;
  if (settlement.left < needed) {
    const detail = `the facts leave ${settlement.left} of ${hold.rest} where ${needed} must stay`;
    return refused("WRONG_STATE", detail);
  }
  hold.open.sealed = true;
  return post(state, hold, facts, settlement);
};
