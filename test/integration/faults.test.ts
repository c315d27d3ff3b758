/** A thread that exits, throws or fills its memory takes its actors down; they come back from the log. */

import { existsSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { readLog, reckon } from "./books.ts";
import { canswarm, runToEnd } from "./command.ts";
import { market, module, tasks, verifier, worker, type MarketFolder } from "./square-market.ts";

const NEEDS = 20;
/** Enough that turns are taken many at a time, and the one that is named is passed over. */
const NEEDS_MORE = 60;
const TIMEOUT_MS = 90_000;

let folder: MarketFolder | undefined;
afterEach(() => folder?.remove());

const small = (needs = NEEDS): MarketFolder =>
  market(tasks(needs), [
    worker("w1", "1", module),
    worker("w2", "2", module),
    verifier("v1", module),
    verifier("v2", module),
    verifier("v3", module),
  ]);

test.for([
  ["thread:exit@5", "exit"],
  ["thread:throw@8", "a fault was asked for: throw"],
  ["thread:oom@5", "ERR_WORKER_OUT_OF_MEMORY"],
] as const)("%s is recovered from and shown", { timeout: TIMEOUT_MS }, async ([fault, reason]) => {
  folder = small();
  const summary = await runToEnd([...folder.args, "--fault", fault]);
  expect(summary.restarts).toMatchObject([{ host: 0, reason }]);
  expect(summary.outcomes).toEqual({ finalized: NEEDS });
  const log = readLog(folder.data);
  expect(reckon(log).wrong).toEqual([]);
  // The thread beside it went on under its first epoch.
  const epochs = (bucket: number): number =>
    log.given.filter((said) => said.verb === "EPOCH" && said.bucket === bucket).length;
  expect([epochs(0), epochs(1)]).toEqual([2, 1]);
});

test("a fault at a later turn comes too", { timeout: TIMEOUT_MS }, async () => {
  folder = small(NEEDS_MORE);
  const summary = await runToEnd([...folder.args, "--fault", "thread:throw@200"]);
  expect(summary.restarts).toMatchObject([{ host: 0 }]);
  expect(summary.outcomes).toEqual({ finalized: NEEDS_MORE });
  expect(reckon(readLog(folder.data)).wrong).toEqual([]);
});

test(
  "a fault beyond the last turn never comes, and that is said",
  { timeout: TIMEOUT_MS },
  async () => {
    folder = small();
    const { restarts, stderr } = await runToEnd([...folder.args, "--fault", "thread:exit@1000000"]);
    expect(restarts).toEqual([]);
    expect(stderr).toContain("the fault never came");
  },
);

test(
  "faults are refused in a folder that was not made for them",
  { timeout: TIMEOUT_MS },
  async () => {
    folder = small();
    await runToEnd(folder.args);
    const { code, stderr } = await canswarm("run", ...folder.args, "--fault", "thread:exit@5")
      .ended;
    expect(code).toBe(2);
    expect(stderr).toContain("FAULT_REFUSED");
  },
);

test(
  "a fault that is none is refused before anything is made",
  { timeout: TIMEOUT_MS },
  async () => {
    folder = small();
    const { code, stderr } = await canswarm("run", ...folder.args, "--fault", "thread:nap@5").ended;
    expect(code).toBe(2);
    expect(stderr).toContain("USAGE");
    expect(existsSync(folder.data)).toBe(false);
  },
);
