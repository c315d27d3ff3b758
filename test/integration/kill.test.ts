/** Killed at any moment, the same command goes on: nothing is lost, nothing happens twice (E6, P1). */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { decimal, readLog, reckon } from "./books.ts";
import {
  canswarm,
  descendants,
  isAlive,
  runToEnd,
  supervisorOf,
  until,
  type Running,
} from "./command.ts";
import {
  lines,
  market,
  module,
  tasks,
  verifier,
  worker,
  type MarketFolder,
} from "./square-market.ts";

const NEEDS = 60;
const TIMEOUT_MS = 180_000;

let folder: MarketFolder | undefined;
afterEach(() => folder?.remove());

/** How many needs a run has told to have ended, those of earlier runs included. */
const endedIn = ({ stderr }: Running): number =>
  Number(/\[(\d+)\/\d+\][^[]*$/.exec(stderr)?.[1] ?? 0);

/** False: it had ended by itself an instant before. */
const kill = async (running: Running): Promise<boolean> => {
  const programs = descendants(running.pid);
  try {
    process.kill(running.pid, "SIGKILL");
  } catch {
    return false;
  }
  await running.ended;
  await until("the agents' programs are gone", () => !programs.some(isAlive));
  return true;
};

test(
  "six kills, and each need is decided, ended and paid once",
  { timeout: TIMEOUT_MS },
  async () => {
    folder = market(tasks(NEEDS), [
      worker("liar", "1", lines("liar")),
      worker("honest", "2", lines()),
      worker("dear", "2.1", module),
      verifier("v1", module),
      verifier("v2", lines()),
      verifier("v3", module),
    ]);
    const { data, args } = folder;
    const moments: readonly ((running: Running) => boolean)[] = [
      (running) => supervisorOf(data) === running.pid,
      () => existsSync(join(data, "requester.jsonl")),
      (running) => endedIn(running) >= 1,
      (running) => endedIn(running) >= 15,
      (running) => endedIn(running) >= 30,
      (running) => endedIn(running) >= 45,
    ];
    let kills = 0;
    for (const [i, isDue] of moments.entries()) {
      const running = canswarm("run", ...args, "--json");
      let isOver = false;
      void running.ended.then(() => {
        isOver = true;
      });
      await until(`moment ${i + 1}`, () => isOver || isDue(running), 60_000);
      if (i === 3) {
        running.child.kill("SIGSTOP"); // a quick machine would be done before the second has looked
        const second = await canswarm("run", ...args, "--json").ended;
        expect(second.code).toBe(1);
        expect(second.stderr).toContain("DATA_IN_USE");
      }
      if (await kill(running)) kills += 1;
    }
    // A run that goes on fast may be over before its moment has come.
    expect(kills).toBeGreaterThanOrEqual(4);
    const summary = await runToEnd(args);
    const books = reckon(readLog(data));
    expect(books.wrong).toEqual([]);
    expect(books.needs.size).toBe(NEEDS);
    expect(summary.outcomes).toEqual({ finalized: NEEDS });
    for (const { id, output } of summary.tasks)
      expect(output).toEqual({ square: Number(id.slice(1)) ** 2 });
    for (const { name, did } of summary.agents)
      expect(summary.credits.balances[name]).toBe(decimal(books.accounts.get(did) ?? 0n));
    expect(existsSync(join(data, "supervisor.pid"))).toBe(false);
  },
);

test(
  "a signal stops it with a sentence, leaves no pid behind, and the same command goes on",
  { timeout: TIMEOUT_MS },
  async () => {
    folder = market(tasks(NEEDS), [
      worker("w", "1", lines()),
      ...["v1", "v2", "v3"].map((name) => verifier(name, module)),
    ]);
    const { data, args } = folder;
    const running = canswarm("run", ...args, "--json");
    await until("the first ends", () => endedIn(running) >= 1, 60_000);
    const programs = descendants(running.pid);
    process.kill(running.pid, "SIGTERM");
    const { code, stdout, stderr } = await running.ended;
    expect([code, stdout]).toEqual([143, ""]);
    expect(stderr).toMatch(/stopped by SIGTERM; the same command goes on\n$/);
    expect(["supervisor.pid", "lock.pid"].filter((name) => existsSync(join(data, name)))).toEqual(
      [],
    );
    await until("the agents' programs are gone", () => !programs.some(isAlive));
    const summary = await runToEnd(args);
    expect(summary.outcomes).toEqual({ finalized: NEEDS });
    expect(reckon(readLog(data)).wrong).toEqual([]);
  },
);
