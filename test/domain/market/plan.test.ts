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

  it("refuses a link or a requirement exactly where no order of the tasks is left", () => {
    const names = ["a", "b", "c", "d", "e"];
    const name = fc.constantFrom(...names);
    const op = fc
      .tuple(name, name, fc.boolean())
      .map(([from, to, isLink]) => (isLink ? link(from, to) : requires(to, from)));
    let taken = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.array(op, { maxLength: 30 }), (ops) => {
        let plan: Plan = names.map(task);
        for (const next of ops) {
          const admitted = admitPlanOps(plan, [next]);
          expect("plan" in admitted).toBe(isOrderable([...plan, next], names));
          if ("plan" in admitted) plan = admitted.plan;
          if ("plan" in admitted) taken += 1;
          else refused += 1;
        }
      }),
    );
    expect(Math.min(taken, refused)).toBeGreaterThan(100);
  });
});

/** The dumb twin: take away tasks that wait for nothing, until none is left or none can be taken. */
const isOrderable = (plan: Plan, names: readonly string[]): boolean => {
  const edges = plan.flatMap((op) =>
    op.op === "LINK"
      ? [{ from: op.from, to: op.to }]
      : op.op === "REQUIRES"
        ? [{ from: op.on, to: op.task }]
        : [],
  );
  let left = [...names];
  for (let round = 0; round < names.length; round += 1)
    left = left.filter((one) => edges.some(({ from, to }) => to === one && left.includes(from)));
  return left.length === 0;
};
