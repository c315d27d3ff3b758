import fc from "fast-check";
import { expect, it } from "vitest";
import { FAULT_KINDS } from "#sim/plan/draw-faults.ts";
import { NEEDS_MIN, planOf } from "#sim/plan/draw.ts";
import { indicesOf, selected, textOfIndices } from "#sim/plan/select.ts";

it("a selection's text says the same indices again", () => {
  const indices = fc.uniqueArray(fc.nat(300)).map((list) => list.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(indices, (list) => {
      expect(indicesOf(textOfIndices(list))).toEqual(list);
    }),
  );
  expect(textOfIndices([0, 4, 5, 6, 9])).toBe("0,4-6,9");
  expect(indicesOf("4-")).toBeUndefined();
});

it("a selected plan keeps what is named and everything else of the whole", () => {
  const plan = planOf(3);
  const smaller = selected(plan, { needs: [0, 2], faults: [], safetyMs: 99 });
  expect(smaller.needs).toEqual([plan.needs[0], plan.needs[2]]);
  expect(smaller.faults).toEqual([]);
  expect(smaller).toMatchObject({ seed: 3, agents: plan.agents, safetyMs: 99 });
});

it("seeds ask for enough: more than 50 needs and 20 faults a seed, of every kind, in both shapes", () => {
  const plans = Array.from({ length: 200 }, (_, seed) => planOf(seed + 1));
  const mean = (of: (plan: (typeof plans)[number]) => number): number =>
    plans.reduce((sum, plan) => sum + of(plan), 0) / plans.length;
  expect(mean((plan) => plan.needs.length)).toBeGreaterThan(50);
  expect(mean((plan) => plan.faults.length)).toBeGreaterThan(20);
  expect(mean((plan) => new Set(plan.faults.map(({ kind }) => kind)).size)).toBeGreaterThan(6);
  expect(Math.min(...plans.map((plan) => plan.needs.length))).toBeGreaterThanOrEqual(NEEDS_MIN);
  const kinds = new Set(plans.flatMap((plan) => plan.faults.map(({ kind }) => kind)));
  expect([...kinds].sort()).toEqual([...FAULT_KINDS].sort());
  const sizes = new Set(plans.map(({ supervisors }) => supervisors.length));
  expect([...sizes].sort()).toEqual([1, 2, 3]);
});
