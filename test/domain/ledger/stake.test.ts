import { describe, expect, it } from "vitest";
import { balanceOf, freeStakeOf, stakeOf, unbondingOf } from "#domain/ledger/accounts.ts";
import { assertRecounted } from "#domain/ledger/conservation.ts";
import { ask, slash, stake, tick, transfer, unstake } from "#domain/ledger/ledger.ts";
import type { Asked, LedgerState } from "#domain/ledger/ledger.ts";
import { UNBONDING_TRANCHES_MAX } from "#domain/ledger/limits.ts";
import {
  CREDIT,
  DAY_MS,
  answerTo,
  fundRequest,
  ledgerWith,
  parameters,
  seatsRequest,
  settleRequest,
  strangers,
} from "./books.ts";

const market = (needs = 1, stakes: Record<string, bigint> = { v1: 200n, v2: 200n, v3: 200n }) => {
  const verifiers = Object.entries(stakes).map(([did, staked]) => [
    did,
    { stake: staked * CREDIT },
  ]);
  const requester = { balance: 10_000n * CREDIT };
  const state = ledgerWith({ requester, ...Object.fromEntries(verifiers) });
  for (let i = 1; i <= needs; i += 1) {
    answerTo(state, fundRequest({ need: `need-${i}`, key: `key-${i}` }));
  }
  return state;
};

const settleOf = (need: string) => settleRequest({ need, outcome: "no_bids" });

describe("unstaking", () => {
  it("pays out free stake after seven days, not before", () => {
    const state = market();
    expect(unstake(state, "v1", 50n * CREDIT).answer).toMatchObject({ kind: "done" });
    tick(state, 7 * DAY_MS - 1);
    expect(balanceOf(state, "v1")).toBe(0n);
    expect(unbondingOf(state, "v1")).toBe(50n * CREDIT);
    tick(state, 7 * DAY_MS);
    expect(balanceOf(state, "v1")).toBe(50n * CREDIT);
    assertRecounted(state);
  });

  it("does not escape slashing: what is locked stays, and is taken at the settlement", () => {
    const state = market();
    answerTo(state, seatsRequest({ exposure: 150n * CREDIT }));
    expect(unstake(state, "v1", 51n * CREDIT).answer).toMatchObject({
      code: "INSUFFICIENT_STAKE",
    });
    const seats = [{ seat: 0, agent: "v1", answer: "silent" }] as const;
    answerTo(state, settleRequest({ outcome: "evaluator_absent", seats }));
    expect(stakeOf(state, "v1")).toBe(185n * CREDIT);
    expect(state.burned).toBe(15n * CREDIT);
  });

  it("does not escape slashing on the way out: what unbonds can be taken until released", () => {
    const state = market();
    unstake(state, "v1", 150n * CREDIT);
    tick(state, 7 * DAY_MS - 1);
    expect(slash(state, "v1", 120n * CREDIT).answer).toMatchObject({ amount: 120n * CREDIT });
    tick(state, 7 * DAY_MS);
    expect(balanceOf(state, "v1")).toBe(80n * CREDIT);
    expect(slash(state, "v1", 1n).answer).toMatchObject({ amount: 0n });
    assertRecounted(state);
  });

  it("keeps the pool's minimum while a seat is held", () => {
    const state = market();
    answerTo(state, seatsRequest());
    expect(unstake(state, "v1", 100n * CREDIT + 1n).answer).toMatchObject({
      code: "INSUFFICIENT_STAKE",
    });
    expect(unstake(state, "v1", 100n * CREDIT).answer).toMatchObject({ kind: "done" });
    answerTo(state, settleOf("need-1"));
    expect(unstake(state, "v1", 100n * CREDIT).answer).toMatchObject({ kind: "done" });
  });

  it("leaves locked exposures to their own attempts when other stake is slashed", () => {
    const state = market();
    answerTo(state, seatsRequest());
    expect(slash(state, "v1", 1_000n * CREDIT).answer).toMatchObject({ amount: 190n * CREDIT });
    expect(stakeOf(state, "v1")).toBe(10n * CREDIT);
    answerTo(state, settleOf("need-1"));
    assertRecounted(state);
  });

  it("takes a bounded number of unstakes at a time", () => {
    const state = market();
    for (let i = 0; i < UNBONDING_TRANCHES_MAX; i += 1) unstake(state, "v1", 1n);
    expect(unstake(state, "v1", 1n).answer).toMatchObject({ code: "MAILBOX_FULL" });
  });

  it("tells the registry of every change of stake", () => {
    const state = market();
    const { effects } = unstake(state, "v1", 50n * CREDIT);
    expect(effects.stakes).toEqual([{ agent: "v1", staked: 150n * CREDIT }]);
    expect(stake(state, "v1", 1n).answer).toMatchObject({ code: "INSUFFICIENT_FUNDS" });
  });
});

describe("seats", () => {
  let position = 0;
  const asked = (over: Parameters<typeof seatsRequest>[0]): Asked => {
    position += 1;
    return { id: { bucket: 1, position, index: 0 }, floor: 0, request: seatsRequest(over) };
  };
  const put = (state: LedgerState, over: Parameters<typeof seatsRequest>[0]) => {
    const request = asked(over);
    return { request, effects: ask(state, request, strangers) };
  };

  it("go along the order, skip who has too little, and lock the exposure", () => {
    const state = market(1, { v1: 200n, v2: 99n, v3: 200n, v4: 200n });
    const answer = answerTo(state, seatsRequest({ order: ["v1", "v2", "v3", "v4"], count: 2 }));
    expect(answer).toMatchObject({
      kind: "seated",
      seats: [
        { seat: 0, agent: "v1" },
        { seat: 1, agent: "v3" },
      ],
      skipped: ["v2"],
    });
    expect(freeStakeOf(state, "v1")).toBe(190n * CREDIT);
    expect(freeStakeOf(state, "v4")).toBe(200n * CREDIT);
  });

  it("are fewer than asked where only some can sit, but never fewer than the least", () => {
    const state = market(1, { v1: 200n, v2: 200n });
    const two = answerTo(state, seatsRequest({ order: ["v1", "v2"], count: 3, least: 2 }));
    expect(two).toMatchObject({ kind: "seated", seats: [{ agent: "v1" }, { agent: "v2" }] });
  });

  it("are absent at once where the order can never fill the least", () => {
    const state = market(1, { v1: 200n, v2: 99n });
    const answer = answerTo(state, seatsRequest({ order: ["v1", "v2", "v3"] }));
    expect(answer).toEqual({ kind: "absent" });
    expect(freeStakeOf(state, "v1")).toBe(200n * CREDIT);
  });

  it("wait for busy stake and lock nothing meanwhile", () => {
    const state = market(2);
    answerTo(state, seatsRequest({ exposure: 150n * CREDIT }));
    const { request, effects } = put(state, { need: "need-2", exposure: 60n * CREDIT });
    expect(effects.answers).toEqual([]);
    expect(ask(state, request, strangers).answers, "asked again").toEqual([]);
    expect(freeStakeOf(state, "v1")).toBe(50n * CREDIT);
    const settled = ask(
      state,
      { id: { bucket: 2, position: 1, index: 0 }, floor: 0, request: settleOf("need-1") },
      strangers,
    );
    expect(settled.answers).toMatchObject([
      { answer: { kind: "posted" } },
      { id: request.id, answer: { kind: "seated", skipped: [] } },
    ]);
    expect(ask(state, request, strangers).answers).toMatchObject([{ id: request.id }]);
    expect(freeStakeOf(state, "v1")).toBe(140n * CREDIT);
  });

  it("are served redraws first, then oldest first", () => {
    const state = market(4);
    answerTo(state, seatsRequest({ exposure: 150n * CREDIT }));
    const big = { exposure: 120n * CREDIT };
    const old = put(state, { ...big, need: "need-2" }).request;
    const young = put(state, { ...big, need: "need-3" }).request;
    const redraw = put(state, { ...big, need: "need-4", round: 1 }).request;
    const order: unknown[] = [];
    for (const need of ["need-1", "need-4", "need-2"]) {
      const id = { bucket: 3, position: (position += 1), index: 0 };
      const { answers } = ask(state, { id, floor: 0, request: settleOf(need) }, strangers);
      order.push(...answers.map((answered) => answered.id).filter((other) => other !== id));
    }
    expect(order).toEqual([redraw.id, old.id, young.id]);
  });

  it("that cannot be served do not hold up others that can", () => {
    const state = market(3);
    answerTo(state, seatsRequest({ exposure: 150n * CREDIT }));
    put(state, { need: "need-2", exposure: 60n * CREDIT });
    const small = put(state, { need: "need-3", exposure: 50n * CREDIT });
    expect(small.effects.answers).toMatchObject([{ answer: { kind: "seated" } }]);
  });

  it("count as absent after the longest wait", () => {
    const state = market(2);
    answerTo(state, seatsRequest({ exposure: 150n * CREDIT }));
    const { request } = put(state, { need: "need-2", exposure: 60n * CREDIT });
    expect(tick(state, parameters.seatsWaitMs - 1).answers).toEqual([]);
    const absent = [{ id: request.id, answer: { kind: "absent" } }];
    expect(tick(state, parameters.seatsWaitMs).answers).toEqual(absent);
    expect(ask(state, request, strangers).answers).toEqual(absent);
  });

  it("that wait when their attempt settles end with it and lock nothing", () => {
    const state = market(2);
    answerTo(state, seatsRequest({ exposure: 150n * CREDIT }));
    const { request } = put(state, { need: "need-2", exposure: 60n * CREDIT });
    const id = { bucket: 3, position: 1, index: 0 };
    const { answers } = ask(state, { id, floor: 0, request: settleOf("need-2") }, strangers);
    expect(answers).toMatchObject(
      [
        { id, answer: { kind: "posted" } },
        { id: request.id, answer: { kind: "absent" } },
      ].toReversed(),
    );
    expect(state.waitingBy.size).toBe(0);
  });

  it("whose asker has moved on are dropped from the queue", () => {
    const state = market(3);
    answerTo(state, seatsRequest({ exposure: 150n * CREDIT }));
    const { request } = put(state, { need: "need-2", exposure: 60n * CREDIT });
    const later = { bucket: 1, position: request.id.position + 1, index: 0 };
    const floor = later.position;
    ask(
      state,
      { id: later, floor, request: seatsRequest({ order: [], need: "need-3" }) },
      strangers,
    );
    answerTo(state, settleOf("need-1"));
    expect(state.queue.size).toBe(0);
    expect(freeStakeOf(state, "v1")).toBe(200n * CREDIT);
  });

  it("are served when stake is added", () => {
    const state = market(1, { v1: 200n, v2: 100n });
    answerTo(state, fundRequest({ need: "need-2", key: "key-2" }));
    answerTo(state, seatsRequest({ order: ["v1", "v2"], exposure: 100n * CREDIT }));
    const { request } = put(state, { need: "need-2", order: ["v1", "v2"], exposure: 90n * CREDIT });
    const balance = 200n * CREDIT;
    expect(state.queue.size).toBe(1);
    transfer(state, { id: "more", from: "treasury", to: "v2", amount: balance });
    expect(stake(state, "v2", balance).effects.answers).toMatchObject([{ id: request.id }]);
  });
});
