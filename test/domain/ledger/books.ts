/**
 * Builders for tests of the ledger and the registry: parameters, a funded ledger, one market's
 * cast.
 */

import type { Parameters } from "#domain/genesis/genesis.ts";
import { addStake, credit, debit } from "#domain/ledger/accounts.ts";
import { assertRecounted } from "#domain/ledger/conservation.ts";
import { ask, createLedger, stake, transfer } from "#domain/ledger/ledger.ts";
import type { LedgerState } from "#domain/ledger/ledger.ts";
import type { LedgerAnswer, LedgerRequest, SettlementFacts } from "#domain/ledger/requests.ts";
import type { Credits } from "#protocol/words.ts";

export const CREDIT: Credits = 1_000_000n;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

const tier = (bountyMax: Credits, bond: number, challengeBond: number) => ({
  bountyMax,
  kResultMin: 1,
  kPlanMin: 1,
  challengeWindowMs: 300_000,
  auctionWindowMs: 5_000,
  performanceBondPpm: bond,
  challengeBondPpm: challengeBond,
  sealedVotes: false,
});

/** The network profile of protocol section 17. */
export const parameters: Parameters = {
  profile: "network",
  auctionMode: "sealed",
  bidRevealMs: 2_000,
  auctionReopenings: 3,
  auctionBackoffMs: 1_000,
  auctionBackoffMaxMs: 60_000,
  claimMs: 10_000,
  leaseMinMs: 60_000,
  leaseDefaultMs: 300_000,
  heartbeatMs: 30_000,
  heartbeatsMissedMax: 2,
  voteMs: 30_000,
  voteRevealMs: 15_000,
  drawRevealMs: 1_000,
  redrawsMax: 2,
  seatsWaitMs: 600_000,
  planCandidatesMax: 10,
  awardsMax: 8,
  failuresMax: 3,
  askRetryMs: 1_000,
  ruleMs: DAY_MS,
  severity: 1,
  verifyStakeMin: 100n * CREDIT,
  challengeStakeMin: 1_000n * CREDIT,
  unbondingMs: 7 * DAY_MS,
  registryPublishMs: 10_000,
  registryMaxAgeMs: 30_000,
  registryWaitMs: 3_600_000,
  diversityOrgPpm: 300_000,
  weightStakeMax: 10_000n * CREDIT,
  freeCancelsPerHour: 3,
  challengesPerHour: 10,
  challengesPerDay: 50,
  lamportJumpMax: 2 ** 20,
  bootstrapUntilAgents: 10,
  tiers: {
    small: tier(50n * CREDIT, 100_000, 100_000),
    medium: tier(1_000n * CREDIT, 200_000, 200_000),
    high: tier(100_000n * CREDIT, 500_000, 500_000),
  },
};

/** Nobody is related but to itself. */
export const strangers = (a: string, b: string): boolean => a === b;

export const ledgerWith = (
  accounts: Readonly<Record<string, { balance?: bigint; stake?: bigint }>>,
  given: Parameters = parameters,
): LedgerState => {
  const state = createLedger(given, 1_000_000n * CREDIT);
  for (const [did, { balance = 0n, stake: staked = 0n }] of Object.entries(accounts)) {
    const amount = balance + staked;
    transfer(state, { id: `grant/${did}`, from: "treasury", to: did, amount });
    if (staked > 0n) stake(state, did, staked);
  }
  return state;
};

let position = 0;

/** Asks under a fresh id of bucket 0 and returns its answer; undefined while it waits. */
export const answerTo = (
  state: LedgerState,
  request: LedgerRequest,
  related: (a: string, b: string) => boolean = strangers,
): LedgerAnswer | undefined => {
  position += 1;
  const id = { bucket: 0, position, index: 0 };
  const { answers } = ask(state, { id, floor: 0, request }, related);
  assertRecounted(state);
  return answers.find((answered) => answered.id === id)?.answer;
};

export const fundRequest = (
  over: Partial<Extract<LedgerRequest, { kind: "fund" }>> = {},
): Extract<LedgerRequest, { kind: "fund" }> => ({
  kind: "fund",
  need: "need-1",
  requester: "requester",
  key: "key-1",
  content: "content-1",
  amount: 20n * CREDIT,
  bounty: 10n * CREDIT,
  tier: "small",
  ...over,
});

export const seatsRequest = (
  over: Partial<Extract<LedgerRequest, { kind: "seats" }>> = {},
): Extract<LedgerRequest, { kind: "seats" }> => ({
  kind: "seats",
  need: "need-1",
  attempt: 1,
  round: 0,
  order: ["v1", "v2", "v3"],
  count: 3,
  least: 2,
  exposure: 10n * CREDIT,
  firstSeat: 0,
  ...over,
});

export const settleRequest = (
  over: Partial<SettlementFacts> = {},
): { readonly kind: "settle" } & SettlementFacts => ({
  kind: "settle",
  need: "need-1",
  attempt: 1,
  outcome: "finalized",
  last: true,
  requester: "requester",
  capability: "minify-js",
  tier: "small",
  verifyBounty: 1n * CREDIT,
  bounty: 10n * CREDIT,
  planVotes: [],
  seats: [],
  ...over,
});

/** Breaks the books on purpose, for tests that must see it noticed. */
export const forge = {
  credit: (state: LedgerState, did: string, amount: bigint) => credit(state, did, amount),
  debit: (state: LedgerState, did: string, amount: bigint) => debit(state, did, amount),
  stake: (state: LedgerState, did: string, amount: bigint) => addStake(state, did, amount),
};
