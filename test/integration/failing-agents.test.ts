/** What programs do wrong is a failed try and costs whoever runs them, never the swarm. */

import { afterEach, expect, test } from "vitest";
import { readLog, reckon } from "./books.ts";
import { runToEnd } from "./command.ts";
import {
  lines,
  market,
  module,
  task,
  tasks,
  verifier,
  worker,
  type Json,
  type MarketFolder,
} from "./square-market.ts";

const TIMEOUT_MS = 90_000;

const BROKEN = `
import readline from "node:readline";
const [how] = process.argv.slice(2);
const ways = {
  rubbish: () => console.log("no json"),
  crash: () => process.exit(3),
  hang: () => { for (;;); },
  flood: () => { for (;;) if (!process.stdout.write("x".repeat(65536))) return setImmediate(ways.flood); },
};
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, ping } = JSON.parse(line);
  if (ping === undefined) ways[how]();
  else console.log(JSON.stringify({ pong: ping, id }));
});
`;

const broken = (how: string): Json => ({
  exec: [process.execPath, "broken.mjs", how],
  mode: "lines",
});

let folder: MarketFolder | undefined;
afterEach(() => folder?.remove());

const made = (needs: readonly Json[], agents: readonly Json[]): MarketFolder => {
  folder = market(needs, agents);
  folder.write("broken.mjs", BROKEN);
  return folder;
};

const judges = ["v1", "v2", "v3"].map((name) => verifier(name, module));

test(
  "who prints rubbish, crashes, hangs or floods loses the need to the next",
  {
    timeout: TIMEOUT_MS,
  },
  async () => {
    const ways = ["rubbish", "crash", "flood", "hang"];
    const { args, data, config } = made(
      [task(3)],
      [
        ...ways.map((how, i) => worker(how, `1.${i}`, broken(how))),
        worker("honest", "2", lines()),
        ...judges,
      ],
    );
    const shorter = config("{ heartbeatMs: 1_500, leaseDefaultMs: 10_000 }");
    const summary = await runToEnd([...args, ...shorter]);
    expect(summary.tasks).toMatchObject([
      { outcome: "finalized", worker: "honest", attempts: 5, output: { square: 9 } },
    ]);
    const books = reckon(readLog(data));
    expect(books.wrong).toEqual([]);
    const nameOf = new Map(summary.agents.map(({ did, name }) => [did, name]));
    const [need] = [...books.needs.values()];
    const attempts = [...(need?.attempts.values() ?? [])];
    // Each has one try: who failed in a need is barred in it.
    expect(attempts.map((end) => [nameOf.get(end.worker ?? ""), end.outcome])).toEqual([
      ...ways.map((how) => [how, "no_submission"]),
      ["honest", "finalized"],
    ]);
    for (const how of ways)
      expect(
        books.earned.get(summary.agents.find(({ name }) => name === how)?.did ?? ""),
      ).toBeUndefined();
  },
);

test(
  "verifiers that crash abstain, and others are drawn in their place",
  {
    timeout: TIMEOUT_MS,
  },
  async () => {
    const { args, data } = made(tasks(8), [
      worker("w", "1", module),
      ...["c1", "c2", "c3"].map((name) => verifier(name, broken("crash"))),
      ...["v1", "v2"].map((name) => verifier(name, module)),
    ]);
    const summary = await runToEnd(args);
    expect(summary.outcomes).toEqual({ finalized: 8 });
    const log = readLog(data);
    expect(reckon(log).wrong).toEqual([]);
    const redraws = log.derived.filter(
      ({ verb, body }) => verb === "DRAW" && body["question"] === "result" && body["round"] === 1,
    );
    expect(redraws.length).toBeGreaterThan(0);
  },
);

test(
  "where nobody judges the work, it is paid the fee of a cancelled one and no more",
  {
    timeout: TIMEOUT_MS,
  },
  async () => {
    const { args, data } = made(
      [task(3)],
      [
        worker("w", "1", module),
        ...["c1", "c2", "c3"].map((name) => verifier(name, broken("crash"))),
      ],
    );
    const summary = await runToEnd(args);
    expect(summary.outcomes).toEqual({ evaluator_absent: 1 });
    const books = reckon(readLog(data));
    expect(books.wrong).toEqual([]);
    const earned =
      books.earned.get(summary.agents.find(({ name }) => name === "w")?.did ?? "") ?? 0n;
    expect(earned).toBeGreaterThanOrEqual(100_000n);
    expect(earned).toBeLessThan(1_000_000n);
  },
);

test("a worker that cannot hold its bond is passed over", { timeout: TIMEOUT_MS }, async () => {
  const { args, data } = made(
    [task(3)],
    [
      worker("poor", "1", module, { credits: "0.05" }),
      worker("solvent", "2", module, { credits: "1" }),
      ...judges,
    ],
  );
  const summary = await runToEnd(args);
  expect(summary.tasks).toMatchObject([{ outcome: "finalized", worker: "solvent", attempts: 2 }]);
  expect(reckon(readLog(data)).wrong).toEqual([]);
});

test(
  "a need that no worker wants ends without bids and is paid back",
  {
    timeout: TIMEOUT_MS,
  },
  async () => {
    const { args, data } = made([task(3)], [worker("dear", "5", module), ...judges]);
    const summary = await runToEnd(args);
    expect(summary.outcomes).toEqual({ no_bids: 1 });
    const books = reckon(readLog(data));
    expect(books.wrong).toEqual([]);
    expect(books.earned.size).toBe(0);
  },
);

test(
  "a program that cannot be started is named, and the others go on",
  {
    timeout: TIMEOUT_MS,
  },
  async () => {
    const absent = { module: "./absent.mjs" };
    const { args, write } = made(
      [task(3)],
      [worker("absent", "1", absent), worker("w", "2", module), ...judges],
    );
    write("absent.mjs", 'throw new Error("a part of it is not installed");\n');
    const summary = await runToEnd(args);
    expect(summary.tasks).toMatchObject([{ outcome: "finalized", worker: "w" }]);
    expect(summary.stderr).toContain("agent absent did not start");
  },
);
