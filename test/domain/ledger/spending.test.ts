import { decode, encode } from "@ipld/dag-cbor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { balanceOf, isPaused } from "#domain/ledger/accounts.ts";
import { decodeLedger, encodeLedger } from "#domain/ledger/codec.ts";
import { assertRecounted } from "#domain/ledger/conservation.ts";
import { ask, pause, tick, transfer } from "#domain/ledger/ledger.ts";
import type { LedgerState } from "#domain/ledger/ledger.ts";
import { DAY_SLOTS, MINUTE_SLOTS, SPEND_LIMITS_MAX } from "#domain/ledger/limits.ts";
import type { LedgerAnswer, LedgerRequest } from "#domain/ledger/requests.ts";
import { hasRoomForLimits, setLimits, spentNow } from "#domain/ledger/spending.ts";
import type { SpendLimits } from "#protocol/bodies.ts";
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
import { SpendingTwin } from "./spending-twin.ts";

const MINUTE_MS = 60_000;
const OWNERS: Readonly<Record<string, string>> = { a: "acme", b: "acme", c: "other" };
const ownerOf = (did: string): string | undefined => OWNERS[did];

let position = 1_000_000;
const askAs = (state: LedgerState, request: LedgerRequest): LedgerAnswer => {
  position += 1;
  const id = { bucket: 9, position, index: 0 };
  const { answers } = ask(state, { id, floor: 0, request }, strangers, ownerOf);
  assertRecounted(state);
  const found = answers.find((one) => one.id.position === position)?.answer;
  if (found === undefined) throw new Error("it waits");
  return found;
};

const fundBy = (state: LedgerState, requester: string, need: string, amount: bigint) =>
  askAs(state, fundRequest({ need, requester, key: need, amount, bounty: 0n }));

/** The need ends and `paid` of its hold goes to a worker; the rest comes back. */
const endWith = (state: LedgerState, requester: string, need: string, paid: bigint) =>
  askAs(
    state,
    settleRequest({
      need,
      requester,
      bounty: 0n,
      verifyBounty: paid,
      seats: [{ seat: 0, agent: "v", answer: "pass" }],
      decided: { worker: "w", price: 0n, etaMs: 0 },
    }),
  );

const paidBy = (state: LedgerState, from: string, amount: bigint) => {
  position += 1;
  const owner = ownerOf(from);
  const owned = owner === undefined ? {} : { owner };
  return transfer(state, { id: `t${position}`, from, to: "sink", amount, ...owned });
};

const codeOf = (answer: { readonly kind: string; readonly code?: string }): string =>
  answer.code ?? answer.kind;

const rich = (): LedgerState =>
  ledgerWith({ a: { balance: 1_000n }, b: { balance: 1_000n }, c: { balance: 1_000n } });

describe("one limit", () => {
  it.each<[string, SpendLimits, readonly string[]]>([
    ["need", { need: 10n }, ["held", "SPEND_LIMIT"]],
    ["day", { day: 15n }, ["held", "SPEND_LIMIT"]],
    ["minute", { minute: 20n }, ["held", "SPEND_LIMIT"]],
    ["perMinute", { perMinute: 1 }, ["held", "SPEND_LIMIT"]],
    ["none that is reached", { day: 21n, need: 11n, minute: 21n, perMinute: 2 }, ["held", "held"]],
    ["zero", { day: 0n }, ["SPEND_LIMIT", "SPEND_LIMIT"]],
  ])("%s is kept to the micro-credit", (_what, limits, expected) => {
    const state = rich();
    setLimits(state, "agent a", limits);
    const answers = [fundBy(state, "a", "n1", 10n), fundBy(state, "a", "n2", 11n)];
    expect(answers.map(codeOf)).toEqual(expected);
  });

  it("refuses without a trace in the books", () => {
    const state = rich();
    setLimits(state, "agent a", { day: 10n });
    tick(state, 5);
    const before = encodeLedger(state);
    const { answers: _, ...books } = before;
    expect(codeOf(fundBy(state, "a", "n1", 11n))).toBe("SPEND_LIMIT");
    expect(codeOf(paidBy(state, "a", 11n))).toBe("SPEND_LIMIT");
    const { answers: __, ...after } = encodeLedger(state);
    expect(after).toEqual(books);
  });

  it("tells the limit before the missing money, and a pause before both", () => {
    const state = rich();
    setLimits(state, "agent a", { need: 10n });
    expect(codeOf(fundBy(state, "a", "n1", 5_000n))).toBe("SPEND_LIMIT");
    pause(state, "a", true);
    expect(codeOf(fundBy(state, "a", "n1", 5_000n))).toBe("PAUSED");
  });
});

describe("whose limits they are", () => {
  it("each stands over whoever has none of its own", () => {
    const state = rich();
    setLimits(state, "each", { need: 5n });
    setLimits(state, "agent b", { need: 50n });
    expect(codeOf(fundBy(state, "a", "n1", 6n))).toBe("SPEND_LIMIT");
    expect(codeOf(fundBy(state, "b", "n2", 6n))).toBe("held");
  });

  it("an owner's stand over all its agents together, beside their own", () => {
    const state = rich();
    setLimits(state, "owner acme", { day: 10n });
    setLimits(state, "agent a", { day: 8n });
    expect(codeOf(fundBy(state, "a", "n1", 9n))).toBe("SPEND_LIMIT");
    expect(codeOf(fundBy(state, "a", "n1", 6n))).toBe("held");
    expect(codeOf(fundBy(state, "b", "n2", 5n))).toBe("SPEND_LIMIT");
    expect(codeOf(paidBy(state, "b", 4n))).toBe("done");
    expect(codeOf(fundBy(state, "c", "n3", 500n))).toBe("held");
  });

  it("nobody limits the treasury", () => {
    const state = rich();
    setLimits(state, "each", { day: 0n, perMinute: 0 });
    const grant = { id: "grant/x", from: "treasury", to: "a", amount: 7n };
    expect(transfer(state, grant).kind).toBe("done");
  });

  it("holds so many limits and no more", () => {
    const state = rich();
    for (let i = 0; i < SPEND_LIMITS_MAX; i += 1) setLimits(state, `agent ${i}`, { need: 1n });
    expect(hasRoomForLimits(state, "agent new")).toBe(false);
    expect(hasRoomForLimits(state, "agent 7")).toBe(true);
    setLimits(state, "agent 7", {});
    expect(hasRoomForLimits(state, "agent new")).toBe(true);
  });
});

describe("what comes back", () => {
  it("of a need that ended opens the day again, but not the minute", () => {
    const state = rich();
    setLimits(state, "agent a", { day: 10n, minute: 25n });
    expect(codeOf(fundBy(state, "a", "n1", 10n))).toBe("held");
    expect(codeOf(endWith(state, "a", "n1", 3n))).toBe("posted");
    expect(codeOf(fundBy(state, "a", "n2", 8n))).toBe("SPEND_LIMIT");
    expect(codeOf(fundBy(state, "a", "n2", 7n))).toBe("held");
    expect(codeOf(endWith(state, "a", "n2", 0n))).toBe("posted");
    // 17 of the minute are used, whatever came back of them.
    expect(codeOf(fundBy(state, "a", "n3", 7n))).toBe("held");
    expect(codeOf(endWith(state, "a", "n3", 0n))).toBe("posted");
    expect(codeOf(fundBy(state, "a", "n4", 2n))).toBe("SPEND_LIMIT");
  });

  it("of an old commitment opens nothing today", () => {
    const state = rich();
    setLimits(state, "agent a", { day: 10n });
    fundBy(state, "a", "n1", 10n);
    tick(state, 2 * DAY_MS);
    expect(codeOf(fundBy(state, "a", "n2", 10n))).toBe("held");
    expect(codeOf(endWith(state, "a", "n1", 0n))).toBe("posted");
    expect(codeOf(fundBy(state, "a", "n3", 1n))).toBe("SPEND_LIMIT");
  });

  it("of what was committed without limits opens nothing under later ones", () => {
    const state = rich();
    fundBy(state, "a", "n1", 10n);
    setLimits(state, "agent a", { day: 10n });
    expect(codeOf(fundBy(state, "a", "n2", 10n))).toBe("held");
    endWith(state, "a", "n1", 0n);
    expect(codeOf(fundBy(state, "a", "n3", 1n))).toBe("SPEND_LIMIT");
  });

  it("never more than was committed: a bond that the escrow got is not the requester's", () => {
    const state = ledgerWith({ a: { balance: 1_000n }, w: { balance: 1_000n } });
    setLimits(state, "agent a", { day: 100n });
    fundBy(state, "a", "n1", 40n);
    fundBy(state, "a", "n2", 60n);
    askAs(state, { kind: "bond", need: "n1", attempt: 1, worker: "w", amount: 30n });
    const rejected = settleRequest({
      need: "n1",
      requester: "a",
      bounty: 0n,
      verifyBounty: 30n,
      outcome: "rejected",
      decided: { worker: "w", price: 0n, etaMs: 0 },
      seats: [{ seat: 0, agent: "v", answer: "fail" }],
    });
    expect(codeOf(askAs(state, rejected))).toBe("posted");
    expect(balanceOf(state, "a")).toBe(1_000n - 60n);
    expect(spentNow(state, "agent a").day.amount).toBe(60n);
  });

  it("taking limits away and back forgets nothing", () => {
    const state = rich();
    setLimits(state, "agent a", { day: 10n });
    fundBy(state, "a", "n1", 10n);
    setLimits(state, "agent a", {});
    setLimits(state, "agent a", { day: 10n });
    expect(codeOf(fundBy(state, "a", "n2", 1n))).toBe("SPEND_LIMIT");
  });
});

it("counters are bounded and forgotten", () => {
  const state = rich();
  setLimits(state, "each", { day: 1_000n });
  for (let i = 0; i < 3_000; i += 1) {
    tick(state, i * 59_000);
    paidBy(state, "a", 0n);
  }
  const { day = [], minute = [] } = state.spending.get("agent a") ?? {};
  expect(day.length).toBeLessThanOrEqual(DAY_SLOTS + 1);
  expect(minute.length).toBeLessThanOrEqual(MINUTE_SLOTS + 1);
  tick(state, 3_000 * 59_000 + 2 * DAY_MS);
  expect(state.spending.size).toBe(0);
});

describe("a pause", () => {
  it("stops funding, bonds and transfers, and leaves what is held to end", () => {
    const state = ledgerWith({ a: { balance: 100n }, w: { balance: 100n } });
    expect(codeOf(fundBy(state, "a", "n1", 10n))).toBe("held");
    pause(state, "a", true);
    pause(state, "w", true);
    expect(codeOf(fundBy(state, "a", "n2", 1n))).toBe("PAUSED");
    expect(codeOf(paidBy(state, "a", 1n))).toBe("PAUSED");
    const bond = { kind: "bond", need: "n1", attempt: 1, worker: "w", amount: 1n } as const;
    expect(codeOf(askAs(state, bond))).toBe("PAUSED");
    expect(codeOf(fundBy(state, "a", "n1", 10n))).toBe("held");
    expect(codeOf(endWith(state, "a", "n1", 4n))).toBe("posted");
    pause(state, "a", false);
    expect(codeOf(fundBy(state, "a", "n2", 1n))).toBe("held");
  });

  it("passes a paused verifier over, and seats it again at once when it is resumed", () => {
    const state = ledgerWith({
      requester: { balance: 100n * CREDIT },
      v1: { stake: 100n * CREDIT },
      v2: { stake: 100n * CREDIT },
      v3: { stake: 100n * CREDIT },
    });
    answerTo(state, fundRequest());
    pause(state, "v1", true);
    expect(answerTo(state, seatsRequest({ count: 2 }))).toMatchObject({
      kind: "seated",
      seats: [{ agent: "v2" }, { agent: "v3" }],
      skipped: ["v1"],
    });
    const all = seatsRequest({ round: 1, firstSeat: 2, count: 3, least: 3 });
    expect(answerTo(state, all)).toBeUndefined();
    expect(pause(state, "v1", false).answers).toMatchObject([{ answer: { kind: "seated" } }]);
  });

  it("of all is a switch of its own: committees still sit, and agents stay as they were", () => {
    const state = ledgerWith({
      requester: { balance: 100n * CREDIT },
      v1: { stake: 100n * CREDIT },
      v2: { stake: 100n * CREDIT },
    });
    answerTo(state, fundRequest());
    pause(state, "v2", true);
    pause(state, undefined, true);
    expect(codeOf(fundBy(state, "v1", "n9", 0n))).toBe("PAUSED");
    const answer = answerTo(state, seatsRequest({ order: ["v1", "v2"], count: 1, least: 1 }));
    expect(answer).toMatchObject({ kind: "seated", seats: [{ agent: "v1" }] });
    pause(state, undefined, false);
    expect([isPaused(state, "v1"), isPaused(state, "v2")]).toEqual([false, true]);
  });
});

/* ------------------------------------------------------------ the twin, under random attempts */

type Attempt =
  | { readonly do: "fund" | "pay"; readonly who: string; readonly amount: bigint }
  | {
      readonly do: "challenge";
      readonly who: string;
      readonly amount: bigint;
      readonly nth: number;
    }
  | { readonly do: "rule"; readonly nth: number; readonly upheld: boolean }
  | { readonly do: "end"; readonly nth: number; readonly paid: bigint }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "limit"; readonly whose: string; readonly limits: SpendLimits };

const whoever = fc.constantFrom("a", "b", "c");
const sum = fc.integer({ min: 0, max: 40 }).map(BigInt);
const most = fc.integer({ min: 0, max: 120 }).map(BigInt);
const limitsArbitrary = fc.record(
  { need: most, day: most, minute: most, perMinute: fc.integer({ min: 0, max: 6 }) },
  { requiredKeys: [] },
) as fc.Arbitrary<SpendLimits>;
const nth = fc.nat(1_000);

const attempts: fc.Arbitrary<Attempt> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant("fund"), who: whoever, amount: sum }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("pay"), who: whoever, amount: sum }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("challenge"), who: whoever, amount: sum, nth }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("rule"), nth, upheld: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("end"), nth, paid: sum }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("wait"),
      // On the edges of slots and windows, and anywhere.
      ms: fc.oneof(
        fc.constantFrom(1, 999, 1_000, MINUTE_MS - 1, MINUTE_MS, 900_000, DAY_MS - 1, DAY_MS),
        fc.integer({ min: 1, max: DAY_MS }),
        fc.integer({ min: 1, max: 5_000 }),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("limit"),
      whose: fc.constantFrom("each", "agent a", "agent b", "owner acme"),
      limits: limitsArbitrary,
    }),
  },
) as fc.Arbitrary<Attempt>;

/** Drives ledger and twin side by side; throws at the first micro-credit too much. */
class Drive {
  state: LedgerState;
  readonly twin = new SpendingTwin(OWNERS);
  readonly live: {
    readonly need: string;
    readonly by: string;
    readonly amount: bigint;
    readonly one: ReturnType<SpendingTwin["commit"]>;
  }[] = [];
  readonly bonds: {
    readonly need: string;
    readonly challenge: string;
    readonly one: ReturnType<SpendingTwin["commit"]>;
  }[] = [];
  made = 0;
  tried = 0;
  allowed = 0;
  refused = 0;

  constructor() {
    const free = {
      ...parameters,
      tiers: { ...parameters.tiers, small: { ...parameters.tiers.small, challengeBondPpm: 0 } },
      challengesPerHour: 1_000_000,
      challengesPerDay: 1_000_000,
    };
    const accounts = Object.fromEntries(["a", "b", "c"].map((who) => [who, { balance: CREDIT }]));
    this.state = ledgerWith(accounts, free);
  }

  #took(who: string, amount: bigint, isNeed: boolean, code: string) {
    const { nowMs } = this.state;
    this.tried += 1;
    if (code === "SPEND_LIMIT") {
      this.refused += 1;
      // Never refused where there is plain room.
      if (this.twin.fits(who, amount, nowMs, isNeed)) throw new Error("refused, and it fits");
      return undefined;
    }
    if (code !== "held" && code !== "done") throw new Error(`it is ${code}`);
    this.allowed += 1;
    const one = this.twin.commit(who, amount, nowMs, isNeed);
    const exceeded = this.twin.exceeded(who, nowMs);
    if (exceeded.length > 0) throw new Error(`above ${exceeded.join(", ")}`);
    return one;
  }

  apply(attempt: Attempt): void {
    const { state, twin } = this;
    switch (attempt.do) {
      case "fund": {
        const { who, amount } = attempt;
        const need = `need-${(this.made += 1)}`;
        const one = this.#took(who, amount, true, codeOf(fundBy(state, who, need, amount)));
        if (one !== undefined) this.live.push({ need, by: who, amount, one });
        return;
      }
      case "pay": {
        const { who, amount } = attempt;
        this.#took(who, amount, false, codeOf(paidBy(state, who, amount)));
        return;
      }
      case "challenge": {
        const target = this.live[attempt.nth % this.live.length];
        if (target === undefined) return;
        const { who, amount } = attempt;
        const challenge = `challenge-${(this.made += 1)}`;
        const answer = askAs(state, {
          kind: "challenge",
          need: target.need,
          attempt: 1,
          challenger: who,
          entity: who,
          challenge,
          envelope: new Uint8Array(1),
          amount,
        });
        // A settlement that was tried while a bond was open has sealed the attempt.
        if (codeOf(answer) === "SEALED") return;
        const one = this.#took(who, amount, false, codeOf(answer));
        if (one !== undefined) this.bonds.push({ need: target.need, challenge, one });
        return;
      }
      case "rule": {
        const [bond] = this.bonds.splice(attempt.nth % Math.max(1, this.bonds.length), 1);
        if (bond === undefined) return;
        const { need, challenge, one } = bond;
        const { upheld } = attempt;
        askAs(state, { kind: "resolve", need, attempt: 1, challenge, upheld, judges: [] });
        if (upheld) one.back = one.amount;
        return;
      }
      case "end": {
        const at = attempt.nth % Math.max(1, this.live.length);
        const one = this.live[at];
        if (one === undefined) return;
        const paid = attempt.paid < one.amount ? attempt.paid : one.amount;
        if (codeOf(endWith(state, one.by, one.need, paid)) !== "posted") return;
        this.live.splice(at, 1);
        one.one.back = one.amount - paid;
        return;
      }
      case "wait":
        tick(state, state.nowMs + attempt.ms);
        // Snapshots are taken at any time, and the counters go on from them.
        this.state = decodeLedger(decode(encode(encodeLedger(state))), state.parameters);
        // What was counted of a need comes back at its end, wherever it has rested meanwhile.
        for (let rests = 0; rests < 2; rests += 1) this.state.needs.rest();
        return;
      case "limit": {
        const { whose, limits } = attempt;
        setLimits(state, whose, limits);
        if (Object.keys(limits).length === 0) twin.limits.delete(whose);
        else twin.limits.set(whose, limits);
        return;
      }
    }
  }
}

describe("the ledger and its dumb twin", () => {
  it(
    "10,000 random attempts never exceed any limit by one micro-credit",
    { timeout: 60_000 },
    () => {
      const seen = { tried: 0, allowed: 0, refused: 0 };
      fc.assert(
        fc.property(
          limitsArbitrary,
          limitsArbitrary,
          fc.array(attempts, { minLength: 60, maxLength: 160 }),
          (each, acme, list) => {
            const drive = new Drive();
            drive.apply({ do: "limit", whose: "each", limits: each });
            drive.apply({ do: "limit", whose: "owner acme", limits: acme });
            for (const attempt of list) drive.apply(attempt);
            seen.tried += drive.tried;
            seen.allowed += drive.allowed;
            seen.refused += drive.refused;
          },
        ),
        { numRuns: 250 },
      );
      expect(seen.tried).toBeGreaterThanOrEqual(10_000);
      expect(seen.allowed).toBeGreaterThan(1_000);
      expect(seen.refused).toBeGreaterThan(1_000);
    },
  );
});
