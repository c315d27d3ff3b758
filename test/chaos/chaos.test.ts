/** A few runs of what `npm run chaos` does for minutes; and its judge notices what is wrong. */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { canswarm } from "../integration/command.ts";
import { runEpisode } from "./episode.ts";
import { judge, type Case } from "./judge.ts";
import { chaosMarket, type ChaosMarket } from "./market.ts";
import { episodeOf, isThread, KINDS, type Kind, type Strike } from "./plan.ts";
import { episodeLine, renderReport, reportOf } from "./report.ts";

const TIMEOUT_MS = 120_000;

describe("a plan", () => {
  it("is the same for the same seed, and each kind has its turn", () => {
    const plans = KINDS.map((_, i) => episodeOf(7, i, KINDS, 50));
    expect(KINDS.map((_, i) => episodeOf(7, i, KINDS, 50))).toEqual(plans);
    for (const [i, { strikes }] of plans.entries()) {
      expect(strikes[0]?.kind).toBe(KINDS[i]);
      expect(strikes.slice(1).filter(({ kind }) => isThread(kind))).toEqual([]);
    }
  });
});

const TIMES = `
import { isMainThread, parentPort, Worker } from "node:worker_threads";
const times = [Date.now(), +new Date()];
if (isMainThread)
  new Worker(new URL(import.meta.url)).on("message", (thread) =>
    console.log(JSON.stringify([...times, ...thread])));
else parentPort.postMessage(times);
`;

describe("the clock", () => {
  it("is stepped in every thread of a process", () => {
    const preload = fileURLToPath(new URL("clock-step.mjs", import.meta.url));
    const folder = chaosMarket(1);
    try {
      const path = folder.write("clock", "-3600000");
      const main = folder.write("times.mjs", TIMES);
      const env = { ...process.env, NODE_OPTIONS: `--import=${preload}`, CHAOS_CLOCK: path };
      const text = execFileSync(process.execPath, [main], { env, encoding: "utf8" });
      const seen = JSON.parse(text) as number[];
      expect(seen).toHaveLength(4);
      for (const seenMs of seen) {
        const offMs = seenMs - Date.now();
        expect(offMs).toBeLessThanOrEqual(-3_600_000);
        expect(offMs).toBeGreaterThan(-3_700_000);
      }
    } finally {
      folder.remove();
    }
  });
});

const strike = (kind: Kind, afterEnded: number): Strike => ({
  kind,
  afterEnded,
  lastsMs: 6_000,
  stepMs: 24 * 60 * 60_000,
  turn: 20,
  which: 1,
});

describe("a run that is struck", () => {
  it.each([
    [["thread-exit", "kill-all", "clock-step"]],
    [["freeze-agent", "kill"]],
    [["disk-full", "kill-agent"]],
  ] as const)("by %j ends clean", { timeout: TIMEOUT_MS }, async (kinds) => {
    const strikes = kinds.map((kind, i) => strike(kind, 3 + i * 6));
    const result = await runEpisode({ number: 0, needs: 24, strikes });
    expect(result.wrong, episodeLine(result)).toEqual([]);
    expect(result.outcomes).toEqual({ finalized: 24 });
    const missed = result.missed.map(({ strike: { kind } }) => kind);
    expect([...result.struck.map(({ strike: { kind } }) => kind), ...missed].sort()).toEqual(
      kinds.toSorted(),
    );
    const report = reportOf(1, [result], 1);
    expect(report).toMatchObject({ needs: 24, lost: 0, wrong: [] });
    expect(renderReport(report)).toContain("no violation, no need lost");
  });
});

describe("the judge", () => {
  let market: ChaosMarket;
  let own: Case;
  beforeEach(async () => {
    market = chaosMarket(6);
    const { stdout } = await canswarm("run", ...market.runArgs, "--json").ended;
    own = { data: market.data, stdout, needs: 6, told: [{ id: "t1", outcome: "finalized" }] };
  }, TIMEOUT_MS);
  afterEach(() => market.remove());

  it("has nothing to say of a run that went well, and a sentence for what did not", async () => {
    expect(await judge(own)).toMatchObject({ wrong: [], outcomes: { finalized: 6 } });

    const told = [
      { id: "t1", outcome: "rejected" },
      { id: "t2", outcome: "finalized" },
      { id: "t2", outcome: "finalized" },
    ];
    expect((await judge({ ...own, needs: 7, told })).wrong).toEqual([
      "6 needs of 7",
      "t1 was told to be rejected and is finalized",
      "t2 was told to have ended twice",
    ]);

    const swapped = own.stdout.replace('{"square":9}', '{"square":10}');
    expect((await judge({ ...own, stdout: swapped })).wrong).toEqual([
      't3 was finalized with {"square":10}',
    ]);

    const database = new DatabaseSync(join(market.data, "canswarm.db"));
    database.exec("DELETE FROM records WHERE bucket = 256 AND place = 3");
    database.close();
    const { wrong } = await judge(own);
    expect(wrong[0]).toMatch(/^the log cannot be read: bucket 256: \w+ is not stored$/);
    expect(wrong[1]).toContain("STORE_CORRUPT");
  });
});
