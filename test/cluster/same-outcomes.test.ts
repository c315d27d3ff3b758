import { expect, it } from "vitest";
import type { Summary } from "../integration/command.ts";
import { differencesBetween } from "./same-outcomes.ts";

const agent = (name: string, won: number, earned: string, slashed = "0") => ({
  name,
  did: name,
  won,
  finalized: won,
  earned,
  slashed,
  events: {},
});

const RUN: Summary = {
  needs: 1,
  finalized: 1,
  outcomes: { finalized: 1 },
  credits: {
    balances: { treasury: "1000", requester: "98.3", ann: "11.5", v1: "10.2", v2: "10" },
    burned: "0",
    conserved: true,
  },
  agents: [agent("ann", 1, "1.5"), agent("v1", 0, "0.2"), agent("v2", 0, "0")],
  tasks: [{ id: "t", need: "n", outcome: "finalized", worker: "ann", price: "1.5", attempts: 1 }],
  restarts: [],
  stateHash: "",
};
const held = (balances: Record<string, string>): Summary["credits"] => ({
  ...RUN.credits,
  balances: { ...RUN.credits.balances, ...balances },
});
const changed = (more: Partial<Summary>): string[] => differencesBetween(RUN, { ...RUN, ...more });

it("a run is as itself, whoever was late and which verifier was drawn", () => {
  expect(changed({})).toEqual([]);
  const late = {
    agents: [agent("ann", 1, "1.1"), agent("v1", 0, "0"), agent("v2", 0, "0.2")],
    credits: held({ requester: "98.7", ann: "11.1", v1: "10", v2: "10.2" }),
  };
  expect(changed(late)).toEqual([]);
});

it("a supervisor's own account is as good as the treasury", () => {
  expect(changed({ credits: held({ treasury: "900", "did:key:z6Mk": "100" }) })).toEqual([]);
});

it.each<[string, string, Partial<Summary>]>([
  ["another worker", "t", { tasks: [{ ...RUN.tasks[0]!, worker: "bob" }] }],
  ["another price", "t", { tasks: [{ ...RUN.tasks[0]!, price: "1.4" }] }],
  [
    "more than the price",
    "paid to ann",
    { agents: [agent("ann", 1, "1.6"), ...RUN.agents.slice(1)] },
  ],
  ["less than lateness", "paid to ann", { agents: [agent("ann", 1, "1"), ...RUN.agents.slice(1)] }],
  ["a loss", "ann", { agents: [agent("ann", 1, "1.5", "0.1"), ...RUN.agents.slice(1)] }],
  [
    "one more vote",
    "earned by verifiers",
    { agents: [...RUN.agents.slice(0, 2), agent("v2", 0, "0.1")] },
  ],
  ["a balance that nobody earned", "brought by ann", { credits: held({ ann: "12.5" }) }],
  [
    "a requester that has more",
    "held by the requester and all agents",
    { credits: held({ requester: "99.3" }) },
  ],
  ["a treasury that has less", "held by all others", { credits: held({ treasury: "999" }) }],
  ["what was burned", "burned", { credits: { ...RUN.credits, burned: "1" } }],
])("%s is a difference", (_, what, more) => {
  expect(changed(more).filter((line) => line.startsWith(`${what}: `))).toHaveLength(1);
});
