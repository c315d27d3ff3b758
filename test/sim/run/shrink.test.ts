import { expect, it } from "vitest";
import { planOf } from "#sim/plan/draw.ts";
import type { Selection } from "#sim/plan/select.ts";
import { shrink } from "#sim/run/shrink.ts";

const plan = planOf(5);

const shrunk = async (
  fails: (selection: Selection) => boolean,
  runsMax = 1_000,
): Promise<{ selection: Selection; runs: number }> =>
  shrink({ plan, runsMax, fails: async (selection) => fails(selection) });

it("finds the two faults and the one need that a failure takes", async () => {
  const { selection } = await shrunk(
    ({ needs = [], faults = [] }) => needs.includes(7) && faults.includes(3) && faults.includes(11),
  );
  expect(selection).toMatchObject({ needs: [7], faults: [3, 11] });
  expect(selection.safetyMs).toBeLessThanOrEqual(plan.safetyMs);
});

it("a failure that takes nothing is left with nothing", async () => {
  const { selection } = await shrunk(() => true);
  expect(selection).toMatchObject({ needs: [], faults: [] });
});

it("stops after the runs that it is allowed", async () => {
  const { runs } = await shrunk(({ faults = [] }) => faults.length === plan.faults.length, 9);
  expect(runs).toBeLessThanOrEqual(9);
});
