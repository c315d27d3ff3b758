/** Hidden votes, hidden bids, a draw that the requester's secret goes into: each from end to end. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { readLog, reckon, type Log } from "./books.ts";
import { runToEnd } from "./command.ts";
import {
  lines,
  market,
  module,
  task,
  tasks,
  verifier,
  worker,
  type MarketFolder,
} from "./square-market.ts";

const TIMEOUT_MS = 90_000;
const VERIFIERS = ["v1", "v2", "v3", "v4", "v5"].map((name) => verifier(name, module));

let folder: MarketFolder | undefined;
afterEach(() => folder?.remove());

const count = (log: Log, verb: string, what?: string): number =>
  log.envelopes.filter(
    (said) => said.verb === verb && (what === undefined || said.body["what"] === what),
  ).length;

test(
  "in tier medium votes are hidden until all are in, and three must agree",
  {
    timeout: TIMEOUT_MS,
  },
  async () => {
    folder = market(tasks(6, { tier: "medium" }), [
      worker("liar", "1", lines("liar")),
      worker("honest", "2", module),
      ...VERIFIERS,
    ]);
    const summary = await runToEnd(folder.args);
    expect(summary.outcomes).toEqual({ finalized: 6 });
    for (const { id, output } of summary.tasks)
      expect(output).toEqual({ square: Number(id.slice(1)) ** 2 });
    const log = readLog(folder.data);
    expect(reckon(log).wrong).toEqual([]);
    expect(count(log, "ATTEST") + count(log, "ATTEST_PLAN")).toBe(0);
    // Nine results judged, three of them lies: five seats each, and a plan vote before each.
    expect(count(log, "VOTE")).toBeGreaterThanOrEqual(9 * 3 + 9);
    expect(count(log, "REVEAL", "vote")).toBeGreaterThanOrEqual(9 * 3 + 9);
  },
);

test("sealed bids are opened after the last is in", { timeout: TIMEOUT_MS }, async () => {
  folder = market(tasks(4), [
    worker("liar", "1", lines("liar")),
    worker("honest", "2", module),
    ...VERIFIERS,
  ]);
  const summary = await runToEnd([...folder.args, ...folder.config('{ auctionMode: "sealed" }')]);
  expect(summary.outcomes).toEqual({ finalized: 4 });
  const log = readLog(folder.data);
  expect(reckon(log).wrong).toEqual([]);
  const bids = log.envelopes.filter(({ verb }) => verb === "PROPOSE");
  expect(bids.length).toBeGreaterThanOrEqual(8);
  expect(bids.every(({ body }) => "sealed" in (body["bid"] as object))).toBe(true);
  expect(count(log, "REVEAL", "bid")).toBe(bids.length);
});

test.for([
  ["revealed in time, the secret is in the draw", "reveals"],
  ["kept back, the draw goes on without it", "keeps"],
] as const)("%s", { timeout: TIMEOUT_MS }, async ([, how]) => {
  folder = market([task(1)], [worker("w", "1", module), ...VERIFIERS]);
  // The swarm is made and its agents are enrolled by an ordinary run; the requester speaks for itself.
  await runToEnd(folder.args);
  const script = fileURLToPath(new URL("draw-requester.ts", import.meta.url));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, folder.data, folder.agents, how],
    { encoding: "utf8", timeout: 40_000 },
  );
  expect(status, stderr).toBe(0);
  const { need, secret } = JSON.parse(stdout) as { need: string; secret: string };
  const log = readLog(folder.data);
  expect(reckon(log).wrong).toEqual([]);
  const asked = log.derived.find(
    ({ verb, body }) =>
      verb === "DRAW" &&
      body["need"] === need &&
      body["question"] === "result" &&
      body["phase"] === "asked",
  );
  const r = Buffer.from((asked?.body["r"] ?? []) as Uint8Array).toString("hex");
  expect(r).toBe(how === "reveals" ? secret : "00".repeat(32));
  expect(reckon(log).needs.get(need)?.outcome).toBe("finalized");
});
