import { describe, expect, it } from "vitest";
import { balanceOf, freeStakeOf, stakeOf } from "#domain/ledger/accounts.ts";
import { disagreement } from "#domain/ledger/agreement.ts";
import type { LedgerState } from "#domain/ledger/ledger.ts";
import type { Move, SeatFact, SettlementFacts } from "#domain/ledger/requests.ts";
import {
  CREDIT,
  answerTo,
  fundRequest,
  ledgerWith,
  seatsRequest,
  settleRequest,
  strangers,
} from "./books.ts";

/** Everybody's wealth in credits: balance and stake together, where it differs from the start. */
const START = 1_000;
const CAST = ["requester", "worker", "v1", "v2", "v3", "p1", "challenger"];

const market = (): LedgerState => {
  const stake = 200n * CREDIT;
  const balance = BigInt(START) * CREDIT - stake;
  const state = ledgerWith(Object.fromEntries(CAST.map((did) => [did, { balance, stake }])));
  answerTo(state, fundRequest());
  return state;
};

const changes = (state: LedgerState): Record<string, number> => {
  const wealth = CAST.map((did) => {
    const micro = balanceOf(state, did) + stakeOf(state, did) - BigInt(START) * CREDIT;
    return [did, Number(micro) / 1e6] as const;
  });
  const changed = Object.fromEntries(wealth.filter(([, change]) => change !== 0));
  return state.burned === 0n ? changed : { ...changed, burned: Number(state.burned) / 1e6 };
};

const decided = { worker: "worker", price: 8n * CREDIT, etaMs: 1_000 };
const inTime = { elapsedMs: 1_000, ttlMs: 10_000, heartbeatsMissed: 0, yieldedLate: false };
const planVotes = [{ agent: "p1", agreed: true }];
const answered = (...answers: SeatFact["answer"][]): SeatFact[] =>
  answers.map((answer, seat) => ({ seat, agent: `v${seat + 1}`, answer }));

/** Bond 0.8 on stake; three seats of 10; settles and returns what changed for whom. */
const settled = (
  facts: Partial<SettlementFacts>,
  more: {
    readonly held?: boolean;
    readonly before?: (state: LedgerState) => void;
    readonly related?: (a: string, b: string) => boolean;
  } = {},
): { changes: Record<string, number>; moves: readonly Move[]; state: LedgerState } => {
  const state = market();
  if (more.held !== false) {
    const bond = { kind: "bond", need: "need-1", attempt: 1, worker: "worker" } as const;
    answerTo(state, { ...bond, amount: (8n * CREDIT) / 10n });
    if (facts.seats !== undefined) answerTo(state, seatsRequest());
  }
  more.before?.(state);
  const answer = answerTo(state, settleRequest(facts), more.related ?? strangers);
  if (answer?.kind !== "posted") throw new Error(`not posted: ${JSON.stringify(answer)}`);
  expect(disagreement(settleRequest(facts), answer.moves)).toBeUndefined();
  for (const did of CAST) expect(freeStakeOf(state, did)).toBe(stakeOf(state, did));
  return { changes: changes(state), moves: answer.moves, state };
};

describe("the money table, with exact sums", () => {
  it("finalized: the requester pays price and votes used; pending seats cost nothing", () => {
    const facts = { outcome: "finalized", decided, leased: inTime, planVotes } as const;
    const result = settled({ ...facts, seats: answered("pass", "pass", "pending") });
    expect(result.changes).toEqual({ requester: -10.2, worker: 8, v1: 1, v2: 1, p1: 0.2 });
  });

  it("finalized late: up to 30 % of the price stays with the requester", () => {
    const facts = { outcome: "finalized", decided, seats: answered("pass", "pass") } as const;
    const half = settled({ ...facts, leased: { ...inTime, elapsedMs: 1_500 } });
    expect(half.changes).toEqual({ requester: -8.8, worker: 6.8, v1: 1, v2: 1 });
    const far = settled({ ...facts, leased: { ...inTime, elapsedMs: 9_000 } });
    expect(far.changes).toEqual({ requester: -7.6, worker: 5.6, v1: 1, v2: 1 });
  });

  it("finalized: a vote against the outcome and an abstention are not paid", () => {
    const facts = { outcome: "finalized", decided, leased: inTime } as const;
    const result = settled({ ...facts, seats: answered("pass", "fail", "abstain") });
    expect(result.changes).toEqual({ requester: -9, worker: 8, v1: 1 });
  });

  it("no_bids: all back, but plan votes that agreed", () => {
    expect(settled({ outcome: "no_bids" }, { held: false }).changes).toEqual({});
    const voted = settled({ outcome: "no_bids", planVotes }, { held: false });
    expect(voted.changes).toEqual({ requester: -0.2, p1: 0.2 });
  });

  it("expired before the decision: all back", () => {
    expect(settled({ outcome: "expired" }, { held: false }).changes).toEqual({});
  });

  it("cancelled before DECIDE: three an hour are free, more cost 1 % of the bounty", () => {
    const cancel = { outcome: "cancelled", cancelledBefore: true } as const;
    const earlier = (count: number) => (state: LedgerState) => {
      for (let i = 0; i < count; i += 1) {
        const need = `earlier-${i}`;
        answerTo(state, fundRequest({ need, key: need }));
        answerTo(state, settleRequest({ ...cancel, need }));
      }
    };
    expect(settled(cancel, { held: false, before: earlier(2) }).changes).toEqual({});
    const fourth = settled(cancel, { held: false, before: earlier(3) });
    expect(fourth.changes).toEqual({ requester: -0.1, burned: 0.1 });
  });

  it("cancelled after DECIDE: 10 %, or the elapsed share of the lease, of the price", () => {
    const cancel = { outcome: "cancelled", cancelledBefore: false, decided, planVotes } as const;
    const unclaimed = settled(cancel, { held: false });
    expect(unclaimed.changes).toEqual({ requester: -1, worker: 0.8, p1: 0.2 });
    const halfway = settled({ ...cancel, leased: { ...inTime, elapsedMs: 5_000 } });
    expect(halfway.changes).toEqual({ requester: -4.2, worker: 4, p1: 0.2 });
  });

  it("no_submission: 1 % of the bond per missed heartbeat burns, the rest is back", () => {
    const leased = { ...inTime, heartbeatsMissed: 2 };
    const result = settled({ outcome: "no_submission", decided, leased, planVotes });
    expect(result.changes).toEqual({ requester: -0.2, worker: -0.016, p1: 0.2, burned: 0.016 });
  });

  it("no_submission by a late yield: 10 % of the bond burns", () => {
    const leased = { ...inTime, yieldedLate: true };
    const result = settled({ outcome: "no_submission", decided, leased });
    expect(result.changes).toEqual({ worker: -0.08, burned: 0.08 });
  });

  it("rejected: votes are paid, the worker's bond pays for them as far as it reaches", () => {
    const facts = { outcome: "rejected", decided, leased: inTime, planVotes } as const;
    const result = settled({ ...facts, seats: answered("fail", "fail", "pass") });
    expect(result.changes).toEqual({ requester: -1.4, worker: -0.8, v1: 1, v2: 1, p1: 0.2 });
  });

  it("rejected: the worker loses no more than the votes cost", () => {
    const facts = { outcome: "rejected", decided, leased: inTime } as const;
    const verifyBounty = CREDIT / 10n;
    const result = settled({ ...facts, verifyBounty, seats: answered("fail", "fail", "pass") });
    expect(result.changes).toEqual({ worker: -0.2, v1: 0.1, v2: 0.1 });
  });

  it.each([
    ["price", { requester: -8.2, worker: 8 }],
    ["fee", { requester: -1, worker: 0.8 }],
    ["nothing", { requester: -0.2 }],
  ] as const)(
    "evaluator_absent that pays %s: no-shows lose 10 %% of exposure",
    (absentPays, sums) => {
      const facts = { outcome: "evaluator_absent", decided, leased: inTime, planVotes } as const;
      const result = settled({ ...facts, absentPays, seats: answered("pass", "silent", "silent") });
      expect(result.changes).toEqual({ ...sums, v2: -1, v3: -1, p1: 0.2, burned: 2 });
    },
  );

  const challenged = (state: LedgerState) => {
    const about = { need: "need-1", attempt: 1, challenge: "challenge-1" } as const;
    const envelope = Uint8Array.of(1);
    const amount = 2n * CREDIT;
    const who = { challenger: "challenger", entity: "challenger" };
    answerTo(state, { kind: "challenge", ...about, ...who, envelope, amount });
    answerTo(state, { kind: "resolve", ...about, upheld: true, judges: [] });
  };

  it("invalidated: bond and wrong votes' exposures go 50/40/10, all back to the requester", () => {
    const facts = { outcome: "invalidated", decided, leased: inTime, planVotes } as const;
    const seats = answered("pass", "pass", "fail");
    const result = settled({ ...facts, seats }, { before: challenged });
    expect(result.changes).toEqual({
      requester: -0.2,
      worker: -0.8,
      v1: -10,
      v2: -10,
      v3: 8.32,
      p1: 0.2,
      challenger: 10.4,
      burned: 2.08,
    });
  });

  it("invalidated with no honest verifier: that share burns", () => {
    const facts = { outcome: "invalidated", decided, leased: inTime } as const;
    const result = settled({ ...facts, seats: answered("pass", "pass") }, { before: challenged });
    expect(result.changes).toMatchObject({ challenger: 10.4, burned: 10.4, v1: -10, v2: -10 });
  });

  it("invalidated by a judged proof: a tenth is slashed, unpaid votes top up the reward", () => {
    const facts = { outcome: "invalidated", decided, leased: inTime, proof: "judged" } as const;
    const result = settled({ ...facts, seats: answered("pass", "pass") }, { before: challenged });
    // Slashed 0.08 + 1 + 1; half is 1.04; wanted half the bond and one verifyBounty: 2.
    expect(result.changes).toEqual({
      requester: -0.96,
      worker: -0.08,
      v1: -1,
      v2: -1,
      challenger: 2,
      burned: 1.04,
    });
  });

  it("invalidated by a challenger related to the worker: its reward burns", () => {
    const facts = { outcome: "invalidated", decided, leased: inTime } as const;
    const related = (a: string, b: string) => a === b || (a === "challenger" && b === "worker");
    const seats = answered("pass", "pass");
    const result = settled({ ...facts, seats }, { before: challenged, related });
    expect(result.changes).toEqual({ worker: -0.8, v1: -10, v2: -10, burned: 20.8 });
  });

  it("a related party's vote stays in the escrow, and the moves say why", () => {
    const facts = { outcome: "finalized", decided, leased: inTime } as const;
    const related = (a: string, b: string) => a === b || (a === "v1" && b === "worker");
    const result = settled({ ...facts, seats: answered("pass", "pass", "pass") }, { related });
    expect(result.changes).toEqual({ requester: -10, worker: 8, v2: 1, v3: 1 });
    expect(result.moves).toContainEqual({
      from: "escrow",
      to: "escrow",
      amount: CREDIT,
      why: "vote on seat 0 of v1 is not paid: related to the worker",
    });
  });

  it("nobody is paid for judging its own work or its own need", () => {
    const facts = { outcome: "finalized", decided, leased: inTime } as const;
    const votes = ["worker", "requester"].map((agent) => ({ agent, agreed: true }));
    const result = settled({ ...facts, planVotes: votes, seats: answered("pass") });
    expect(result.changes).toEqual({ requester: -9, worker: 8, v1: 1 });
  });

  it("an attempt that is not the last leaves the rest in the escrow", () => {
    const facts = { outcome: "rejected", decided, leased: inTime, last: false } as const;
    const { state } = settled({ ...facts, seats: answered("fail", "fail") });
    expect(state.needs.get("need-1")?.rest).toBe(18n * CREDIT + 800_000n);
    expect(state.needs.get("need-1")?.open.attempt).toBe(2);
  });

  it("a bond held on the balance comes back to the balance", () => {
    const state = ledgerWith({
      requester: { balance: 20n * CREDIT },
      worker: { balance: CREDIT },
    });
    answerTo(state, fundRequest());
    const bond = { kind: "bond", need: "need-1", attempt: 1, worker: "worker" } as const;
    answerTo(state, { ...bond, amount: CREDIT });
    expect(balanceOf(state, "worker")).toBe(0n);
    answerTo(state, settleRequest({ decided, leased: { ...inTime, heartbeatsMissed: 1 } }));
    expect(balanceOf(state, "worker")).toBe(9n * CREDIT);
  });
});
