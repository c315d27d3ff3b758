import { expect, it } from "vitest";
import { runSeed } from "#cli/sim/job.ts";
import { CANARIES, CANARY_SEEDS_MAX } from "#sim/canaries/all.ts";
import { planOf } from "#sim/plan/draw.ts";

/** What another checker says of the broken swarm does not count: the promise has one of its own. */
it.each(CANARIES)("$name: $what, and it is noticed", { timeout: 180_000 }, async (canary) => {
  const { name, properties, supervisors } = canary;
  const noticed: string[] = [];
  const isNoticed = () => noticed.some((property) => properties.includes(property));
  for (let seed = 1, tried = 0; tried < CANARY_SEEDS_MAX && !isNoticed(); seed += 1) {
    const isCluster = planOf(seed).supervisors.length > 1;
    if (supervisors !== undefined && isCluster !== (supervisors === "several")) continue;
    tried += 1;
    const task = { seed, selection: {}, keepTrace: false, canary: name };
    const { violations } = await runSeed(task);
    noticed.push(...violations.map(({ property }) => property));
  }
  expect(noticed).toContainEqual(expect.stringMatching(new RegExp(`^(${properties.join("|")})$`)));
});
