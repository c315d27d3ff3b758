import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEvidence } from "#cli/audit/open.ts";
import { planFor, runSeed } from "#cli/sim/job.ts";
import { marketOf, readMarket } from "#cli/sim/market.ts";
import type { Market } from "#sim/plan/market.ts";
import { runToEnd } from "../../integration/command.ts";
import { market, module, tasks, verifier, worker } from "../../integration/square-market.ts";

describe("a market that has been, held again", () => {
  let folder: string;
  let recorded: Market;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "canswarm-recorded-"));
    const agents = [
      worker("dear", "1.5", module),
      worker("cheap", "0.75", module),
      ...["a", "b", "c"].map((name) => verifier(name, module)),
    ];
    const held = market(tasks(12, { deadlineMs: 30_000 }), agents);
    try {
      await runToEnd(held.args);
      const evidence = await openEvidence(held.data);
      try {
        recorded = await marketOf(evidence);
      } finally {
        await evidence.close();
      }
    } finally {
      held.remove();
    }
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("keeps what was asked and who took part, and nothing that was said in inputs", () => {
    expect(recorded.needs).toHaveLength(12);
    expect(recorded.needs[0]).toMatchObject({ atMs: 0, bounty: 2_500_000, deadlineMs: 30_000 });
    const prices = recorded.workers.map(({ price }) => price ?? 0);
    expect(prices.sort((a, b) => a - b)).toEqual([750_000, 1_500_000]);
    expect(recorded.verifiers).toBe(3);
    expect(JSON.stringify(recorded)).not.toContain("square");
  });

  it("comes back from its file, and a file that is none is refused by the field", () => {
    const path = join(folder, "market.json");
    writeFileSync(path, JSON.stringify(recorded));
    expect(readMarket(path)).toEqual(recorded);
    writeFileSync(path, JSON.stringify({ ...recorded, needs: [{ atMs: -1 }] }));
    expect(() => readMarket(path)).toThrow(/needs\.0\.atMs/);
    writeFileSync(path, "{");
    expect(() => readMarket(path)).toThrow(/market\.json/);
  });

  it("has the same needs under each seed, and other faults", () => {
    const plans = [1, 2].map((seed) => planFor({ seed, selection: {}, market: recorded }));
    const kept = plans.map(({ needs }) =>
      needs.map(({ bounty, deadlineMs }) => [bounty, deadlineMs]),
    );
    expect(kept[0]).toEqual(kept[1]);
    expect(plans[0]!.faults).not.toEqual(plans[1]!.faults);
    expect(plans[0]!.agents.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["worker-1", "verifier-2"]),
    );
  });

  it("is lived through under faults, with every promise checked", async () => {
    const result = await runSeed({ seed: 3, selection: {}, keepTrace: false, market: recorded });
    expect(result.violations).toEqual([]);
    expect(result.needs).toBe(12);
    expect(Object.keys(result.faults).length).toBeGreaterThan(0);
  });
});
