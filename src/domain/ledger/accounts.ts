/**
 * Money in accounts: balances, stake, what is burned. Each function moves one side of a double
 * entry and its running sum; the operations pair them and `assertConserved` sees that they did
 * (E1).
 */

import type { Credits, Did } from "#protocol/words.ts";
import { assert } from "./bug.ts";
import { least } from "./split.ts";
import type { LedgerState, StakeAccount } from "./state.ts";

export const balanceOf = (state: LedgerState, account: string): Credits =>
  state.balances.get(account) ?? 0n;

export const stakeOf = (state: LedgerState, agent: Did): Credits =>
  state.stakes.get(agent)?.staked ?? 0n;

/** Stake that no seat and no bond has locked. */
export const freeStakeOf = (state: LedgerState, agent: Did): Credits => {
  const account = state.stakes.get(agent);
  return account === undefined ? 0n : account.staked - account.locked;
};

/** Stake that has left but is not paid out yet; slashable until then. */
export const unbondingOf = (state: LedgerState, agent: Did): Credits =>
  state.stakes.get(agent)?.tranches.reduce((sum, tranche) => sum + tranche.amount, 0n) ?? 0n;

/**
 * What `agent` can put behind a seat: its free stake, or less than nothing while its whole stake is
 * below the pool's minimum (E2: an active verifier holds at least the minimum) or while it is paused.
 */
export const capacityOf = (state: LedgerState, agent: Did): Credits => {
  const account = state.stakes.get(agent);
  if (account === undefined || account.staked < state.parameters.verifyStakeMin) return -1n;
  return state.paused.has(agent) ? -1n : account.staked - account.locked;
};

export const credit = (state: LedgerState, account: string, amount: Credits): void => {
  assert(amount >= 0n, "E1: a credit is not negative");
  if (amount === 0n) return;
  state.balances.set(account, balanceOf(state, account) + amount);
  state.sums.balances += amount;
};

export const debit = (state: LedgerState, account: string, amount: Credits): void => {
  const left = balanceOf(state, account) - amount;
  assert(amount >= 0n && left >= 0n, "E1: no balance is negative");
  if (left === 0n) state.balances.delete(account);
  else state.balances.set(account, left);
  state.sums.balances -= amount;
};

export const burn = (state: LedgerState, amount: Credits): void => {
  assert(amount >= 0n, "E1: a burn is not negative");
  state.burned += amount;
};

const openStake = (state: LedgerState, agent: Did): StakeAccount => {
  const existing = state.stakes.get(agent);
  if (existing !== undefined) return existing;
  const created: StakeAccount = { staked: 0n, locked: 0n, seats: 0, tranches: [] };
  state.stakes.set(agent, created);
  return created;
};

const closeStakeIfEmpty = (state: LedgerState, agent: Did, account: StakeAccount): void => {
  const empty = account.staked === 0n && account.tranches.length === 0 && account.seats === 0;
  if (empty) state.stakes.delete(agent);
};

/** Requests in the seats queue count who could be seated; they learn of every change here. */
const tellWaiting = (state: LedgerState, agent: Did, before: Credits): void => {
  const waiting = state.waitingBy.get(agent);
  if (waiting === undefined) return;
  const after = capacityOf(state, agent);
  for (const entry of waiting) {
    const could = before >= entry.request.exposure;
    const can = after >= entry.request.exposure;
    if (could === can) continue;
    entry.ready += can ? 1 : -1;
    if (can && entry.ready >= entry.request.least) state.servable.add(entry);
  }
};

/** The one place where stake and its locks change (L3, E2). */
const changeStake = (
  state: LedgerState,
  agent: Did,
  change: { readonly staked: Credits; readonly locked: Credits; readonly seats: number },
): void => {
  const account = openStake(state, agent);
  const before = capacityOf(state, agent);
  const staked = account.staked + change.staked;
  const locked = account.locked + change.locked;
  assert(locked >= 0n && locked <= staked, "E2: locked exposures never exceed stake");
  account.staked = staked;
  account.locked = locked;
  account.seats += change.seats;
  state.sums.staked += change.staked;
  if (change.staked !== 0n) state.effects.stakes.add(agent);
  tellWaiting(state, agent, before);
  closeStakeIfEmpty(state, agent, account);
};

/** May this account commit nothing new? */
export const isPaused = (state: LedgerState, account: string): boolean =>
  state.pausedAll || state.paused.has(account);

/** From now on; seats and bonds that are held stay held. */
export const setPaused = (state: LedgerState, agent: Did, paused: boolean): void => {
  const before = capacityOf(state, agent);
  if (paused) state.paused.add(agent);
  else state.paused.delete(agent);
  tellWaiting(state, agent, before);
};

export const addStake = (state: LedgerState, agent: Did, amount: Credits): void =>
  changeStake(state, agent, { staked: amount, locked: 0n, seats: 0 });

export const lockStake = (state: LedgerState, agent: Did, amount: Credits, seats = 0): void =>
  changeStake(state, agent, { staked: 0n, locked: amount, seats });

export const unlockStake = (state: LedgerState, agent: Did, amount: Credits, seats = 0): void =>
  changeStake(state, agent, { staked: 0n, locked: -amount, seats: -seats });

/** Takes stake out of a lock; the caller gives it to somebody. */
export const takeLocked = (state: LedgerState, agent: Did, amount: Credits): void =>
  changeStake(state, agent, { staked: -amount, locked: -amount, seats: 0 });

/** Free stake leaves and waits for `unbondingMs`. */
export const startUnbonding = (state: LedgerState, agent: Did, amount: Credits): void => {
  const releaseAtMs = state.nowMs + state.parameters.unbondingMs;
  const tranche = { agent, amount, releaseAtMs };
  // The tranche first: an account with nothing staked and nothing unbonding is dropped.
  openStake(state, agent).tranches.push(tranche);
  state.unbonding.add(tranche);
  state.sums.unbonding += amount;
  changeStake(state, agent, { staked: -amount, locked: 0n, seats: 0 });
};

/** Pays out what has unbonded. Tranches stand in order of release, since `unbondingMs` is fixed. */
export const releaseUnbonded = (state: LedgerState): void => {
  for (const tranche of state.unbonding) {
    if (tranche.releaseAtMs > state.nowMs) return;
    state.unbonding.delete(tranche);
    const account = state.stakes.get(tranche.agent);
    assert(account !== undefined, "E5: a tranche has an account");
    account.tranches = account.tranches.filter((other) => other !== tranche);
    state.sums.unbonding -= tranche.amount;
    credit(state, tranche.agent, tranche.amount);
    closeStakeIfEmpty(state, tranche.agent, account);
    state.sequence += 1;
  }
};

/**
 * Takes up to `amount` of what answers for nothing else: free stake first, then what is unbonding,
 * the latest first. Returns what there was. Locked exposures answer for their own attempts.
 */
export const takeUnlocked = (state: LedgerState, agent: Did, amount: Credits): Credits => {
  const account = state.stakes.get(agent);
  if (account === undefined) return 0n;
  const fromFree = least(amount, account.staked - account.locked);
  let wanted = amount - fromFree;
  for (const tranche of [...account.tranches].reverse()) {
    const taken = least(wanted, tranche.amount);
    tranche.amount -= taken;
    state.sums.unbonding -= taken;
    wanted -= taken;
    if (tranche.amount === 0n) {
      account.tranches = account.tranches.filter((other) => other !== tranche);
      state.unbonding.delete(tranche);
    }
  }
  changeStake(state, agent, { staked: -fromFree, locked: 0n, seats: 0 });
  return amount - wanted;
};
