import { deserialize, serialize } from "node:v8";
import { decode, encode } from "@ipld/dag-cbor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { balanceOf, freeStakeOf, stakeOf, unbondingOf } from "#domain/ledger/accounts.ts";
import { decodeLedger, encodeLedger, keptLedger, type PlainLedger } from "#domain/ledger/codec.ts";
import { assertConserved, assertRecounted } from "#domain/ledger/conservation.ts";
import { ask, createLedger, slash, stake, tick, transfer, unstake } from "#domain/ledger/ledger.ts";
import type { AccountAnswer, Answered, LedgerState } from "#domain/ledger/ledger.ts";
import type { LedgerRequest, SeatFact, SettlementFacts } from "#domain/ledger/requests.ts";
import type { Outcome } from "#protocol/words.ts";
import { parameters as network } from "./books.ts";
import { Twin, idText } from "./twin.ts";
import type { Operation, PlainAnswer, Told } from "./twin.ts";

const AGENTS = ["r1", "r2", "w1", "w2", "v1", "v2", "v3", "v4"];
const NEEDS = ["n1", "n2", "n3", "n4", "n5"];
const OUTCOMES: Outcome[] = [
  "finalized",
  "no_bids",
  "expired",
  "cancelled",
  "no_submission",
  "rejected",
  "evaluator_absent",
  "invalidated",
];
const MINTED = 100_000n;
/** Operations: what nobody asks about for one to two times this many rests. */
const REST_EVERY = 3;

/** Small amounts, so that every rounding shows, and short times. */
const parameters = {
  ...network,
  verifyStakeMin: 30n,
  unbondingMs: 100,
  seatsWaitMs: 60,
  freeCancelsPerHour: 1,
  // Counted in challenge-rate.test.ts.
  challengesPerHour: 1_000_000,
  challengesPerDay: 1_000_000,
  severity: 3,
  tiers: { ...network.tiers, small: { ...network.tiers.small, bountyMax: 300n } },
};

/** w1 and v1 are one org; r1 controls v2. */
const related = (a: string, b: string): boolean =>
  a === b || ["w1 v1", "v1 w1", "r1 v2", "v2 r1"].includes(`${a} ${b}`);

const plain = ({ id, answer }: Answered): Told => {
  const forms: Record<string, PlainAnswer> = {
    refused: ["refused", answer.kind === "refused" ? answer.code : ""],
    duplicate: ["duplicate", answer.kind === "duplicate" ? answer.first : ""],
    sealed: ["sealed", answer.kind === "sealed" ? answer.open : []],
  };
  const seated: PlainAnswer =
    answer.kind === "seated" ? ["seated", answer.seats, answer.skipped] : [answer.kind];
  return { id: idText(id), answer: forms[answer.kind] ?? seated };
};

const word = (answer: AccountAnswer): string =>
  answer.kind === "done" ? "done" : (answer.code as string);

const apply = (state: LedgerState, operation: Operation): { told: Told[]; result: string } => {
  switch (operation.op) {
    case "tick":
      return { told: tick(state, operation.nowMs).answers.map(plain), result: "" };
    case "transfer":
      return { told: [], result: word(transfer(state, operation)) };
    case "ask":
      return { told: ask(state, operation.asked, related).answers.map(plain), result: "" };
    case "slash": {
      const { answer, effects } = slash(state, operation.agent, operation.amount);
      const taken = answer.kind === "done" ? answer.amount : -1n;
      return { told: effects.answers.map(plain), result: `done ${taken}` };
    }
    default: {
      const act = operation.op === "stake" ? stake : unstake;
      const { answer, effects } = act(state, operation.agent, operation.amount);
      return { told: effects.answers.map(plain), result: word(answer) };
    }
  }
};

/** A stream of small numbers, from which operations are made that fit the books as they are. */
class Dice {
  readonly rolls: readonly number[];
  next = 0;
  constructor(rolls: readonly number[]) {
    this.rolls = rolls;
  }
  below(n: number): number {
    return (this.rolls[this.next++ % this.rolls.length]! + this.next * 7) % n;
  }
  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

const seatFacts = (state: LedgerState, need: string, dice: Dice): SeatFact[] => {
  const answers = ["pass", "pass", "fail", "abstain", "pending", "silent"] as const;
  const exposures = state.needs.peek(need)?.open.exposures ?? [];
  const facts = exposures.map(({ seat, agent }) => ({ seat, agent, answer: dice.of(answers) }));
  if (dice.chance(10)) facts.push({ seat: dice.below(4), agent: "v4", answer: "pass" });
  return facts;
};

const settlement = (state: LedgerState, need: string, dice: Dice): LedgerRequest => {
  const hold = state.needs.peek(need);
  const worker = hold?.open.bond?.worker ?? dice.of(["w1", "w2"]);
  const outcome = dice.of(OUTCOMES);
  const decided = { worker, price: BigInt(dice.below(210)), etaMs: dice.below(3) * 500 };
  const leased = {
    elapsedMs: dice.below(2_000),
    ttlMs: dice.of([0, 1_500]),
    heartbeatsMissed: dice.below(4),
    yieldedLate: dice.chance(30),
  };
  const planVotes = AGENTS.slice(2).map((agent) => ({ agent, agreed: dice.chance(30) }));
  return {
    kind: "settle",
    need,
    attempt: (hold?.open.attempt ?? 1) - Number(dice.chance(10)),
    outcome,
    last: dice.chance(40),
    requester: hold?.requester ?? "r1",
    capability: "c",
    tier: "small",
    verifyBounty: hold === undefined ? 0n : BigInt(hold.content.length),
    bounty: hold?.bounty ?? 0n,
    ...(dice.chance(80) || hold?.open.bond !== undefined ? { decided } : {}),
    ...(dice.chance(70) ? { leased } : {}),
    planVotes: planVotes.slice(0, dice.below(4)),
    seats: seatFacts(state, need, dice),
    ...(dice.chance(60) ? { absentPays: dice.of(["price", "fee", "nothing"] as const) } : {}),
    ...(dice.chance(30) ? { proof: "judged" as const } : {}),
  };
};

const request = (state: LedgerState, dice: Dice): LedgerRequest => {
  const need = dice.of(NEEDS);
  const attempt = state.needs.peek(need)?.open.attempt ?? 1;
  const amount = BigInt(dice.below(60));
  const sort = dice.below(14);
  if (sort < 3) {
    const bounty = BigInt(dice.below(320));
    const requester = dice.of(["r1", "r2"]);
    const content = dice.of(["c", "ccccccc", "ccccccccccccc"]);
    const held = bounty + BigInt(dice.below(200));
    const key = dice.chance(80) ? need : dice.of(NEEDS);
    return { kind: "fund", need, requester, key, content, amount: held, bounty, tier: "small" };
  }
  if (sort < 5) {
    return { kind: "bond", need, attempt, worker: dice.of(["w1", "w2"]), amount };
  }
  if (sort < 8) {
    const order = AGENTS.slice(2).filter(() => dice.chance(70));
    const atLeast = 1 + dice.below(3);
    const count = atLeast + dice.below(3);
    const round = dice.below(2);
    const exposure = amount + 5n;
    const firstSeat = state.needs.peek(need)?.open.exposures.length ?? 0;
    return {
      kind: "seats",
      need,
      attempt,
      round,
      order,
      count,
      least: atLeast,
      exposure,
      firstSeat,
    };
  }
  const challenge = dice.of(["x1", "x2", "x3"]);
  if (sort < 9) {
    const challenger = dice.of(AGENTS);
    const envelope = Uint8Array.of(dice.below(9));
    const who = { challenger, entity: challenger };
    return { kind: "challenge", need, attempt, ...who, challenge, envelope, amount };
  }
  if (sort < 10) {
    const judges = AGENTS.filter(() => dice.chance(30));
    return { kind: "resolve", need, attempt, challenge, upheld: dice.chance(60), judges };
  }
  return settlement(state, need, dice);
};

/** The next operation, made from the books as they are, so that most of them do something. */
const operation = (
  state: LedgerState,
  dice: Dice,
  past: readonly Operation[],
  positions: Map<number, number>,
): Operation => {
  const sort = dice.below(20);
  if (sort === 0) {
    const step = dice.chance(5) ? 31 * 86_400_000 : dice.below(40);
    return { op: "tick", nowMs: state.nowMs + step };
  }
  const agent = dice.of(AGENTS);
  if (sort === 1) return { op: "stake", agent, amount: BigInt(dice.below(150)) };
  if (sort === 2) return { op: "unstake", agent, amount: BigInt(dice.below(80)) };
  if (sort === 3) return { op: "slash", agent, amount: BigInt(dice.below(20)) };
  if (sort === 4) {
    const id = `t${dice.below(6)}`;
    const order = { id, from: agent, to: dice.of(AGENTS), amount: BigInt(dice.below(100)) };
    return { op: "transfer", ...order };
  }
  const asks = past.filter((earlier) => earlier.op === "ask");
  if (sort === 5 && asks.length > 0) return dice.of(asks);
  const bucket = dice.below(3);
  const position = (positions.get(bucket) ?? 0) + 1;
  positions.set(bucket, position);
  const floor = dice.chance(10) ? position - dice.below(6) : 0;
  const earlier = sort === 6 && asks.length > 0 ? dice.of(asks) : undefined;
  const wanted = earlier?.op === "ask" ? earlier.asked.request : request(state, dice);
  return { op: "ask", asked: { id: { bucket, position, index: 0 }, floor, request: wanted } };
};

/** Workers are poor, so that some of their bonds are refused. */
const begin = (): Operation[] => [
  ...AGENTS.map((to) => {
    const amount = to.startsWith("w") ? 140n : 900n;
    return { op: "transfer" as const, id: `g/${to}`, from: "treasury", to, amount };
  }),
  ...AGENTS.slice(2).map((agent) => ({ op: "stake" as const, agent, amount: 120n })),
];

const compare = (state: LedgerState, twin: Twin): void => {
  for (const account of [...AGENTS, "treasury"]) {
    expect(balanceOf(state, account), `balance of ${account}`).toBe(twin.balance(account));
    expect(stakeOf(state, account), `stake of ${account}`).toBe(twin.staked[account] ?? 0n);
    const free = (twin.staked[account] ?? 0n) - twin.locked(account);
    expect(freeStakeOf(state, account), `free stake of ${account}`).toBe(free);
    const unbonding = twin.tranches.filter(({ agent }) => agent === account);
    expect(unbondingOf(state, account)).toBe(unbonding.reduce((sum, t) => sum + t.amount, 0n));
  }
  expect(state.burned).toBe(twin.burned);
  for (const need of NEEDS) {
    expect(state.needs.peek(need)?.rest, `escrow of ${need}`).toBe(twin.live(need)?.rest);
  }
};

const byId = (told: readonly Told[]): Told[] => told.toSorted((a, b) => (a.id < b.id ? -1 : 1));

const rest = (state: LedgerState): void => {
  state.needs.rest();
  state.liveKeys.rest();
};

/** Runs both over one stream of dice; returns the books and what happened in them. */
const run = (rolls: readonly number[], length: number) => {
  const state = createLedger(parameters, MINTED);
  const twin = new Twin(parameters, MINTED, related);
  const dice = new Dice(rolls);
  const past: Operation[] = [];
  const positions = new Map<number, number>();
  const seen = new Set<string>();
  const todo = begin();
  while (past.length < length + todo.length) {
    if (past.length % REST_EVERY === 0) rest(state);
    const next = todo[past.length] ?? operation(state, dice, past, positions);
    past.push(next);
    const mine = apply(state, next);
    const theirs = twin.apply(next);
    expect(mine.result).toBe(theirs.result);
    expect(
      byId(mine.told),
      JSON.stringify(next, (_, v) => (typeof v === "bigint" ? `${v}` : v)),
    ).toEqual(byId(theirs.told));
    assertConserved(state);
    if (state.needs.resting > 0 && state.liveKeys.resting > 0) seen.add("rests");
    for (const { answer } of mine.told) {
      const isSettle = next.op === "ask" && next.asked.request.kind === "settle";
      const posted = isSettle ? `posted ${(next.asked.request as SettlementFacts).outcome}` : "";
      seen.add(answer[0] === "refused" ? `${answer[1]}` : answer[0]);
      if (answer[0] === "posted") seen.add(posted);
    }
  }
  assertRecounted(state);
  compare(state, twin);
  return { state, dice, past, positions, seen, twin };
};

/** As a snapshot brings it back. */
const reopened = (state: LedgerState): LedgerState =>
  decodeLedger(deserialize(serialize(keptLedger(state))) as PlainLedger, parameters);

const streams = fc.array(fc.nat(9_999), { minLength: 200, maxLength: 400 });

describe("the ledger and its dumb twin", () => {
  it("agree over any sequence of operations, repeats and copies included", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(streams, (rolls) => {
        for (const kind of run(rolls, 120).seen) seen.add(kind);
      }),
      { numRuns: 120, endOnFailure: true },
    );
    // The sequences reach what they are for; a generator that stops doing so is a broken test.
    const expected = ["rests", "held", "duplicate", "seated", "absent", "sealed", "resolved"];
    const refusals = ["UNKNOWN_THREAD", "WRONG_STATE", "BOUNTY_CAP", "KEY_REUSED", "SEALED"];
    const funds = ["INSUFFICIENT_FUNDS", "INSUFFICIENT_STAKE", "BOND_TOO_SMALL"];
    const posted = OUTCOMES.map((outcome) => `posted ${outcome}`);
    const all = [...expected, ...refusals, ...funds, ...posted];
    expect([...seen]).toEqual(expect.arrayContaining(all));
  });

  it("read back from plain data go on as if nothing had happened", () => {
    fc.assert(
      fc.property(streams, (rolls) => {
        const { state, dice, past, positions } = run(rolls, 60);
        const isSnapshot = (rolls[0] ?? 0) % 2 === 0;
        const again = isSnapshot
          ? reopened(state)
          : decodeLedger(decode(encode(encodeLedger(state))), parameters);
        expect(encodeLedger(again)).toEqual(encodeLedger(state));
        for (let i = 0; i < 40; i += 1) {
          if (i % REST_EVERY === 0) rest(again);
          const next = operation(state, dice, past, positions);
          past.push(next);
          expect(apply(again, next)).toEqual(apply(state, next));
        }
        assertRecounted(again);
        expect(encodeLedger(again)).toEqual(encodeLedger(state));
      }),
      { numRuns: 120, endOnFailure: true },
    );
  });

  it("hold nothing once every need has ended", () => {
    fc.assert(
      fc.property(streams, (rolls) => {
        const { state } = run(rolls, 80);
        let position = 0;
        const settleAll = (over: { requester: string; need: string; attempt: number }, h: bigint) =>
          ask(
            state,
            {
              id: { bucket: 9, position: (position += 1), index: 0 },
              floor: 0,
              request: {
                kind: "settle",
                outcome: "expired",
                last: true,
                capability: "c",
                tier: "small",
                verifyBounty: 0n,
                bounty: h,
                planVotes: [],
                seats: [],
                ...over,
              },
            },
            related,
          );
        for (const [need, hold] of new Map(state.needs)) {
          for (const { challenge, status } of hold.open.challenges) {
            if (status !== "open") continue;
            const about = { need, attempt: hold.open.attempt, challenge };
            const id = { bucket: 9, position: (position += 1), index: 0 };
            const ruling = { kind: "resolve", ...about, upheld: false, judges: [] } as const;
            ask(state, { id, floor: 0, request: ruling }, related);
          }
          const worker = hold.open.bond?.worker;
          const decided = worker === undefined ? {} : { decided: { worker, price: 0n, etaMs: 0 } };
          const { requester, bounty } = hold;
          settleAll({ requester, need, attempt: hold.open.attempt, ...decided }, bounty);
        }
        tick(state, state.nowMs + parameters.unbondingMs);
        assertRecounted(state);
        expect(state.needs.size + state.queue.size + state.waitingBy.size).toBe(0);
        expect(state.sums).toMatchObject({ escrows: 0n, bonds: 0n, unbonding: 0n });
        for (const account of state.stakes.values()) {
          expect(account).toMatchObject({ locked: 0n, seats: 0 });
        }
      }),
      { numRuns: 120, endOnFailure: true },
    );
  });
});
