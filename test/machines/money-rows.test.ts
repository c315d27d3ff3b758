/**
 * The money table of protocol section 4 as the need thread sees it: for each row, the facts that go to
 * the ledger and the entry that is logged after its answer. What the ledger makes of the facts is tested
 * with the ledger.
 */
import { describe, expect, it } from "vitest";
import type { KnownFacts } from "#machines/need-thread/need-thread.commands.ts";
import type { NeedThreadEvent, NeedThreadInput } from "#machines/need-thread/need-thread.events.ts";
import {
  APPROVED,
  bids,
  CHALLENGED,
  FAILED,
  FUNDED,
  PASSED,
  REFUSED,
  ruling,
  SETTLED,
  thread,
  toAwarded,
  toLeased,
  toVerifying,
} from "./need-driver.ts";
import { concluded, leaseEnded, seat } from "./subjects.ts";

/** Each move is an event, or the name of a timer that runs out. */
type Move = NeedThreadEvent | string;

interface Row {
  readonly name: string;
  readonly input?: Partial<NeedThreadInput>;
  readonly moves: readonly Move[];
  readonly facts: Omit<KnownFacts, "attempt">;
  readonly verb: "FINALIZE" | "REJECT" | "RELEASE" | "INVALIDATE" | "CLOSE";
  /** What the body says beside attempt, outcome, last and reason. */
  readonly body?: Readonly<Record<string, unknown>>;
}

const planVotes = [{ agent: "v0", agreed: true }];
const none = { planVotes: [], seats: [] };
const voted = { planVotes, seats: [] };
const decided = { worker: "w1", price: 2_000_000n, etaMs: 500 };
const leased = { elapsedMs: 700, ttlMs: 30_000, heartbeatsMissed: 0, yieldedLate: false };
const committed = { decided, leased: { ...leased, elapsedMs: 300 }, artifact: "artifact" };
const worker = { worker: "w1" };
const result = { ...worker, commit: "commit", artifact: "artifact" };
const ABSENT = concluded("result", "absent", "pass", "silent");
const many = { awardsMax: 8, failuresMax: 8 };
const released = {
  ...voted,
  decided,
  leased: { ...leased, heartbeatsMissed: 2 },
  reason: "released",
};
const SILENT: NeedThreadEvent = {
  type: "LEASE_ENDED",
  reason: "released",
  elapsedMs: 700,
  heartbeatsMissed: 2,
  yieldedLate: false,
};

const rows: readonly Row[] = [
  {
    name: "finalized",
    moves: [...toVerifying, PASSED, "window"],
    facts: { outcome: "finalized", last: true, planVotes, seats: PASSED.seats, ...committed },
    verb: "FINALIZE",
    body: { ...result, votes: ["vote-0", "vote-1"] },
  },
  {
    name: "no_bids: the auction was empty",
    moves: [FUNDED, { type: "NO_BIDS" }],
    facts: { outcome: "no_bids", last: true, ...none },
    verb: "CLOSE",
  },
  {
    name: "no_bids: no candidate was approved; who refused is paid, who approved is not",
    moves: [FUNDED, bids("w1"), concluded("plan", "fail", "fail", "pass", "fail")],
    facts: {
      outcome: "no_bids",
      last: true,
      planVotes: [true, false, true].map((agreed, i) => ({ agent: `v${i}`, agreed })),
      seats: [],
      reason: "no candidate is left",
    },
    verb: "CLOSE",
  },
  {
    name: "expired in the auction",
    moves: [FUNDED, "needDeadline"],
    facts: { outcome: "expired", last: true, ...none },
    verb: "CLOSE",
  },
  {
    name: "expired in planning: votes of concluded questions are paid",
    moves: [FUNDED, bids("w1", "w2"), REFUSED, "needDeadline"],
    facts: { outcome: "expired", last: true, ...voted },
    verb: "CLOSE",
  },
  {
    name: "cancelled before DECIDE",
    moves: [FUNDED, bids("w1", "w2"), REFUSED, { type: "CANCEL" }],
    facts: { outcome: "cancelled", cancelledBefore: true, last: true, ...voted },
    verb: "CLOSE",
  },
  {
    name: "cancelled when awarded: no lease has elapsed",
    moves: [
      ...toAwarded,
      { type: "CANCEL" },
      { ...leaseEnded("revoked"), elapsedMs: 0 } as NeedThreadEvent,
    ],
    facts: {
      outcome: "cancelled",
      cancelledBefore: false,
      last: true,
      ...voted,
      decided,
      reason: "revoked",
    },
    verb: "CLOSE",
    body: worker,
  },
  {
    name: "cancelled when leased: the elapsed share of the lease counts",
    moves: [...toLeased, { type: "CANCEL" }, leaseEnded("revoked")],
    facts: {
      outcome: "cancelled",
      cancelledBefore: false,
      last: true,
      ...voted,
      decided,
      leased,
      reason: "revoked",
    },
    verb: "CLOSE",
    body: worker,
  },
  {
    name: "no_submission: the claim was missed",
    input: many,
    moves: [...toAwarded, leaseEnded("missed_claim")],
    facts: { outcome: "no_submission", last: false, ...voted, decided, reason: "missed_claim" },
    verb: "RELEASE",
    body: worker,
  },
  {
    name: "no_submission: the bond was refused",
    input: many,
    moves: [...toAwarded, leaseEnded("bond_refused")],
    facts: { outcome: "no_submission", last: false, ...voted, decided, reason: "bond_refused" },
    verb: "RELEASE",
    body: worker,
  },
  {
    name: "no_submission: silence, with the heartbeats that were missed",
    input: many,
    moves: [...toLeased, SILENT],
    facts: { outcome: "no_submission", last: false, ...released },
    verb: "RELEASE",
    body: worker,
  },
  {
    name: "no_submission: a late yield",
    input: many,
    moves: [...toLeased, { ...leaseEnded("yielded"), yieldedLate: true } as NeedThreadEvent],
    facts: {
      outcome: "no_submission",
      last: false,
      ...voted,
      decided,
      leased: { ...leased, yieldedLate: true },
      reason: "yielded",
    },
    verb: "RELEASE",
    body: worker,
  },
  {
    name: "no_submission, the last award",
    input: { awardsMax: 1 },
    moves: [...toLeased, SILENT],
    facts: { outcome: "no_submission", last: true, ...released },
    verb: "RELEASE",
    body: worker,
  },
  {
    name: "no_submission: the decision was lost, so nothing was decided here",
    input: many,
    moves: [FUNDED, bids("w1"), APPROVED, { type: "LOST" }],
    facts: { outcome: "no_submission", last: false, ...voted, reason: "lost" },
    verb: "RELEASE",
  },
  {
    name: "no_submission: the candidate was paused, so nothing was decided",
    input: many,
    moves: [FUNDED, bids("w1"), APPROVED, { type: "PAUSED" }],
    facts: { outcome: "no_submission", last: false, ...voted, reason: "paused" },
    verb: "RELEASE",
  },
  {
    name: "rejected",
    input: many,
    moves: [...toVerifying, FAILED, "window"],
    facts: { outcome: "rejected", last: false, planVotes, seats: FAILED.seats, ...committed },
    verb: "REJECT",
    body: { ...result, votes: ["vote-0", "vote-2"] },
  },
  {
    name: "rejected, the last failure",
    input: { failuresMax: 1 },
    moves: [...toVerifying, FAILED, "window"],
    facts: { outcome: "rejected", last: true, planVotes, seats: FAILED.seats, ...committed },
    verb: "REJECT",
    body: { ...result, votes: ["vote-0", "vote-2"] },
  },
  {
    name: "evaluator_absent, where nobody objected",
    moves: [...toVerifying, ABSENT, "window"],
    facts: {
      outcome: "evaluator_absent",
      absentPays: "price",
      last: true,
      planVotes,
      seats: [seat(0, "pass"), seat(1, "silent")],
      ...committed,
    },
    verb: "CLOSE",
    body: result,
  },
  {
    name: "evaluator_absent, where a quorum had been asked",
    input: { kResultAsked: true },
    moves: [...toVerifying, ABSENT, "window"],
    facts: {
      outcome: "evaluator_absent",
      absentPays: "fee",
      last: true,
      planVotes,
      seats: ABSENT.seats,
      ...committed,
    },
    verb: "CLOSE",
    body: result,
  },
  {
    name: "evaluator_absent after a fail vote",
    moves: [...toVerifying, concluded("result", "absent", "fail", "abstain"), "window"],
    facts: {
      outcome: "evaluator_absent",
      absentPays: "nothing",
      last: true,
      planVotes,
      seats: [seat(0, "fail"), seat(1, "abstain")],
      ...committed,
    },
    verb: "CLOSE",
    body: result,
  },
  {
    name: "invalidated: the votes of the overturned verdict are told to the ledger",
    input: many,
    moves: [...toVerifying, PASSED, CHALLENGED, ruling(true)],
    facts: { outcome: "invalidated", last: false, planVotes, seats: PASSED.seats, ...committed },
    verb: "INVALIDATE",
    body: { ...result, votes: ["vote-0", "vote-1"] },
  },
  {
    name: "invalidated where nobody judged",
    input: many,
    moves: [...toVerifying, ABSENT, CHALLENGED, ruling(true)],
    facts: { outcome: "invalidated", last: false, planVotes, seats: ABSENT.seats, ...committed },
    verb: "INVALIDATE",
    body: result,
  },
];

describe("an attempt that ends as", () => {
  it.each(rows)("$name", ({ input = {}, moves, facts, verb, body = {} }) => {
    const need = thread(input);
    for (const move of moves) {
      if (typeof move === "string") need.pass(move);
      else need.send(move);
    }
    expect(need.stage()).toBe("settling");
    expect(need.facts()).toEqual({ attempt: 1, ...facts });
    expect(need.count("logEnd")).toBe(0);
    need.send(SETTLED);
    const { outcome, last, reason } = facts;
    const said = { attempt: 1, outcome, last, ...(reason === undefined ? {} : { reason }) };
    expect(need.end()).toEqual({ verb, body: { ...said, ...body }, sequence: 9, moves: [] });
    expect([need.count("settle"), need.count("logEnd")]).toEqual([1, 1]);
    expect(need.isDone()).toBe(last);
    expect(need.count("openAttempt")).toBe(last ? 1 : 2);
  });

  it("has a row for every outcome", () => {
    expect([...new Set(rows.map(({ facts }) => facts.outcome))].toSorted()).toEqual(
      "cancelled evaluator_absent expired finalized invalidated no_bids no_submission rejected".split(
        " ",
      ),
    );
  });
});
