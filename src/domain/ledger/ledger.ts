/**
 * The ledger: everything that can be done to the books. Single writer, no clock, no I/O.
 *
 * Each operation checks everything before it changes anything: what it refuses, or throws at,
 * leaves the books as they were. It returns its effects: answers to give (its own and those of
 * requests that waited), evidence for the registry, and agents whose stake changed.
 */

import type { Credits, Did, LogMs } from "#protocol/words.ts";
import type { RefusalCode } from "#protocol/refusals.ts";
import {
  addStake,
  balanceOf,
  burn,
  credit,
  debit,
  freeStakeOf,
  isPaused,
  setPaused,
  releaseUnbonded,
  startUnbonding,
  stakeOf,
  takeUnlocked,
  unbondingOf,
} from "./accounts.ts";
import { isBelowFloor, keepAnswer, keptAnswer, raiseFloor } from "./answers.ts";
import { assert } from "./bug.ts";
import { bond, challenge, fund, openHold, resolve } from "./holds.ts";
import type { OwnerOf, Related } from "./holds.ts";
import { forgetChallenges } from "./challenge-rate.ts";
import { TRANSFER_KEPT_MS, UNBONDING_TRANCHES_MAX } from "./limits.ts";
import type { LedgerAnswer, LedgerRequest, ReputationGain } from "./requests.ts";
import { abandon, askSeats, expireQueue, serveQueue } from "./seat-queue.ts";
import { forgetCancels, settle } from "./settle.ts";
import { countSpent, forgetSpending, spendRefusal } from "./spending.ts";
import { least } from "./split.ts";
import { TREASURY } from "./state.ts";
import type { Answered, LedgerState, RequestId } from "./state.ts";

export type { Answered, LedgerState, RequestId } from "./state.ts";
export { TREASURY, createLedger } from "./state.ts";

export interface LedgerEffects {
  readonly answers: readonly Answered[];
  readonly evidence: readonly ReputationGain[];
  readonly stakes: readonly { readonly agent: Did; readonly staked: Credits }[];
}

export interface Asked {
  readonly id: RequestId;
  /** The asker has logged the answers to all its positions below. */
  readonly floor: number;
  readonly request: LedgerRequest;
}

export type AccountAnswer =
  | { readonly kind: "done"; readonly sequence: number; readonly amount: Credits }
  | { readonly kind: "refused"; readonly code: RefusalCode; readonly detail: string };

export interface AccountResult {
  readonly answer: AccountAnswer;
  readonly effects: LedgerEffects;
}

/** What the registry says at this moment. */
interface Directory {
  readonly related: Related;
  readonly ownerOf: OwnerOf;
}

const NOBODYS: OwnerOf = () => undefined;

const NO_EFFECTS: LedgerEffects = { answers: [], evidence: [], stakes: [] };

const takeEffects = (state: LedgerState): LedgerEffects => {
  serveQueue(state);
  const { answers, evidence, stakes } = state.effects;
  if (answers.length === 0 && evidence.length === 0 && stakes.size === 0) return NO_EFFECTS;
  state.effects.answers = [];
  state.effects.evidence = [];
  const changed = [...stakes].map((agent) => ({ agent, staked: stakeOf(state, agent) }));
  stakes.clear();
  return { answers, evidence, stakes: changed };
};

const answer = (
  state: LedgerState,
  id: RequestId,
  request: LedgerRequest,
  { related, ownerOf }: Directory,
): LedgerAnswer | undefined => {
  switch (request.kind) {
    case "fund":
      return fund(state, request, ownerOf);
    case "bond":
      return bond(state, request);
    case "seats": {
      const { order, count, least: atLeast, exposure } = request;
      assert(atLeast >= 1 && count >= atLeast && exposure >= 0n, "a question has seats");
      assert(new Set(order).size === order.length, "an order names each agent once");
      const hold = openHold(state, request.need, request.attempt);
      return "kind" in hold ? hold : askSeats(state, id, hold.open, request);
    }
    case "challenge":
      return challenge(state, request, ownerOf);
    case "resolve":
      return resolve(state, request, related);
    case "settle":
      return settle(state, request, related);
  }
};

/**
 * One request of a need bucket. `related` is by the registry rows of this moment (E4). The effects
 * hold its answer, unless it waits in the seats queue or lies below the floor.
 */
export const ask = (
  state: LedgerState,
  asked: Asked,
  related: Related,
  ownerOf: OwnerOf = NOBODYS,
): LedgerEffects => {
  const { id, floor, request } = asked;
  if (isBelowFloor(state, id) || id.position < floor) return NO_EFFECTS;
  const kept = keptAnswer(state, id);
  if (kept !== undefined) {
    if (kept.answer === undefined) return NO_EFFECTS;
    return { ...NO_EFFECTS, answers: [{ id, answer: kept.answer }] };
  }
  const { bucket, position } = id;
  const postings = state.needs.get(request.need)?.postings;
  const first = answer(state, id, request, { related, ownerOf });
  const hasEnded = postings !== undefined && !state.needs.has(request.need);
  if (hasEnded) state.endedPostings.set(request.need, { bucket, position, postings });
  keepAnswer(state, id, first, hasEnded ? request.need : undefined);
  if (first !== undefined) state.effects.answers.push({ id, answer: first });
  raiseFloor(state, bucket, floor, (waiting) => abandon(state, waiting));
  return takeEffects(state);
};

const done = (state: LedgerState, amount: Credits): AccountAnswer => {
  state.sequence += 1;
  return { kind: "done", sequence: state.sequence, amount };
};

const no = (code: RefusalCode, detail: string): AccountAnswer => ({
  kind: "refused",
  code,
  detail,
});

/**
 * A transfer happens once per `id`: the same id and content get the first answer, other content is
 * refused. A refused transfer leaves no trace. Grants, from the treasury, are remembered for ever,
 * other ids for TRANSFER_KEPT_MS.
 */
export const transfer = (
  state: LedgerState,
  order: {
    readonly id: string;
    readonly from: string;
    readonly to: string;
    readonly amount: Credits;
    /** Of the sender. */
    readonly owner?: string;
  },
): AccountAnswer => {
  const { id, from, to, amount, owner } = order;
  assert(amount >= 0n, "E1: a transfer is not negative");
  assert(to !== TREASURY, "a credit granted does not go back to the treasury");
  const earlier = state.grants.get(id) ?? state.transfers.get(id);
  if (earlier !== undefined) {
    const same = earlier.from === from && earlier.to === to && earlier.amount === amount;
    if (same) return { kind: "done", sequence: earlier.sequence, amount };
    return no("KEY_REUSED", "this id was used for another transfer");
  }
  if (from !== TREASURY && isPaused(state, from)) return no("PAUSED", "");
  const spender = { account: from, owner };
  const limit = spendRefusal(state, spender, { amount, isNeed: false });
  if (limit !== undefined) return no(limit.code, limit.detail ?? "");
  const balance = balanceOf(state, from);
  if (balance < amount) return no("INSUFFICIENT_FUNDS", `${balance} of ${amount}`);
  countSpent(state, spender, amount);
  debit(state, from, amount);
  credit(state, to, amount);
  const result = done(state, amount);
  const rows = from === TREASURY ? state.grants : state.transfers;
  rows.set(id, { from, to, amount, sequence: state.sequence, atMs: state.nowMs });
  return result;
};

export const stake = (state: LedgerState, agent: Did, amount: Credits): AccountResult => {
  assert(amount >= 0n, "E1: a stake is not negative");
  const balance = balanceOf(state, agent);
  if (balance < amount) {
    const refusal = no("INSUFFICIENT_FUNDS", `${balance} of ${amount}`);
    return { answer: refusal, effects: NO_EFFECTS };
  }
  debit(state, agent, amount);
  addStake(state, agent, amount);
  const result = done(state, amount);
  return { answer: result, effects: takeEffects(state) };
};

/** Why `agent` may not unstake `amount` now, if so (E2). */
const unstakeRefusal = (state: LedgerState, agent: Did, amount: Credits): string | undefined => {
  const free = freeStakeOf(state, agent);
  if (amount > free) return `${free} of ${amount} is free`;
  const account = state.stakes.get(agent);
  const minimum = state.parameters.verifyStakeMin;
  if (account === undefined || account.seats === 0 || account.staked - amount >= minimum) {
    return undefined;
  }
  return `who holds a seat keeps at least ${minimum} staked`;
};

/** Free stake only; it is paid out after `parameters.unbondingMs`, slashable until then. */
export const unstake = (state: LedgerState, agent: Did, amount: Credits): AccountResult => {
  assert(amount >= 0n, "E1: an unstake is not negative");
  const why = unstakeRefusal(state, agent, amount);
  if (why !== undefined) {
    return { answer: no("INSUFFICIENT_STAKE", why), effects: NO_EFFECTS };
  }
  const tranches = state.stakes.get(agent)?.tranches.length ?? 0;
  if (tranches >= UNBONDING_TRANCHES_MAX) {
    const detail = `${tranches} unstakes wait already`;
    return { answer: no("MAILBOX_FULL", detail), effects: NO_EFFECTS };
  }
  if (amount > 0n) startUnbonding(state, agent, amount);
  const result = done(state, amount);
  return { answer: result, effects: takeEffects(state) };
};

/**
 * Burns up to `amount` of an agent's stake for something that no attempt's exposure answers for,
 * found after the settlement: free stake first, then what is unbonding. The answer says how much
 * there was.
 */
export const slash = (state: LedgerState, agent: Did, amount: Credits): AccountResult => {
  assert(amount >= 0n, "E1: a slash is not negative");
  const there = freeStakeOf(state, agent) + unbondingOf(state, agent);
  const taken = takeUnlocked(state, agent, least(amount, there));
  burn(state, taken);
  const result = done(state, taken);
  return { answer: result, effects: takeEffects(state) };
};

/**
 * An agent, or everybody (undefined), commits nothing new from now on, or may again. Who is paused alone
 * is seated nowhere; where all are paused, committees still sit for what was committed before.
 */
export const pause = (
  state: LedgerState,
  agent: Did | undefined,
  paused: boolean,
): LedgerEffects => {
  if (agent === undefined) state.pausedAll = paused;
  else setPaused(state, agent, paused);
  return takeEffects(state);
};

const forgetBefore = <T>(rows: Map<string, T>, isOver: (row: T) => boolean): void => {
  for (const [id, row] of rows) {
    if (!isOver(row)) return;
    rows.delete(id);
  }
};

/** Time passes: unbonded stake is paid out, waiting requests end, old rows are forgotten. */
export const tick = (state: LedgerState, nowMs: LogMs): LedgerEffects => {
  assert(nowMs >= state.nowMs, "L5: log time does not go back");
  if (nowMs === state.nowMs) return NO_EFFECTS;
  state.nowMs = nowMs;
  releaseUnbonded(state);
  expireQueue(state);
  forgetCancels(state);
  forgetChallenges(state);
  forgetSpending(state);
  state.endedKeys.forget(nowMs);
  forgetBefore(state.transfers, ({ atMs }) => atMs + TRANSFER_KEPT_MS <= nowMs);
  return takeEffects(state);
};
