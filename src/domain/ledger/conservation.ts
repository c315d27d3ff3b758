/** E1, checked in two ways: by running sums after every batch, and by counting everything. */

import type { Credits } from "#protocol/words.ts";
import { assert } from "./bug.ts";
import type { AttemptHolds, LedgerState, Sums } from "./state.ts";

/** Everything that exists, by the running sums. */
export const total = (state: LedgerState): Credits => {
  const { balances, escrows, bonds, staked, unbonding } = state.sums;
  return balances + escrows + bonds + staked + unbonding + state.burned;
};

/** After every batch, in constant time. Throws: a ledger that lost or made a credit must stop. */
export const assertConserved = (state: LedgerState): void => {
  assert(total(state) === state.minted, `E1: ${total(state)} of ${state.minted} accounted for`);
};

const bondsOf = (attempt: AttemptHolds): Credits => {
  const challenges = attempt.challenges
    .filter((challenge) => challenge.status === "open")
    .reduce((sum, challenge) => sum + challenge.amount, 0n);
  const bond = attempt.bond;
  return challenges + (bond === undefined || bond.onStake ? 0n : bond.amount);
};

const UNLOCKED = { amount: 0n, seats: 0 };

/** The sums, counted from every account and hold. Throws on anything negative or over-locked. */
export const recount = (state: LedgerState): Sums => {
  const sums: Sums = { balances: 0n, escrows: 0n, bonds: 0n, staked: 0n, unbonding: 0n };
  for (const [account, balance] of state.balances) {
    assert(balance > 0n, `E1: the balance of ${account} is positive or absent`);
    sums.balances += balance;
  }
  const locks = new Map<string, { readonly amount: Credits; readonly seats: number }>();
  const lock = (agent: string, amount: Credits, seats: number): void => {
    const before = locks.get(agent) ?? UNLOCKED;
    locks.set(agent, { amount: before.amount + amount, seats: before.seats + seats });
  };
  for (const [, hold] of state.needs) {
    assert(hold.rest >= 0n, `E1: the escrow of ${hold.need} is not negative`);
    sums.escrows += hold.rest;
    sums.bonds += bondsOf(hold.open);
    for (const exposure of hold.open.exposures) lock(exposure.agent, exposure.amount, 1);
    if (hold.open.bond?.onStake === true) lock(hold.open.bond.worker, hold.open.bond.amount, 0);
  }
  let tranches = 0;
  for (const [agent, account] of state.stakes) {
    const held = locks.get(agent) ?? UNLOCKED;
    assert(account.locked === held.amount, `E5: ${agent}'s locks are its holds'`);
    assert(account.seats === held.seats, `E2: ${agent}'s seats are its exposures`);
    assert(account.locked >= 0n && account.locked <= account.staked, `E2: ${agent} is over-locked`);
    sums.staked += account.staked;
    tranches += account.tranches.length;
    locks.delete(agent);
  }
  // A bond of nothing is on the stake of whoever has none.
  const unbacked = [...locks.values()].some(({ amount, seats }) => amount > 0n || seats > 0);
  assert(!unbacked, "E2: whoever has a lock has stake");
  for (const tranche of state.unbonding) {
    assert(tranche.amount > 0n, "E1: a tranche is positive");
    sums.unbonding += tranche.amount;
  }
  assert(tranches === state.unbonding.size, "E5: every tranche has one account");
  assert(state.burned >= 0n, "E1: burned is not negative");
  return sums;
};

/** The full check: the running sums are the counted ones, and they make what was minted. */
export const assertRecounted = (state: LedgerState): void => {
  const counted = recount(state);
  for (const [name, sum] of Object.entries(counted)) {
    const running = state.sums[name as keyof Sums];
    assert(running === sum, `E1: ${name} are ${sum}, the running sum says ${running}`);
  }
  assertConserved(state);
};
