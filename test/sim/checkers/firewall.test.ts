/** The two checkers of the firewall against worlds that keep and break their promises by one step. */

import { expect, it } from "vitest";
import { CANARIES } from "#sim/canaries/all.ts";
import { limits } from "#sim/checkers/limits.ts";
import type { Observation } from "#sim/checkers/observation.ts";
import { pauses } from "#sim/checkers/pauses.ts";
import type { GovernPlan } from "#sim/plan/plan.ts";
import { SimWorld } from "#sim/run/world.ts";
import { entriesOf, HONEST, need, planWith, settled } from "../agents/small-world.ts";

const CREDIT = 1_000_000;
const NEEDS = 12;

const afterwards = async (
  governing: readonly GovernPlan[],
  broken?: string,
): Promise<Observation> => {
  const needs = Array.from({ length: NEEDS }, (_, i) => ({ ...need(i), atMs: i * 1_000 }));
  const plan = planWith(HONEST, needs, { governing });
  const canary = CANARIES.find(({ name }) => name === broken);
  const world = new SimWorld({
    plan,
    settled,
    keepTrace: false,
    ...(canary === undefined ? {} : { canary }),
  });
  await world.open();
  for (const requester of world.requesters) requester.schedule(needs);
  for (const act of governing) world.scheduler.after(act.atMs, () => world.govern(act));
  await world.scheduler.run(world.scheduler.nowMs + 60_000);
  return world.recorder.observation(world.genesisBytes, world.swarm.contents(), world.blocks, true);
};

const found = ({ check }: typeof limits, observation: Observation): readonly string[] => {
  const checked = check(observation);
  return checked.kind === "checked" ? checked.violations.map(({ what }) => what) : ["not covered"];
};

const winners = (observation: Observation): number[] => {
  const dids = new Map<string, number>();
  return entriesOf(observation).flatMap((entry) => {
    if (entry.kind !== "derived" || entry.verb !== "DECIDE") return [];
    const { worker } = entry.body as { worker: string };
    if (!dids.has(worker)) dids.set(worker, dids.size);
    return [dids.get(worker) ?? 0];
  });
};

it("a pause in the middle changes who is awarded, and the checker agrees", async () => {
  const free = await afterwards([]);
  const paused = await afterwards([{ atMs: 5_500, kind: "pause", party: 0, forMs: 60_000 }]);
  expect(new Set(winners(free)).size).toBe(1);
  expect(new Set(winners(paused)).size).toBe(2);
  expect(found(pauses, paused)).toEqual([]);
});

it("a limit refuses some and takes others, and the checker agrees", async () => {
  const day = 3 * 5 * CREDIT;
  const minute = { atMs: 0, kind: "limit", of: "party", party: HONEST.length } as const;
  const free = await afterwards([]);
  const limited = await afterwards([{ ...minute, limits: { minute: day, perMinute: 4 } }]);
  const funded = (observation: Observation): number =>
    entriesOf(observation).filter((entry) => entry.kind === "derived" && entry.verb === "DECIDE")
      .length;
  expect(funded(free)).toBe(NEEDS);
  expect(funded(limited)).toBeGreaterThan(0);
  expect(funded(limited)).toBeLessThan(NEEDS);
  expect(found(limits, limited)).toEqual([]);
});

it("one commitment too many is noticed, to the one", async () => {
  const most = (perMinute: number): readonly GovernPlan[] => [
    { atMs: 0, kind: "limit", of: "party", party: HONEST.length, limits: { perMinute } },
  ];
  expect(found(limits, await afterwards(most(NEEDS), "limits-not-kept"))).toEqual([]);
  expect(found(limits, await afterwards(most(NEEDS - 1), "limits-not-kept"))).toEqual([
    expect.stringMatching(/has committed 12 where perMinute allows 11$/),
  ]);
});

it("an award too many is noticed, and what was let in before it", async () => {
  // Nobody heeds it, so it is only in the snapshot that is published again after ten seconds.
  const early: GovernPlan = { atMs: 500, kind: "pause", party: 0, forMs: 60_000 };
  const seen = found(pauses, await afterwards([early], "paused-yet-awarded"));
  expect(seen).toContainEqual(
    expect.stringMatching(/^PROPOSE of .*, who is paused at revision \d+, was let in$/),
  );
  expect(seen).toContainEqual(
    expect.stringMatching(/^.* was awarded, who is paused at revision \d+$/),
  );
  expect(seen).toContainEqual(
    expect.stringMatching(/^CLAIM of .*, who is paused at revision \d+, was let in$/),
  );
});
