import { describe, expect, it } from "vitest";
import { balanceOf, freeStakeOf, stakeOf } from "#domain/ledger/accounts.ts";
import { assertConserved, assertRecounted } from "#domain/ledger/conservation.ts";
import { encodeLedger } from "#domain/ledger/codec.ts";
import { ask, createLedger, tick, transfer } from "#domain/ledger/ledger.ts";
import type { LedgerState } from "#domain/ledger/ledger.ts";
import { KEY_KEPT_MS, TRANSFER_KEPT_MS } from "#domain/ledger/limits.ts";
import type { LedgerRequest } from "#domain/ledger/requests.ts";
import {
  CREDIT,
  HOUR_MS,
  answerTo,
  forge,
  fundRequest,
  ledgerWith,
  parameters,
  seatsRequest,
  settleRequest,
  strangers,
} from "./books.ts";

const rich = () => ledgerWith({ requester: { balance: 100n * CREDIT }, worker: {} });

const at = (state: LedgerState, position: number, request: LedgerRequest, floor = 0) =>
  ask(state, { id: { bucket: 7, position, index: 0 }, floor, request }, strangers).answers.map(
    ({ answer }) => answer,
  );

const challengeRequest = (over: Partial<Extract<LedgerRequest, { kind: "challenge" }>> = {}) =>
  ({
    kind: "challenge",
    need: "need-1",
    attempt: 1,
    challenger: "requester",
    entity: "requester",
    challenge: "challenge-1",
    envelope: Uint8Array.of(1, 2, 3),
    amount: 2n * CREDIT,
    ...over,
  }) as const;

describe("request ids", () => {
  it("answer once: the same id gets the first answer and moves nothing twice", () => {
    const state = rich();
    const first = at(state, 1, fundRequest());
    expect(first).toMatchObject([{ kind: "held" }]);
    expect(at(state, 1, fundRequest())).toEqual(first);
    expect(balanceOf(state, "requester")).toBe(80n * CREDIT);
  });

  it("keep refusals too, even when the request would be taken by now", () => {
    const state = rich();
    const request = fundRequest({ amount: 101n * CREDIT });
    expect(at(state, 1, request)).toMatchObject([{ code: "INSUFFICIENT_FUNDS" }]);
    transfer(state, { id: "more", from: "treasury", to: "requester", amount: CREDIT });
    expect(at(state, 1, request)).toMatchObject([{ code: "INSUFFICIENT_FUNDS" }]);
    expect(at(state, 2, request)).toMatchObject([{ kind: "held" }]);
  });

  it("below the floor are ignored, and what lies there is forgotten", () => {
    const state = rich();
    at(state, 1, fundRequest());
    expect(at(state, 9, seatsRequest({ order: [] }), 5)).toMatchObject([{ kind: "absent" }]);
    expect(at(state, 1, fundRequest())).toEqual([]);
    expect(at(state, 6, fundRequest(), 7)).toEqual([]);
    for (let position = 10; position < 3_000; position += 1) {
      at(state, position, seatsRequest({ order: [] }), position);
    }
    expect(state.answers.get(7)!.kept.size).toBeLessThan(1_000);
  });

  it("leave the books unchanged where a request is impossible", () => {
    const state = rich();
    at(state, 1, fundRequest());
    const before = encodeLedger(state);
    const twice = seatsRequest({ order: ["worker", "worker"] });
    expect(() => at(state, 2, twice)).toThrow("each agent once");
    expect(() => at(state, 2, fundRequest({ amount: 1n }))).toThrow("E3");
    expect(encodeLedger(state)).toEqual(before);
  });
});

describe("funding", () => {
  it("leaves no trace where it is refused", () => {
    const state = rich();
    const before = { ...encodeLedger(state), answers: [] };
    expect(answerTo(state, fundRequest({ amount: 101n * CREDIT }))).toMatchObject({
      code: "INSUFFICIENT_FUNDS",
    });
    expect({ ...encodeLedger(state), answers: [] }).toEqual(before);
  });

  it("takes a bounty up to the cap of its tier", () => {
    const state = ledgerWith({ requester: { balance: 2_000n * CREDIT } });
    const bounty = 50n * CREDIT;
    const over = { bounty: bounty + 1n, amount: 60n * CREDIT };
    expect(answerTo(state, fundRequest(over))).toMatchObject({ code: "BOUNTY_CAP" });
    expect(answerTo(state, fundRequest({ ...over, tier: "medium" }))).toMatchObject({
      kind: "held",
    });
  });

  it("answers a repeated key with the first need, other content with KEY_REUSED", () => {
    const state = rich();
    answerTo(state, fundRequest());
    expect(answerTo(state, fundRequest({ need: "need-2" }))).toEqual({
      kind: "duplicate",
      first: "need-1",
    });
    expect(answerTo(state, fundRequest({ need: "need-2", content: "other" }))).toMatchObject({
      code: "KEY_REUSED",
    });
    expect(answerTo(state, fundRequest())).toMatchObject({ kind: "held", sequence: 3 });
    expect(balanceOf(state, "requester")).toBe(80n * CREDIT);
  });

  it("remembers a key for 30 days after its need's end, and no longer", () => {
    const state = rich();
    answerTo(state, fundRequest());
    tick(state, 1_000);
    answerTo(state, settleRequest({ outcome: "no_bids" }));
    tick(state, 1_000 + KEY_KEPT_MS - 1);
    expect(answerTo(state, fundRequest({ need: "need-2" }))).toMatchObject({ first: "need-1" });
    tick(state, 1_000 + KEY_KEPT_MS);
    expect(answerTo(state, fundRequest({ need: "need-2" }))).toMatchObject({ kind: "held" });
  });

  it.each([
    ["BOUNTY_CAP", { bounty: 51n * CREDIT, amount: 200n * CREDIT, content: "other" }],
    ["KEY_REUSED", { amount: 200n * CREDIT, content: "other" }],
    ["INSUFFICIENT_FUNDS", { amount: 200n * CREDIT, key: "key-2", need: "need-2" }],
  ])("tells %s before what stands after it", (code, over) => {
    const state = rich();
    answerTo(state, fundRequest());
    expect(answerTo(state, fundRequest(over))).toMatchObject({ code });
  });
});

describe("transfers", () => {
  const order = { id: "t1", from: "requester", to: "worker", amount: 5n * CREDIT };

  it("happen once per id, and another content under an id is refused", () => {
    const state = rich();
    const first = transfer(state, order);
    expect(transfer(state, order)).toEqual(first);
    expect(balanceOf(state, "worker")).toBe(5n * CREDIT);
    expect(transfer(state, { ...order, amount: 1n })).toMatchObject({ code: "KEY_REUSED" });
  });

  it("refuse an overdraft and leave the id free", () => {
    const state = rich();
    const much = { ...order, amount: 101n * CREDIT };
    expect(transfer(state, much)).toMatchObject({ code: "INSUFFICIENT_FUNDS" });
    expect(transfer(state, order)).toMatchObject({ kind: "done" });
  });

  it("forget ids after their time, but never those of grants", () => {
    const state = rich();
    transfer(state, order);
    tick(state, TRANSFER_KEPT_MS);
    transfer(state, order);
    expect(balanceOf(state, "worker")).toBe(10n * CREDIT);
    const grant = { id: "grant/requester", from: "treasury", to: "requester" };
    transfer(state, { ...grant, amount: 100n * CREDIT });
    expect(balanceOf(state, "requester")).toBe(90n * CREDIT);
  });
});

describe("bonds", () => {
  const bond = { kind: "bond", need: "need-1", attempt: 1, worker: "w", amount: CREDIT } as const;
  const market = (worker: { balance?: bigint; stake?: bigint }) => {
    const state = ledgerWith({ requester: { balance: 100n * CREDIT }, w: worker });
    answerTo(state, fundRequest());
    return state;
  };

  it("lie on free stake first, else on the balance", () => {
    const both = market({ stake: CREDIT, balance: CREDIT });
    expect(answerTo(both, bond)).toMatchObject({ kind: "held" });
    expect(freeStakeOf(both, "w")).toBe(0n);
    expect(balanceOf(both, "w")).toBe(CREDIT);
    const poor = market({ stake: CREDIT - 1n, balance: CREDIT });
    expect(answerTo(poor, bond)).toMatchObject({ kind: "held" });
    expect(balanceOf(poor, "w")).toBe(0n);
  });

  it("are refused where neither covers them", () => {
    expect(answerTo(market({ balance: 1n }), bond)).toMatchObject({ code: "INSUFFICIENT_FUNDS" });
    expect(answerTo(market({ stake: 1n }), bond)).toMatchObject({ code: "INSUFFICIENT_STAKE" });
  });

  it("are one for an attempt", () => {
    const state = market({ balance: 5n * CREDIT });
    const first = answerTo(state, bond);
    expect(answerTo(state, bond)).toEqual(first);
    expect(answerTo(state, { ...bond, worker: "requester" })).toMatchObject({
      code: "WRONG_STATE",
    });
    expect(answerTo(state, { ...bond, attempt: 2 })).toMatchObject({ code: "WRONG_STATE" });
    expect(answerTo(state, { ...bond, need: "need-9" })).toMatchObject({ code: "UNKNOWN_THREAD" });
  });
});

describe("settlement", () => {
  it("is posted once: a copy under any id gets the same posting", () => {
    const state = rich();
    answerTo(state, fundRequest());
    const facts = settleRequest({ decided: { worker: "worker", price: CREDIT, etaMs: 1 } });
    const first = answerTo(state, facts);
    expect(answerTo(state, facts)).toEqual(first);
    expect(answerTo(state, { ...facts, outcome: "no_bids" })).toEqual(first);
    expect(balanceOf(state, "worker")).toBe(CREDIT);
  });

  it("posts nothing while a bond is open, and is sealed from then on", () => {
    const state = rich();
    answerTo(state, fundRequest());
    answerTo(state, challengeRequest());
    const facts = settleRequest({ decided: { worker: "worker", price: CREDIT, etaMs: 1 } });
    const sealed = { kind: "sealed", open: [Uint8Array.of(1, 2, 3)] };
    expect(at(state, 1, facts)).toEqual([sealed]);
    expect(balanceOf(state, "worker")).toBe(0n);
    const late = challengeRequest({ challenge: "challenge-2" });
    expect(answerTo(state, late)).toMatchObject({ code: "SEALED" });
    const about = { kind: "resolve", need: "need-1", attempt: 1, judges: [] } as const;
    const ruling = { ...about, challenge: "challenge-1", upheld: false };
    expect(answerTo(state, ruling)).toMatchObject({ kind: "resolved" });
    expect(at(state, 1, facts), "an old request keeps its old answer").toEqual([sealed]);
    expect(at(state, 2, facts)).toMatchObject([{ kind: "posted" }]);
    expect(answerTo(state, challengeRequest({ challenge: "c3" }))).toMatchObject({
      code: "SEALED",
    });
  });

  it.each([
    ["another requester", { requester: "worker" }],
    ["a price above the bounty", { decided: { worker: "w", price: 11n * CREDIT, etaMs: 1 } }],
    ["a seat that stands twice", { seats: [0, 0].map((seat) => seatFact(seat)) }],
    ["an attempt that is not open", { attempt: 2 }],
    ["more votes than are held", { seats: Array.from({ length: 21 }, (_, i) => seatFact(i)) }],
    [
      "votes that eat the bounty of the next attempt",
      { last: false, seats: Array.from({ length: 11 }, (_, i) => seatFact(i)) },
    ],
  ])("refuses %s and leaves no trace", (_, over) => {
    const state = rich();
    answerTo(state, fundRequest());
    const before = { ...encodeLedger(state), answers: [] };
    expect(answerTo(state, settleRequest(over))).toMatchObject({ code: "WRONG_STATE" });
    expect({ ...encodeLedger(state), answers: [] }).toEqual(before);
  });

  it("counts only as many cancels as it asks for, and forgets them after an hour", () => {
    const state = rich();
    for (let i = 0; i < 9; i += 1) {
      answerTo(state, fundRequest({ need: `n${i}`, key: `k${i}` }));
      answerTo(state, settleRequest({ need: `n${i}`, outcome: "cancelled" }));
    }
    expect(state.freeCancels.get("requester")).toEqual([0, 0, 0]);
    expect(state.burned).toBe((6n * CREDIT) / 10n);
    tick(state, HOUR_MS);
    expect(state.freeCancels.size).toBe(0);
  });

  it("of a need that was never funded pays nothing", () => {
    expect(answerTo(rich(), settleRequest())).toMatchObject({ code: "UNKNOWN_THREAD" });
  });
});

describe("challenges", () => {
  const market = () => {
    const state = ledgerWith({
      requester: { balance: 100n * CREDIT },
      j1: {},
      j2: {},
      j3: {},
    });
    answerTo(state, fundRequest());
    return state;
  };
  const ruling = (upheld: boolean, judges: string[]) =>
    ({
      kind: "resolve",
      need: "need-1",
      attempt: 1,
      challenge: "challenge-1",
      upheld,
      judges,
    }) as const;

  it("rejected: half burns, half goes to the judges, no unit is lost", () => {
    const state = market();
    answerTo(state, challengeRequest({ amount: 1_000_007n }));
    answerTo(state, ruling(false, ["j1", "j2", "j3"]));
    expect(state.burned).toBe(500_004n);
    expect(["j1", "j2", "j3"].map((did) => balanceOf(state, did))).toEqual([
      166_668n,
      166_668n,
      166_667n,
    ]);
  });

  it("rejected without an unrelated judge: all of it burns", () => {
    const state = market();
    answerTo(state, challengeRequest());
    answerTo(state, ruling(false, ["requester"]));
    expect(state.burned).toBe(2n * CREDIT);
  });

  it("upheld: the bond is back, once", () => {
    const state = market();
    answerTo(state, challengeRequest());
    const first = answerTo(state, ruling(true, []));
    expect(answerTo(state, ruling(true, []))).toEqual(first);
    expect(answerTo(state, ruling(false, []))).toMatchObject({ code: "WRONG_STATE" });
    expect(balanceOf(state, "requester")).toBe(80n * CREDIT);
  });

  it("asked for again under another id hold one bond", () => {
    const state = market();
    const first = answerTo(state, challengeRequest());
    expect(answerTo(state, challengeRequest())).toEqual(first);
    expect(balanceOf(state, "requester")).toBe(78n * CREDIT);
  });

  it.each([
    ["UNKNOWN_THREAD", { need: "need-9" }],
    ["WRONG_STATE", { attempt: 2 }],
    ["INSUFFICIENT_FUNDS", { challenger: "j1", amount: 1n }],
    ["BOND_TOO_SMALL", { amount: CREDIT - 1n }],
  ])("are refused with %s", (code, over) => {
    expect(answerTo(market(), challengeRequest(over))).toMatchObject({ code });
  });
});

describe("conservation", () => {
  it("notices a credit out of nothing and one lost", () => {
    const made = rich();
    forge.credit(made, "worker", 1n);
    expect(() => assertConserved(made)).toThrow("E1");
    const lost = rich();
    forge.debit(lost, "requester", 1n);
    expect(() => assertConserved(lost)).toThrow("E1");
    const hidden = rich();
    hidden.balances.set("worker", 1n);
    expect(() => assertRecounted(hidden)).toThrow("E1");
  });

  it("mints at most 10^12 credits", () => {
    expect(() => createLedger(parameters, 10n ** 18n + 1n)).toThrow("E1");
    expect(stakeOf(createLedger(parameters, 10n ** 18n), "nobody")).toBe(0n);
  });
});

function seatFact(seat: number) {
  return { seat, agent: `v${seat}`, answer: "pass" } as const;
}
