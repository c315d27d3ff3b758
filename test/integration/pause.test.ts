/** The operator's commands against a run that is under way: pause, resume, limits. */

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { readLog, reckon } from "./books.ts";
import { canswarm, canswarmIn, summaryOf, until, type Ended, type Running } from "./command.ts";
import { lines, market, tasks, verifier, worker, type MarketFolder } from "./square-market.ts";

const NEEDS = 160;
const TIMEOUT_MS = 180_000;
const SYSTEM = 256;

let folder: MarketFolder | undefined;
afterEach(() => folder?.remove());

const open = (): MarketFolder => {
  folder = market(tasks(NEEDS), [
    worker("cheap", "1", lines()),
    worker("dear", "2", lines()),
    // Slow enough to be met at work.
    ...["v1", "v2", "v3"].map((name) => verifier(name, lines("slow"))),
  ]);
  return folder;
};

/** As a long run tells it, now and then. */
const endedIn = ({ stderr }: Running): number =>
  Number(/(\d+) finalized, [^\n]*\n$/.exec(stderr)?.[1] ?? 0);

interface Paused {
  readonly paused: boolean;
  readonly revision: number;
  readonly afterMs: number;
}

const told = async <T>(running: Promise<Ended>): Promise<T> => {
  const { code, stdout, stderr } = await running;
  if (code !== 0) throw new Error(`exit ${String(code)}: ${stderr}`);
  return JSON.parse(stdout) as T;
};

test(
  "a worker that is paused under load wins nothing from that revision on, and the rest goes on",
  { timeout: TIMEOUT_MS },
  async () => {
    const { data, args } = open();
    const running = canswarm("run", ...args, "--json");
    await until("work is under way", () => endedIn(running) >= 1, 60_000);
    const { mode } = statSync(join(data, "control.sock"));
    expect(mode & 0o777).toBe(0o600);
    const paused = await told<Paused>(canswarm("pause", "cheap", "--data", data, "--json").ended);
    const { code, stdout, stderr } = await running.ended;
    expect([code, stderr.includes("UNEXPECTED")]).toEqual([0, false]);
    expect(existsSync(join(data, "control.sock"))).toBe(false);

    const summary = summaryOf(stdout);
    expect(summary.outcomes).toEqual({ finalized: NEEDS });
    const did = summary.agents.find(({ name }) => name === "cheap")?.did;
    const log = readLog(data);
    const pauses = log.envelopes.filter(({ verb }) => verb === "PAUSE");
    expect(pauses).toMatchObject([{ bucket: SYSTEM, body: { who: { agent: did }, paused: true } }]);
    const decided = log.derived.filter(({ verb }) => verb === "DECIDE");
    const isAfter = ({ body }: (typeof decided)[number]): boolean =>
      Number(body["registry"]) >= paused.revision;
    const isCheap = ({ body }: (typeof decided)[number]): boolean => body["worker"] === did;
    expect(decided.filter((one) => isCheap(one) && isAfter(one))).toEqual([]);
    expect(decided.filter((one) => isCheap(one) && !isAfter(one)).length).toBeGreaterThan(0);
    expect(decided.filter((one) => !isCheap(one) && isAfter(one)).length).toBeGreaterThan(0);
    expect(reckon(log).wrong).toEqual([]);
  },
);

test(
  "limits, names and folders: what is asked wrongly is told so, and nothing stops",
  { timeout: TIMEOUT_MS },
  async () => {
    const { data, args } = open();
    const nobody = await canswarm("pause", "cheap", "--data", data).ended;
    expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining("DATA_MISSING")]);
    const running = canswarmIn(process.env, "run", ...args, "--json");
    await until("work is under way", () => endedIn(running) >= 1, 60_000);

    const stranger = await canswarm("pause", "nobody-here", "--data", data).ended;
    expect([stranger.code, stranger.stderr]).toEqual([2, expect.stringMatching(/^AGENT_UNKNOWN/)]);
    const mistaken = await canswarm("limits", "cheap", "--data", data, "--day", "x").ended;
    expect([mistaken.code, mistaken.stderr]).toEqual([2, expect.stringMatching(/^USAGE day: x/)]);
    const limits = ["limits", "requester", "--data", data, "--need", "1000", "--day", "1000000"];
    const set = await told<{ limits: readonly unknown[] }>(canswarm(...limits, "--json").ended);
    expect(set.limits).toMatchObject([
      { of: "requester", limits: { need: "1000", day: "1000000" } },
    ]);
    const all = await told<Paused>(canswarm("pause", "all", "--data", data, "--json").ended);
    const back = await told<Paused>(canswarm("resume", "all", "--data", data, "--json").ended);
    expect([all.paused, back.paused, back.revision > all.revision]).toEqual([true, false, true]);

    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    const { outcomes, tasks: told_ } = summaryOf(stdout);
    // What was under way between pause and resume found nobody who might take it on, or was refused.
    const refused = told_.flatMap((one) => (one.refused === undefined ? [] : [one.refused.code]));
    expect(new Set(refused).difference(new Set(["PAUSED"])).size).toBe(0);
    expect(Object.keys(outcomes).sort()).toEqual(
      expect.arrayContaining(["finalized"]) as unknown as string[],
    );
    const over = await canswarm("resume", "all", "--data", data).ended;
    expect([over.code, over.stderr]).toEqual([1, expect.stringMatching(/^NO_SUPERVISOR/)]);
    expect(reckon(readLog(data)).wrong).toEqual([]);
  },
);
