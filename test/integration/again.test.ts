/** The same command on the same folder goes on: it posts nothing and grants nothing that it has before. */

import { afterEach, expect, test } from "vitest";
import { readLog, reckon, type Log } from "./books.ts";
import { canswarm, runToEnd } from "./command.ts";
import {
  jsonLines,
  market,
  module,
  task,
  tasks,
  verifier,
  worker,
  type MarketFolder,
} from "./square-market.ts";

const TIMEOUT_MS = 90_000;

let folder: MarketFolder | undefined;
afterEach(() => folder?.remove());

const small = (): MarketFolder =>
  market(tasks(6), [
    worker("w1", "1", module),
    verifier("v1", module),
    verifier("v2", module),
    verifier("v3", module),
  ]);

const saidByAgents = (log: Log): readonly (string | undefined)[] =>
  log.envelopes.map(({ id }) => id);

test(
  "a finished folder answers the same and says nothing new",
  { timeout: TIMEOUT_MS },
  async () => {
    folder = small();
    const first = await runToEnd(folder.args);
    const before = readLog(folder.data);
    const second = await runToEnd(folder.args);
    const after = readLog(folder.data);
    expect(second.tasks).toEqual(first.tasks);
    expect(second.credits).toEqual(first.credits);
    expect(saidByAgents(after)).toEqual(saidByAgents(before));
    expect(after.derived.filter(({ verb }) => verb !== "REGISTRY")).toEqual(
      before.derived.filter(({ verb }) => verb !== "REGISTRY"),
    );
    const added = new Set(after.given.slice(before.given.length).map(({ verb }) => verb));
    expect([...added].filter((verb) => !["EPOCH", "REGISTRY", "TICK"].includes(verb))).toEqual([]);
    expect(reckon(after).wrong).toEqual([]);
  },
);

test("a line that was added is posted, the old ones are not", { timeout: TIMEOUT_MS }, async () => {
  folder = small();
  const first = await runToEnd(folder.args);
  folder.write("tasks.jsonl", jsonLines([...tasks(6), task(7)]));
  const second = await runToEnd(folder.args);
  expect(second.tasks.slice(0, 6)).toEqual(first.tasks);
  expect(second.tasks[6]).toMatchObject({
    id: "t7",
    outcome: "finalized",
    output: { square: 49 },
  });
  const books = reckon(readLog(folder.data));
  expect(books.needs.size).toBe(7);
  expect(books.wrong).toEqual([]);
});

test(
  "a line that was changed is refused, and the folder is as it was",
  { timeout: TIMEOUT_MS },
  async () => {
    folder = small();
    const first = await runToEnd(folder.args);
    folder.write("tasks.jsonl", jsonLines([...tasks(5), task(6, { bounty: "2.6" })]));
    const { code, stderr } = await canswarm("run", ...folder.args).ended;
    expect(code).toBe(2);
    expect(stderr).toContain("TASK_CHANGED task t6");
    folder.write("tasks.jsonl", jsonLines(tasks(6)));
    expect((await runToEnd(folder.args)).tasks).toEqual(first.tasks);
  },
);
