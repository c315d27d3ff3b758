import { expect, it } from "vitest";
import {
  LOST_LEASE_WEIGHT,
  PLAN_WEIGHT,
  RESULT_WEIGHT,
  evidenceOf,
} from "#domain/ledger/evidence.ts";
import type { SettlementFacts } from "#domain/ledger/requests.ts";
import { settleRequest, strangers } from "./books.ts";

const decided = { worker: "w", price: 1n, etaMs: 1 };
const leased = { elapsedMs: 10, ttlMs: 100, heartbeatsMissed: 0, yieldedLate: false };
const seat = (agent: string, answer: SettlementFacts["seats"][number]["answer"], number = 0) => ({
  seat: number,
  agent,
  answer,
});
const split = [seat("v1", "pass"), seat("v2", "fail", 1), seat("v3", "silent", 2)];
const plan = [
  { agent: "p1", agreed: true },
  { agent: "p2", agreed: false },
];

const rows: [string, Partial<SettlementFacts>, [string, boolean, number][]][] = [
  [
    "a finalized need raises its worker and who voted for it",
    { outcome: "finalized", decided, leased, seats: split, planVotes: plan },
    [
      ["w", true, RESULT_WEIGHT],
      ["v1", true, RESULT_WEIGHT],
      ["v2", false, RESULT_WEIGHT],
      ["v3", false, RESULT_WEIGHT],
      ["p1", true, PLAN_WEIGHT],
      ["p2", false, PLAN_WEIGHT],
    ],
  ],
  [
    "without a committee nobody gains",
    { outcome: "finalized", decided, planVotes: [plan[0]!] },
    [],
  ],
  [
    "a rejection lowers the worker and who voted for it",
    { outcome: "rejected", decided, leased, seats: split.slice(0, 2) },
    [
      ["w", false, RESULT_WEIGHT],
      ["v1", false, RESULT_WEIGHT],
      ["v2", true, RESULT_WEIGHT],
    ],
  ],
  [
    "a missed claim lowers the worker by half a failure",
    { outcome: "no_submission", decided },
    [["w", false, LOST_LEASE_WEIGHT]],
  ],
  ["a lease given back in time says nothing", { outcome: "no_submission", decided, leased }, []],
  [
    "missed heartbeats lower the worker",
    { outcome: "no_submission", decided, leased: { ...leased, heartbeatsMissed: 2 } },
    [["w", false, LOST_LEASE_WEIGHT]],
  ],
  [
    "where nobody could judge, only silence counts",
    { outcome: "evaluator_absent", decided, leased, seats: split },
    [["v3", false, RESULT_WEIGHT]],
  ],
  [
    "its own and its requester's votes raise nobody",
    {
      outcome: "finalized",
      decided,
      leased,
      seats: [seat("w", "pass"), seat("requester", "pass")],
    },
    [],
  ],
];

it.each(rows)("%s", (_, facts, expected) => {
  const told = evidenceOf(settleRequest(facts), strangers);
  expect(told.map(({ agent, success, weight }) => [agent, success, weight])).toEqual(expected);
});
