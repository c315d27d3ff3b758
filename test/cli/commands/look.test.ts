import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSqlite } from "#adapters/sqlite/open.ts";
import type { NeedShown } from "#cli/commands/need.ts";
import type { Status } from "#cli/commands/status.ts";
import { parseAmount } from "#cli/input/amount.ts";
import type { RunSummary } from "#cli/summary.ts";
import { canswarm, lastJson, type Ended } from "../command-line.ts";

const EXAMPLE = "examples/exec";
let dir = "";
let first: Ended;

const run = (...flags: string[]): Promise<Ended> =>
  canswarm([
    "run",
    `${EXAMPLE}/tasks.jsonl`,
    "--agents",
    `${EXAMPLE}/agents.json`,
    "--data",
    dir,
    ...flags,
  ]);

beforeAll(async () => {
  dir = join(mkdtempSync(join(tmpdir(), "canswarm-look-")), "market");
  first = await run("--json");
});
afterAll(() => rmSync(join(dir, ".."), { recursive: true, force: true }));

const SUMMARY_KEYS = (
  "needs finalized outcomes durationMs tasksPerSecond latencyMs decideMs busMs credits agents " +
  "tasks stateHash restarts"
).split(" ");

describe("run --json", () => {
  it("prints the summary and nothing else", () => {
    expect({ code: first.code, err: first.err.includes("NaN") }).toEqual({ code: 0, err: false });
    expect(first.out.trimEnd().split("\n")).toHaveLength(1);
    const summary = lastJson<RunSummary>(first);
    expect(Object.keys(summary)).toEqual(expect.arrayContaining(SUMMARY_KEYS));
    expect(summary).toMatchObject({ needs: 3, finalized: 3, outcomes: { finalized: 3 } });
    expect(summary.latencyMs.p50).toBeGreaterThan(0);
  });

  it("tells progress with who did it, how long it took, which attempt", () => {
    expect(first.err).toMatch(/\[3\/3\] finalized adder {2}sum-\d {2}[\d.]+ m?s {2}attempt 2\n/);
  });

  it("what was earned, lost and held adds up to what was granted and minted", () => {
    const { credits, agents } = lastJson<RunSummary>(first);
    const sum = (amounts: readonly string[]): bigint =>
      amounts.reduce((total, amount) => total + (parseAmount(amount) ?? -1n), 0n);
    expect(sum([...Object.values(credits.balances), credits.burned])).toBe(
      parseAmount(credits.minted),
    );
    const of = (name: string) => agents.find((agent) => agent.name === name);
    expect(of("adder")).toMatchObject({ won: 3, finalized: 3, earned: "2.4", slashed: "0" });
    expect(of("careless")).toMatchObject({ won: 3, finalized: 0, earned: "0", slashed: "0.15" });
    // Granted 1000; a bond that comes back is not earned, so nothing else can differ.
    expect(credits.balances["adder"]).toBe("1002.4");
    expect(credits.balances["careless"]).toBe("999.85");
  });

  it("goes on: the same command posts nothing again", async () => {
    const again = await run();
    expect(again.code).toBe(0);
    expect(again.err).toContain("3 ended in an earlier run\n");
    expect(again.out).toContain("needs     3 of 3 finalized in ");
    expect(again.out).toContain("adder        3          3     2.4 ");
  });
});

describe("a folder that nobody runs", () => {
  it("status: needs, agents, money, heads", async () => {
    const status = lastJson<Status>(await canswarm(["status", dir, "--json"]));
    expect(status).toMatchObject({
      needs: 3,
      standing: { finalized: 3 },
      credits: { escrows: "0", bonds: "0", conserved: true },
    });
    expect(status.agents.map(({ name }) => name).sort()).toEqual([
      "adder",
      "careless",
      "checker-a",
      "checker-b",
      "requester",
    ]);
    expect(status.heads).toHaveLength(257);
    const { out } = await canswarm(["status", "--data", dir]);
    expect(out).toContain("needs     3: 3 finalized\n");
    expect(out).toContain(status.stateHash);
  });

  it("need show: by task id, with names, in the order of the log", async () => {
    const shown = lastJson<NeedShown>(
      await canswarm(["need", "show", "sum-1", "--data", dir, "--json"]),
    );
    expect(shown).toMatchObject({ key: "sum-1", requester: "requester", standing: "finalized" });
    const verbs = shown.steps.map(({ verb }) => verb);
    expect(verbs[0]).toBe("NEED");
    expect(verbs.filter((verb) => verb === "DECIDE")).toHaveLength(2);
    expect(verbs.indexOf("REJECT")).toBeLessThan(verbs.indexOf("FINALIZE"));
    expect(shown.steps.find(({ verb }) => verb === "COMMIT")?.by).toBe("careless");
    const byId = await canswarm(["need", "show", shown.need, "--data", dir]);
    expect(byId.out).toMatch(/\+[\d.]+ m?s {2}REJECT .*worker careless/);
  });

  it("an unknown need and a folder without a swarm are told so", async () => {
    const unknown = await canswarm(["need", "show", "sum-9", "--data", dir]);
    expect(unknown).toMatchObject({ code: 2, out: "" });
    expect(unknown.err).toMatch(/^NEED_UNKNOWN /);
    const nothing = await canswarm(["status", join(dir, "nothing")]);
    expect(nothing.err).toMatch(/^DATA_MISSING /);
  });

  it("is not read while somebody has it", async () => {
    const holder = await openSqlite(dir);
    try {
      const { code, err } = await canswarm(["status", dir, "--json"]);
      expect(code).toBe(1);
      expect(JSON.parse(err)).toMatchObject({ error: { code: "DATA_IN_USE" } });
    } finally {
      await holder.close();
    }
  });
});
