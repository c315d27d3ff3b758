import { expect, test } from "vitest";
import { NEEDS_REMEMBERED_MAX, RememberedNeeds } from "#agent/remembered-needs.ts";

const BID = { price: 1n, etaMs: 1_000, patch: [] };

test("of the last needs everything is there, each beside the others", () => {
  const needs = new RememberedNeeds();
  for (let n = 0; n < 3 * NEEDS_REMEMBERED_MAX; n += 1) {
    const need = needs.of(`n${n}`);
    need.firstHeardMs = n;
    need.answered("bid/1");
    need.setBid(1, { ...BID, etaMs: n });
    need.setVote("1/plan/0", { subject: `s${n}`, verdict: "pass" });
  }
  const last = 3 * NEEDS_REMEMBERED_MAX - 1;
  for (const n of [last, last - 1, last - NEEDS_REMEMBERED_MAX / 2 + 1]) {
    const need = needs.of(`n${n}`);
    expect(need.firstHeardMs).toBe(n);
    expect(need.isAnswered("bid/1")).toBe(true);
    expect(need.bid(1)?.etaMs).toBe(n);
    expect(need.bid(2)).toBeUndefined();
    expect(need.vote("1/plan/0")?.subject).toBe(`s${n}`);
  }
  expect(needs.of("n0").firstHeardMs).toBeUndefined();
});

test("what was answered is known by its whole key, until it is to be answered again", () => {
  const need = new RememberedNeeds().of("n");
  need.answered("judge/1/c/0");
  need.answered("judge/1/c/0");
  need.answered("judge/1/c/1");
  expect(need.isAnswered("judge/1/c")).toBe(false);
  need.unanswered("judge/1/c/0");
  expect(need.isAnswered("judge/1/c/0")).toBe(false);
  expect(need.isAnswered("judge/1/c/1")).toBe(true);
});

test("a bid of each attempt and a vote of each seat stand by themselves, the newest counts", () => {
  const need = new RememberedNeeds().of("n");
  need.setBid(1, BID);
  need.setBid(2, { ...BID, price: 2n });
  need.setVote("1/plan/0", { subject: "a", verdict: "pass" });
  need.setVote("1/plan/0", { subject: "b", verdict: "fail" });
  need.setVote("1/result/0", { subject: "c", verdict: "abstain" });
  expect(need.bid(1)).toEqual(BID);
  expect(need.bid(2)?.price).toBe(2n);
  expect(need.vote("1/plan/0")).toEqual({ subject: "b", verdict: "fail" });
  expect(need.vote("1/result/0")?.subject).toBe("c");
});
