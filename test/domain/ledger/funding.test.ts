import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { balanceOf } from "#domain/ledger/accounts.ts";
import { cancelFee, lateness } from "#domain/ledger/charges.ts";
import { fundingAmount, planVotePay } from "#domain/ledger/funding.ts";
import type { SettlementFacts } from "#domain/ledger/requests.ts";
import { CREDIT, answerTo, fundRequest, ledgerWith, settleRequest } from "./books.ts";

describe("the funding of a need", () => {
  it("is bounty, result votes of every failure, and plan votes of ten candidates", () => {
    const need = { bounty: 10n * CREDIT, verifyBounty: CREDIT, kResult: 2, kPlan: 1 };
    expect(fundingAmount({ ...need, failures: 3, candidates: 10 })).toBe(21n * CREDIT);
    expect(fundingAmount({ ...need, kResult: 5, kPlan: 3, failures: 1, candidates: 2 })).toBe(
      21n * CREDIT,
    );
  });

  it("rounds a plan vote up to the next micro-credit, as its payment does", () => {
    expect([0n, 1n, 5n, 6n].map(planVotePay)).toEqual([0n, 1n, 1n, 2n]);
    const need = { bounty: 0n, verifyBounty: 6n, kResult: 1, kPlan: 1 };
    expect(fundingAmount({ ...need, failures: 1, candidates: 10 })).toBe(6n + 20n);
  });

  it("covers the dearest course: all candidates, all failures, the last one finalized", () => {
    const verifyBounty = CREDIT + 1n;
    const need = { bounty: 10n * CREDIT, verifyBounty, kResult: 2, kPlan: 2 };
    const amount = fundingAmount({ ...need, failures: 3, candidates: 10 });
    const state = ledgerWith({ requester: { balance: amount } });
    answerTo(state, fundRequest({ amount }));
    const votes = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ agent: `p${i}`, agreed: true }));
    const seats = (answer: "pass" | "fail") =>
      [0, 1, 2].map((seat) => ({ seat, agent: `v${seat}`, answer }));
    const decided = { worker: "worker", price: need.bounty, etaMs: 1_000 };
    const facts = { verifyBounty, decided, planVotes: votes(9) };
    for (const attempt of [1, 2]) {
      const failed = { ...facts, attempt, outcome: "rejected", last: false } as const;
      const answer = answerTo(state, settleRequest({ ...failed, seats: seats("fail") }));
      expect(answer).toMatchObject({ kind: "posted" });
    }
    const last = { ...facts, attempt: 3, planVotes: votes(12), seats: seats("pass") };
    expect(answerTo(state, settleRequest(last))).toMatchObject({ kind: "posted" });
    expect(balanceOf(state, "worker")).toBe(need.bounty);
    expect(balanceOf(state, "requester")).toBe(0n);
  });

  it("covers any course of attempts within the counters", () => {
    const attempts = fc.array(
      fc.record({
        outcome: fc.constantFrom("rejected", "invalidated", "no_submission", "finalized"),
        candidates: fc.nat(4),
        agreeing: fc.nat(5),
        elapsedMs: fc.nat(3_000),
      }),
      { minLength: 1, maxLength: 11 },
    );
    const need = fc.record({
      bounty: fc.bigInt({ min: 0n, max: 50n * CREDIT }),
      verifyBounty: fc.bigInt({ min: 0n, max: 3n * CREDIT }),
      kResult: fc.integer({ min: 1, max: 3 }),
      kPlan: fc.integer({ min: 1, max: 3 }),
      failures: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(need, attempts, (about, course) => {
        const { bounty, verifyBounty, kResult, kPlan, failures } = about;
        const amount = fundingAmount({ ...about, candidates: 10 });
        const state = ledgerWith({ requester: { balance: amount } });
        answerTo(state, fundRequest({ amount, bounty }));
        let failed = 0;
        let candidates = 10;
        for (const [index, step] of course.entries()) {
          if (step.outcome === "rejected" || step.outcome === "invalidated") failed += 1;
          const over = step.outcome === "finalized" || failed === failures;
          const last = over || index === course.length - 1;
          const put = Math.min(candidates, step.candidates);
          candidates -= put;
          const planVotes = Array.from({ length: put * (2 * kPlan - 1) }, (_, i) => ({
            agent: `p${i}`,
            agreed: true,
          }));
          const answer = step.outcome === "rejected" ? ("fail" as const) : ("pass" as const);
          const seats = Array.from({ length: 2 * kResult - 1 }, (_, seat) => ({
            seat,
            agent: `v${seat}`,
            answer: step.outcome === "no_submission" ? ("pending" as const) : answer,
          }));
          const facts: SettlementFacts = {
            ...settleRequest({ planVotes, seats, verifyBounty, bounty, last }),
            attempt: index + 1,
            outcome: step.outcome as SettlementFacts["outcome"],
            decided: { worker: "worker", price: bounty, etaMs: 1_000 },
            leased: {
              elapsedMs: step.elapsedMs,
              ttlMs: 2_000,
              heartbeatsMissed: 0,
              yieldedLate: false,
            },
          };
          expect(answerTo(state, { kind: "settle", ...facts })).toMatchObject({ kind: "posted" });
          if (last) break;
        }
        expect(state.needs.size).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});

describe("charges", () => {
  it.each([
    ["in time", 1_000, 1_000, 0n],
    ["a little late", 1_000, 1_001, 2_400n],
    ["late by half its eta", 1_000, 1_500, 1_200_000n],
    ["late by its eta", 1_000, 2_000, 2_400_000n],
    ["later still", 1_000, 60_000, 2_400_000n],
    ["with an eta of nothing", 0, 1, 2_400_000n],
    ["with an eta of nothing, at once", 0, 0, 0n],
  ])("lateness %s", (_, etaMs, elapsedMs, deduction) => {
    expect(lateness(8n * CREDIT, etaMs, elapsedMs)).toBe(deduction);
  });

  it.each([
    ["without a lease", undefined, 800_000n],
    ["at its start", { elapsedMs: 0, ttlMs: 1_000 }, 800_000n],
    ["near its start", { elapsedMs: 100, ttlMs: 1_000 }, 800_000n],
    ["later", { elapsedMs: 250, ttlMs: 1_000 }, 2_000_000n],
    ["past its end", { elapsedMs: 5_000, ttlMs: 1_000 }, 8_000_000n],
  ])("the cancel fee %s", (_, times, fee) => {
    const leased =
      times === undefined ? undefined : { ...times, heartbeatsMissed: 0, yieldedLate: false };
    expect(cancelFee(8n * CREDIT, leased)).toBe(fee);
  });
});
