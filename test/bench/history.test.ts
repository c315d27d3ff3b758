import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compare, comparisonText } from "../../bench/support/comparison.ts";
import { figuresOf, historyOf, lineOf } from "../../bench/support/history.ts";
import { escaped, plotSvg, roundUp } from "../../bench/support/plot.ts";
import { plotsPage } from "../../bench/support/plots-page.ts";
import { ROOT } from "../tidy/checkout.ts";

const machine = { node: "v24", loadBefore: 0.1 };
const at = { date: "2026-01-02T03:04:05.000Z", revision: "abc" };
const arrivals = {
  bench: "arrivals",
  revision: "def+",
  capacityPerSecond: 100,
  series: [
    { offeredPerSecond: 50, goodputPerSecond: 49, p99Ms: 20, outcomes: { finalized: 9 } },
    { offeredPerSecond: 90, goodputPerSecond: 80, p99Ms: 90, outcomes: { finalized: 9 } },
  ],
  overload: { offeredPerSecond: 100, goodputPerSecond: 78, p99Ms: 900 },
  machine,
};

describe("a line of the history", () => {
  it.each([
    [{ tasksPerSecond: 9, latencyMs: { p50: 1, p99: 2 }, machine }, "embedded"],
    [{ mode: "cluster", tasksPerSecond: 9, machine }, "cluster"],
    [arrivals, "arrivals"],
  ])("knows the bench of %j", (result, bench) => {
    expect(lineOf(`told before\n${JSON.stringify(result)}\n`, at)).toMatchObject({
      bench,
      date: at.date,
      revision: "revision" in result ? "def+" : "abc",
      machine,
    });
  });

  it("holds every number but those of the machine, the outcomes and the duration", () => {
    const result = {
      a: 1,
      b: { c: 2, outcomes: { finalized: 3 } },
      seconds: 4,
      text: "5",
      machine,
    };
    expect(figuresOf(result)).toEqual({ a: 1, "b.c": 2 });
  });

  it("holds each figure of a micro-bench, and its ratio", () => {
    const figures = [
      { name: "transfers", value: 10, unit: "x/s", floor: { name: "f", value: 40 }, ratio: 0.25 },
      { name: "plain", value: 3, unit: "x" },
    ];
    expect(figuresOf({ figures, machine })).toEqual({
      transfers: 10,
      "transfers, of its floor": 0.25,
      plain: 3,
    });
  });

  it("keeps the steps of a run", () => {
    const { series } = lineOf(JSON.stringify(arrivals), at);
    expect(series?.[1]).toEqual({ offeredPerSecond: 90, goodputPerSecond: 80, p99Ms: 90 });
  });

  it.each(["", "no json", "{}", "[]"])("is not made of %j", (output) => {
    expect(() => lineOf(output, at)).toThrow(SyntaxError);
  });

  it("is added by the command and drawn by the other", { timeout: 30_000 }, () => {
    const dir = mkdtempSync(join(tmpdir(), "canswarm-history-"));
    try {
      const file = join(dir, "history.jsonl");
      const run = (script: string, args: readonly string[], input = "") =>
        spawnSync(process.execPath, [script, "--file", file, ...args], { cwd: ROOT, input });
      expect(run("bench/plots.ts", []).status).toBe(1);
      for (const input of [JSON.stringify(arrivals), JSON.stringify({ a: 1, machine })])
        expect(run("bench/history.ts", [], input).status).toBe(0);
      expect(run("bench/history.ts", [], "nothing").status).toBe(1);
      expect(historyOf(readFileSync(file, "utf8")).map(({ bench }) => bench)).toEqual([
        "arrivals",
        "embedded",
      ]);
      const out = join(dir, "plots.html");
      expect(run("bench/plots.ts", ["--out", out]).status).toBe(0);
      expect(readFileSync(out, "utf8")).toContain("twice the sustainable");
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

describe("a comparison", () => {
  const runs = (values: readonly number[]) => values.map((rate) => ({ rate, same: 7 }));

  it("tells apart what five rounds each separate, and claims nothing of what they mix", () => {
    const clear = compare(runs([10, 11, 12, 13, 14]), runs([20, 21, 22, 23, 24]));
    expect(clear[0]).toMatchObject({ name: "rate", verdict: "higher", a: { median: 12 } });
    expect(clear[0]?.change).toBeCloseTo(22 / 12 - 1, 10);
    expect(clear[1]).toMatchObject({ name: "same", verdict: "not told apart", chance: 1 });
    expect(compare(runs([20, 21, 22, 23, 24]), runs([10, 11, 12, 13, 14]))[0]?.verdict).toBe(
      "lower",
    );
    const mixed = compare(runs([10, 30, 12, 28, 14]), runs([11, 29, 13, 27, 15]));
    expect(mixed[0]?.verdict).toBe("not told apart");
  });

  it("of three rounds never claims anything", () => {
    expect(compare(runs([1, 2, 3]), runs([91, 92, 93]))[0]?.verdict).toBe("not told apart");
  });

  it("leaves out what not every run has, and says what it means", () => {
    const compared = compare([{ a: 1, b: 2 }], [{ a: 0 }]);
    expect(compared.map(({ name }) => name)).toEqual(["a"]);
    const text = comparisonText(compared, { a: "x", b: "y", rounds: 1 });
    expect(text).toContain("not told apart");
    expect(text).toContain("1 rounds each");
  });
});

describe("a plot", () => {
  it.each([
    [0, 1],
    [0.3, 0.5],
    [1, 1],
    [1.1, 2],
    [230, 250],
    [9_999, 10_000],
  ])("has an axis to hold %d that ends at %d", (value, end) => {
    expect(roundUp(value)).toBeCloseTo(end, 10);
  });

  it("has each point within its frame, and its words cannot be markup", () => {
    const points = [3, 0, 7].map((y, x) => ({ x, y, title: `<b>${y}</b>` }));
    const curves = [{ name: "c", points, isJoined: true }];
    const svg = plotSvg({ title: "a < b & c", xName: "x", yName: "y", curves });
    expect(svg).not.toContain("<b>");
    expect(svg).toContain(escaped("a < b & c"));
    const circles = [...svg.matchAll(/cx="([\d.]+)" cy="([\d.]+)"/g)];
    expect(circles).toHaveLength(3);
    for (const [, x, y] of circles) {
      expect(Number(x)).toBeGreaterThanOrEqual(70);
      expect(Number(x)).toBeLessThanOrEqual(504);
      expect(Number(y)).toBeGreaterThanOrEqual(30);
      expect(Number(y)).toBeLessThanOrEqual(216);
    }
  });

  it("page needs nothing from elsewhere, and draws the steps of the last run", () => {
    const page = plotsPage([lineOf(JSON.stringify(arrivals), at)]);
    expect(page).not.toMatch(/(?:src|href)=|url\(|@import|https?:/);
    // Goodput and p99: two steps and the overload each, and what is offered.
    expect(page.split("<circle").length - 1).toBeGreaterThanOrEqual(8);
    expect(page).toContain("twice the sustainable");
  });
});
