import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { embeddedReconciler, type EmbeddedSight } from "#cli/reconcile/embedded.ts";
import { loadSettings } from "#cli/settings.ts";
import { settled } from "#cli/sim/job.ts";
import { EmbeddedSwarm } from "#cli/swarm/embedded.ts";
import { openFolder } from "#cli/swarm/folder.ts";
import { parametersOf } from "#domain/genesis/profiles.ts";
import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import { emptyHead } from "#ports/commit-rules.ts";
import { Prng } from "#sim/kernel/prng.ts";
import { Scheduler } from "#sim/kernel/scheduler.ts";
import { Machine } from "#sim/world/machine.ts";

const PERIOD_MS = 1_000;
const BUCKET = 3;

it("tells of a funded need for which nothing is held, once it has stood for two runs", async () => {
  const scheduler = new Scheduler(Prng.of(1), settled);
  const { clock } = new Machine(scheduler, "ann", { driftPpm: 0, skewMs: 0 });
  const buckets = [BUCKET, SYSTEM_BUCKET];
  const answers: Readonly<Record<string, unknown>> = {
    "open-needs": [{ need: "a", isFunded: true, attempt: 1, leases: [] }],
    "held-for": [{ attempt: undefined, bondOf: undefined, strangers: [] }],
    "held-needs": [],
  };
  const sight: EmbeddedSight = {
    clock,
    store: { head: async (bucket) => emptyHead(bucket) },
    buckets,
    built: async () =>
      buckets.map((bucket) => ({
        bucket,
        records: 0,
        size: 0,
        hash: new Uint8Array(32),
        root: new Uint8Array(32),
        atMs: 0,
        status: "live",
      })),
    query: async <T>(bucket: number, name: string) =>
      (bucket === SYSTEM_BUCKET && name === "open-needs" ? [] : answers[name]) as T,
  };
  const told: string[] = [];
  const reconciler = embeddedReconciler(sight, {
    periodMs: PERIOD_MS,
    tell: (text) => told.push(text),
  });
  await scheduler.run(PERIOD_MS);
  expect(told).toEqual([]);
  await scheduler.run(4 * PERIOD_MS);
  expect(told).toEqual([
    `bucket ${BUCKET}, need a: a funded need is open, and nothing is held for it (E3)`,
  ]);
  expect(reconciler.last).toMatchObject({ buckets: 2, needs: 1, findingsCount: 1, mended: [] });
  reconciler.close();
});

it("finds nothing in a supervisor that is well", async () => {
  const dir = mkdtempSync(join(tmpdir(), "canswarm-reconcile-"));
  const parameters = parametersOf("local");
  const folder = openFolder(join(dir, "data"), { name: "one", parameters, nowMs: Date.now() });
  const news: unknown[] = [];
  const swarm = await EmbeddedSwarm.open({
    folder,
    settings: await loadSettings(undefined),
    reconcileMs: 1,
    onNews: (one) => news.push(one),
    onHalt: (reason) => news.push(reason),
  });
  const runs = new Set<unknown>();
  /** Runs that found nothing, one after another. */
  const clean = (): number => {
    const { reconciled } = swarm;
    if (reconciled?.buckets !== 257 || reconciled.findingsCount > 0) runs.clear();
    else runs.add(reconciled);
    return runs.size;
  };
  try {
    // While buckets are loaded, two runs a millisecond apart rightly say that they are not.
    await expect.poll(clean, { timeout: 20_000, interval: 1 }).toBeGreaterThan(0);
    news.length = 0;
    await expect.poll(clean, { timeout: 20_000, interval: 1 }).toBeGreaterThan(3);
    expect(swarm.reconciled).not.toHaveProperty("failure");
    expect(news).toEqual([]);
  } finally {
    await swarm.close(false);
    rmSync(dir, { recursive: true, force: true });
  }
});
