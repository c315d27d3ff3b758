/** The dumb twin's money table: written once more from the protocol, sums instead of moves. */

import type { Parameters } from "#domain/genesis/genesis.ts";
import type { LedgerRequest, SettlementFacts } from "#domain/ledger/requests.ts";

export interface Hold {
  request: Extract<LedgerRequest, { kind: "fund" }>;
  rest: bigint;
  attempt: number;
  sealed: boolean;
  bond: { worker: string; amount: bigint; onStake: boolean } | undefined;
  exposures: { seat: number; agent: string; amount: bigint }[];
  challenges: { id: string; by: string; amount: bigint; status: string; bytes: Uint8Array }[];
  settled: Set<number>;
  endedAtMs: number | undefined;
  /** The request that ended it. */
  endedBy: { bucket: number; position: number } | undefined;
}

export interface Purse {
  readonly parameters: Parameters;
  readonly related: (a: string, b: string) => boolean;
  readonly nowMs: number;
  readonly cancels: readonly { requester: string; atMs: number }[];
  readonly staked: Record<string, bigint>;
  give(account: string, amount: bigint): void;
}

export const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** Equal parts, the first ones a unit more where it does not go up. */
export const share = (
  amount: bigint,
  among: readonly string[],
  pay: (to: string, part: bigint) => void,
): void => {
  const n = BigInt(among.length);
  among.forEach((to, i) => pay(to, amount / n + (BigInt(i) < amount % n ? 1n : 0n)));
};

const isParty = (purse: Purse, facts: SettlementFacts, agent: string): boolean => {
  const worker = facts.decided?.worker;
  if (purse.related(agent, facts.requester)) return true;
  return worker !== undefined && purse.related(agent, worker);
};

const fromEscrow = (purse: Purse, hold: Hold, to: string, amount: bigint): void => {
  hold.rest -= amount;
  purse.give(to, amount);
};

const payVotes = (purse: Purse, hold: Hold, facts: SettlementFacts): bigint => {
  let votes = 0n;
  const vote = (agent: string, amount: bigint) => {
    if (isParty(purse, facts, agent)) return;
    votes += amount;
    fromEscrow(purse, hold, agent, amount);
  };
  const fifth = facts.verifyBounty / 5n + (facts.verifyBounty % 5n === 0n ? 0n : 1n);
  for (const { agent, agreed } of facts.planVotes) if (agreed) vote(agent, fifth);
  const wanted = { finalized: "pass", rejected: "fail" }[facts.outcome as string];
  for (const { agent, answer } of facts.seats) {
    if (answer === wanted) vote(agent, facts.verifyBounty);
  }
  return votes;
};

const payPrice = (purse: Purse, hold: Hold, facts: SettlementFacts): void => {
  if (facts.decided === undefined) return;
  const { worker, price, etaMs } = facts.decided;
  const promised = BigInt(etaMs === 0 ? 1 : etaMs);
  const over = BigInt(Math.max(0, (facts.leased?.elapsedMs ?? 0) - etaMs));
  const late = (price * 3n * least(over, promised)) / (promised * 10n);
  fromEscrow(purse, hold, worker, price - late);
};

const payFee = (purse: Purse, hold: Hold, facts: SettlementFacts): void => {
  if (facts.decided === undefined) return;
  const { worker, price } = facts.decided;
  const elapsed = BigInt(facts.leased?.elapsedMs ?? 0);
  const ttl = BigInt(facts.leased?.ttlMs ?? 0);
  const tenth = price / 10n;
  const part = ttl === 0n ? 0n : (price * least(elapsed, ttl)) / ttl;
  fromEscrow(purse, hold, worker, part > tenth ? part : tenth);
};

const cancel = (purse: Purse, hold: Hold, facts: SettlementFacts): void => {
  if (!(facts.cancelledBefore ?? facts.decided === undefined)) {
    payFee(purse, hold, facts);
    return;
  }
  const recent = purse.cancels.filter(
    ({ requester, atMs }) => requester === facts.requester && atMs > purse.nowMs - 3_600_000,
  );
  const many = recent.length >= purse.parameters.freeCancelsPerHour;
  if (many) fromEscrow(purse, hold, "burned", facts.bounty / 100n);
};

const slash = (purse: Purse, agent: string, amount: bigint): void => {
  purse.staked[agent] = (purse.staked[agent] ?? 0n) - amount;
};

const exposureOf = (hold: Hold, seat: number, agent: string): bigint =>
  hold.exposures.find((e) => e.seat === seat && e.agent === agent)?.amount ?? 0n;

/** Half to the challengers, 40 % to who voted against, 10 % burned. */
const reward = (
  purse: Purse,
  hold: Hold,
  facts: SettlementFacts,
  slashed: bigint,
  wrong: number,
): void => {
  const worker = facts.decided?.worker;
  const winners = hold.challenges.filter(
    ({ by, status }) => status === "upheld" && (worker === undefined || !purse.related(by, worker)),
  );
  const honest = facts.seats
    .filter(({ agent, answer }) => answer === "fail" && !isParty(purse, facts, agent))
    .map(({ agent }) => agent);
  const tenths = [5n, 4n, 1n];
  const parts = tenths.map((share) => (slashed * share) / 10n);
  const remainder = (i: number) => (slashed * tenths[i]!) % 10n;
  const order = [0, 1, 2].sort((a, b) => Number(remainder(b) - remainder(a)) || a - b);
  const over = slashed - parts[0]! - parts[1]! - parts[2]!;
  for (let i = 0; i < over; i += 1) parts[order[i]!]! += 1n;
  purse.give("burned", parts[2]!);
  if (honest.length === 0) purse.give("burned", parts[1]!);
  else share(parts[1]!, honest, (to, part) => purse.give(to, part));
  if (winners.length === 0) purse.give("burned", parts[0]!);

  const names = winners.map(({ by }) => by);
  const shares: bigint[] = [];
  share(parts[0]!, names, (_, part) => shares.push(part));
  let unpaid = facts.verifyBounty * BigInt(wrong);
  winners.forEach(({ by, amount }, i) => {
    purse.give(by, shares[i]!);
    const missing = amount / 2n + facts.verifyBounty - shares[i]!;
    const topUp = least(missing > 0n ? missing : 0n, unpaid);
    unpaid -= topUp;
    fromEscrow(purse, hold, by, topUp);
  });
};

const invalidate = (purse: Purse, hold: Hold, facts: SettlementFacts): bigint => {
  const part = facts.proof === "judged" ? 10n : 1n;
  const bondLost = (hold.bond?.amount ?? 0n) / part;
  const wrong = facts.seats.filter(({ answer }) => answer === "pass");
  let slashed = bondLost;
  for (const { seat, agent } of wrong) {
    const lost = exposureOf(hold, seat, agent) / part;
    slash(purse, agent, lost);
    slashed += lost;
  }
  reward(purse, hold, facts, slashed, wrong.length);
  return bondLost;
};

const burnNoShows = (purse: Purse, hold: Hold, facts: SettlementFacts): void => {
  for (const { seat, agent, answer } of facts.seats) {
    if (answer !== "silent") continue;
    const lost = exposureOf(hold, seat, agent) / 10n;
    slash(purse, agent, lost);
    purse.give("burned", lost);
  }
};

/** What the worker's bond loses by the row's outcome, after everything else was moved. */
const payRow = (purse: Purse, hold: Hold, facts: SettlementFacts, votes: bigint): bigint => {
  const bond = hold.bond?.amount ?? 0n;
  if (facts.outcome === "finalized") payPrice(purse, hold, facts);
  if (facts.outcome === "cancelled") cancel(purse, hold, facts);
  if (facts.outcome === "invalidated") return invalidate(purse, hold, facts);
  if (facts.outcome === "evaluator_absent") {
    if (facts.absentPays === "price") payPrice(purse, hold, facts);
    if (facts.absentPays === "fee") payFee(purse, hold, facts);
    burnNoShows(purse, hold, facts);
  }
  if (facts.outcome === "no_submission") {
    const missed = (facts.leased?.heartbeatsMissed ?? 0) * purse.parameters.severity;
    const percent = BigInt(missed + (facts.leased?.yieldedLate === true ? 10 : 0));
    const lost = least(bond, (bond * percent) / 100n);
    purse.give("burned", lost);
    return lost;
  }
  if (facts.outcome === "rejected") {
    hold.rest += least(bond, votes);
    return least(bond, votes);
  }
  return 0n;
};

/** Moves an attempt's money; the escrow may end below zero, which the caller must refuse. */
export const payAttempt = (purse: Purse, hold: Hold, facts: SettlementFacts): void => {
  const votes = payVotes(purse, hold, facts);
  const lost = payRow(purse, hold, facts, votes);
  if (hold.bond === undefined) return;
  if (hold.bond.onStake) slash(purse, hold.bond.worker, lost);
  else purse.give(hold.bond.worker, hold.bond.amount - lost);
};
