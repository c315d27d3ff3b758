/**
 * The spend firewall: what an agent, or all agents of an owner, may commit (protocol section 7: spend
 * limits are checked before the effect).
 *
 * What counts is what an account commits of its own accord and others may get: the hold of a need it
 * funds, a transfer, a challenge bond. Stake and performance bonds do not count: they stay the agent's
 * own, only a rule can take them, and E2 bounds that. The treasury is the operator's and has no limits.
 *
 * F1  In any 24 hours of T what was committed under a `day` limit, less what came back of those very
 *     commitments, is never above it. Counted in slots of DAY_SLOT_MS: the slot of now and the whole
 *     day of slots before it cover every window that ends now, so at most one slot too much is counted.
 * F2  In any 60 seconds of T what was committed under a `minute` or `perMinute` limit is never above
 *     it. Nothing comes back to a minute: else a rate could be spun by cancelling.
 * F3  What comes back of a commitment is taken off the slot it was counted in, at most what it was, and
 *     once. A slot that is forgotten gets nothing, so old money opens no room today.
 * F4  A refused commitment leaves no trace.
 * F5  An account's counters hold at most DAY_SLOTS + 1 and MINUTE_SLOTS + 1 slots, and are forgotten a
 *     day after its last commitment.
 */

import type { SpendLimits } from "#protocol/bodies.ts";
import type { Refusal } from "#protocol/refusals.ts";
import type { Credits, Did, LogMs } from "#protocol/words.ts";
import { assert } from "./bug.ts";
import {
  DAY_SLOT_MS,
  DAY_SLOTS,
  MINUTE_SLOT_MS,
  MINUTE_SLOTS,
  SPEND_LIMITS_MAX,
} from "./limits.ts";
import { least } from "./split.ts";
import { TREASURY } from "./state.ts";
import type { LedgerState, SpendSlot, Spending, Spent } from "./state.ts";

/** Who commits, and to whom it belongs: the first org that was attested of it. */
export interface Spender {
  readonly account: string;
  readonly owner: string | undefined;
}

export interface Commitment {
  readonly amount: Credits;
  /** A need's hold: `need` limits it too. */
  readonly isNeed: boolean;
}

const EACH = "each";
export const agentScope = (did: Did): string => `agent ${did}`;
export const ownerScope = (owner: string): string => `owner ${owner}`;
export const eachScope = (): string => EACH;

interface Applying {
  /** Whose counters these limits stand against. */
  readonly scope: string;
  readonly limits: SpendLimits;
}

/** The limits that stand over a spender: its own or everybody's, and its owner's. */
const applying = (state: LedgerState, { account, owner }: Spender): Applying[] => {
  if (state.limits.size === 0 || account === TREASURY) return [];
  const scope = agentScope(account);
  const own = state.limits.get(scope) ?? state.limits.get(EACH);
  const shared = owner === undefined ? undefined : state.limits.get(ownerScope(owner));
  return [
    ...(own === undefined ? [] : [{ scope, limits: own }]),
    ...(owner === undefined || shared === undefined
      ? []
      : [{ scope: ownerScope(owner), limits: shared }]),
  ];
};

interface Sum {
  readonly amount: Credits;
  readonly count: number;
}

const slotOf = (atMs: LogMs, slotMs: LogMs): number => Math.floor(atMs / slotMs);

/** Of the slot of now and the `span` slots before it: a whole window, whenever in the slot it ends. */
const sumOf = (slots: readonly SpendSlot[], now: number, span: number): Sum => {
  let [amount, count] = [0n, 0];
  for (const slot of slots) {
    if (slot.slot < now - span) continue;
    amount += slot.amount;
    count += slot.count;
  }
  return { amount, count };
};

/** What is counted now under a scope. */
export const spentNow = (
  state: LedgerState,
  scope: string,
): { readonly day: Sum; readonly minute: Sum } => {
  const { day = [], minute = [] } = state.spending.get(scope) ?? {};
  return {
    day: sumOf(day, slotOf(state.nowMs, DAY_SLOT_MS), DAY_SLOTS),
    minute: sumOf(minute, slotOf(state.nowMs, MINUTE_SLOT_MS), MINUTE_SLOTS),
  };
};

const refusalOf = (
  state: LedgerState,
  { scope, limits }: Applying,
  { amount, isNeed }: Commitment,
): string | undefined => {
  if (isNeed && limits.need !== undefined && amount > limits.need)
    return `${amount} for one need, and ${scope} may hold ${limits.need}`;
  const { day, minute } = spentNow(state, scope);
  if (limits.day !== undefined && day.amount + amount > limits.day)
    return `${amount} beside ${day.amount} of the day, and ${scope} may commit ${limits.day}`;
  if (limits.minute !== undefined && minute.amount + amount > limits.minute)
    return `${amount} beside ${minute.amount} of the minute, and ${scope} may commit ${limits.minute}`;
  if (limits.perMinute !== undefined && minute.count >= limits.perMinute)
    return `${minute.count} in this minute, and ${scope} may commit ${limits.perMinute} times`;
  return undefined;
};

/** Why this may not be committed now, if so. */
export const spendRefusal = (
  state: LedgerState,
  spender: Spender,
  commitment: Commitment,
): Refusal | undefined => {
  for (const one of applying(state, spender)) {
    const detail = refusalOf(state, one, commitment);
    if (detail !== undefined) return { code: "SPEND_LIMIT", detail };
  }
  return undefined;
};

const counted = (
  slots: readonly SpendSlot[],
  now: number,
  span: number,
  amount: Credits,
): SpendSlot[] => {
  const kept = slots.filter(({ slot }) => slot >= now - span);
  const last = kept.at(-1);
  if (last?.slot !== now) return [...kept, { slot: now, amount, count: 1 }];
  last.amount += amount;
  last.count += 1;
  return kept;
};

/** Counts a commitment that was allowed. Undefined: no limits stand over it, so nothing is counted. */
export const countSpent = (
  state: LedgerState,
  spender: Spender,
  amount: Credits,
): Spent | undefined => {
  const of = applying(state, spender).map(({ scope }) => scope);
  if (of.length === 0) return undefined;
  const atMs = state.nowMs;
  for (const scope of of) {
    const before: Spending = state.spending.get(scope) ?? { day: [], minute: [] };
    // Set again, so that the map stays in order of the latest.
    state.spending.delete(scope);
    state.spending.set(scope, {
      day: counted(before.day, slotOf(atMs, DAY_SLOT_MS), DAY_SLOTS, amount),
      minute: counted(before.minute, slotOf(atMs, MINUTE_SLOT_MS), MINUTE_SLOTS, amount),
    });
  }
  return { atMs, amount, of };
};

/** So much of a commitment came back (F3): once for each commitment. */
export const giveBack = (state: LedgerState, spent: Spent | undefined, amount: Credits): void => {
  if (spent === undefined) return;
  assert(amount >= 0n, "E1: what comes back is not negative");
  const at = slotOf(spent.atMs, DAY_SLOT_MS);
  for (const scope of spent.of) {
    const slot = state.spending.get(scope)?.day.find((one) => one.slot === at);
    if (slot === undefined) continue;
    slot.amount -= least(amount, spent.amount);
    assert(slot.amount >= 0n, "F3: no more comes back than was committed");
  }
};

/** Replaces a scope's limits. What was counted stays: taking limits away and back forgets nothing. */
export const setLimits = (state: LedgerState, scope: string, limits: SpendLimits): void => {
  if (Object.keys(limits).length === 0) {
    state.limits.delete(scope);
    return;
  }
  assert(hasRoomForLimits(state, scope), `at most ${SPEND_LIMITS_MAX} limits are kept`);
  state.limits.set(scope, limits);
};

export const hasRoomForLimits = (state: LedgerState, scope: string): boolean =>
  state.limits.has(scope) || state.limits.size < SPEND_LIMITS_MAX;

/** Counters of which no slot counts any more. */
export const forgetSpending = (state: LedgerState): void => {
  const now = slotOf(state.nowMs, DAY_SLOT_MS);
  for (const [scope, { day }] of state.spending) {
    if ((day.at(-1)?.slot ?? 0) >= now - DAY_SLOTS) return;
    state.spending.delete(scope);
  }
};
