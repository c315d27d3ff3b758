import { expect, it } from "vitest";
import { runSeed } from "#cli/sim/job.ts";
import { CANARIES } from "#sim/canaries/all.ts";
import { planOf } from "#sim/plan/draw.ts";

/** Fewer than `canswarm sim --canaries` allows: most are noticed at once. */
const SEEDS_MAX = 6;

it.each(CANARIES)("$name: $what, and it is noticed", { timeout: 120_000 }, async (canary) => {
  const { name, properties, supervisors } = canary;
  const noticed: string[] = [];
  for (let seed = 1, tried = 0; tried < SEEDS_MAX && noticed.length === 0; seed += 1) {
    const isCluster = planOf(seed).supervisors.length > 1;
    if (supervisors !== undefined && isCluster !== (supervisors === "several")) continue;
    tried += 1;
    const task = { seed, selection: {}, keepTrace: false, canary: name };
    const { violations } = await runSeed(task);
    noticed.push(...violations.map(({ property }) => property));
  }
  expect(noticed.some((property) => properties.includes(property))).toBe(true);
});
