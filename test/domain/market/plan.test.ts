import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admitPlanOps, PLAN_OPS_MAX, type Plan } from "#domain/market/plan.ts";
import type { PlanOp } from "#protocol/bodies.ts";

const task = (name: string): PlanOp => ({ op: "ADD_TASK", task: name });
const requires = (name: string, on: string): PlanOp => ({ op: "REQUIRES", task: name, on });
const link = (from: string, to: string): PlanOp => ({ op: "LINK", from, to });
const tasks = ["a", "b", "c"].map(task);
const refusal = (plan: Plan, ...ops: PlanOp[]): string | undefined => {
  const admitted = admitPlanOps(plan, ops);
  return "refused" in admitted ? admitted.refused : undefined;
};

describe("a plan", () => {
  it("takes operations in the order of the log", () => {
    const ops = [link("a", "b"), requires("c", "b")];
    expect(admitPlanOps(tasks, ops)).toEqual({ plan: [...tasks, ...ops] });
  });

  it.each([
    ["a task that exists", [task("a")], "the task a exists"],
    ["a requirement of an unknown task", [requires("x", "a")], "there is no task x"],
    ["a requirement on an unknown task", [requires("a", "x")], "there is no task x"],
    ["a link to itself", [link("a", "a")], "linking a to a closes a cycle"],
    ["a cycle of two", [link("a", "b"), link("b", "a")], "linking b to a closes a cycle"],
    [
      "a cycle over a requirement",
      [requires("b", "a"), requires("c", "b"), link("c", "a")],
      "linking c to a closes a cycle",
    ],
    [
      "a state that an agent claims",
      [{ op: "STATE", task: "a", state: "done" }],
      "the state of a task follows from the log and is not said by agents",
    ],
    ["a product of nothing", [{ op: "PRODUCES", task: "x", what: "y" }], "there is no task x"],
    ["a note on nothing", [{ op: "ANNOTATE", task: "x", note: "y" }], "there is no task x"],
  ] as const)("refuses %s, with the reason", (_name, ops, reason) => {
    expect(refusal(tasks, ...(ops as readonly PlanOp[]))).toBe(reason);
  });

  it("remembers what earlier letters linked and required", () => {
    expect(refusal([...tasks, requires("b", "a")], link("b", "a"))).toContain("cycle");
    expect(refusal([...tasks, link("a", "b")], requires("a", "b"))).toContain("cycle");
  });

  it("refuses a letter as a whole", () => {
    expect(admitPlanOps(tasks, [link("a", "b"), link("b", "a")])).toEqual({
      refused: "linking b to a closes a cycle",
    });
  });

  it("holds a limited number of operations", () => {
    const full = Array.from({ length: PLAN_OPS_MAX }, (_, i) => task(`t${i}`));
    expect(refusal([], ...full)).toBeUndefined();
    expect(refusal(full, task("one more"))).toContain(`${PLAN_OPS_MAX}`);
  });

  it("never has a cycle, whatever is offered to it", () => {
    const names = ["a", "b", "c", "d", "e"];
    const edge = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names));
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 30 }), (edges) => {
        let plan: Plan = names.map(task);
        for (const [from, to] of edges) {
          const admitted = admitPlanOps(plan, [link(from, to)]);
          if ("plan" in admitted) plan = admitted.plan;
        }
        const links = plan.flatMap((op) => (op.op === "LINK" ? [op] : []));
        let left = new Set(names);
        for (let round = 0; round < names.length; round += 1)
          left = new Set(
            [...left].filter((name) => links.some((l) => l.to === name && left.has(l.from))),
          );
        expect([...left], "a topological order uses up all tasks").toEqual([]);
      }),
    );
  });
});
