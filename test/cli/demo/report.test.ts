import { expect, test } from "vitest";
import { renderReport, type Report } from "#cli/demo/report.ts";
import type { RunSummary } from "#cli/summary.ts";

const percentiles = { p50: 210, p95: 1_900, p99: 12_345 };

const summary: RunSummary = {
  needs: 3,
  finalized: 2,
  outcomes: { finalized: 2, no_bids: 1 },
  durationMs: 4_321,
  tasksPerSecond: 0.7,
  latencyMs: percentiles,
  decideMs: percentiles,
  busMs: percentiles,
  credits: {
    minted: "1000000000000",
    balances: { treasury: "999999999000", esbuild: "999" },
    burned: "1",
    conserved: true,
  },
  agents: [
    {
      name: "esbuild",
      did: "did:key:z1",
      won: 2,
      finalized: 2,
      earned: "1.82",
      slashed: "0",
      reputation: 0.31,
      events: {},
    },
    {
      name: "cheat-operator",
      did: "did:key:z2",
      won: 1,
      finalized: 0,
      earned: "0",
      slashed: "0.05",
      reputation: 0.05,
      events: {},
    },
  ],
  tasks: [
    {
      id: "node_modules/a/index.js",
      need: "n1",
      outcome: "finalized",
      worker: "esbuild",
      attempts: 1,
    },
    {
      id: "node_modules/b/way/table.cjs",
      need: "n2",
      outcome: "finalized",
      worker: "esbuild",
      attempts: 2,
    },
    { id: "node_modules/c/index.mjs", need: "n3", outcome: "no_bids", attempts: 1 },
  ],
  stateHash: "5f".repeat(32),
};

const report: Report = {
  summary,
  details: [
    {
      id: "node_modules/a/index.js",
      need: "n1",
      worker: "esbuild",
      bytesIn: 2_000,
      bytesOut: 500,
      latencyMs: 205,
      price: "0.66",
      attempts: [{ attempt: 1, worker: "esbuild", outcome: "finalized" }],
    },
    {
      id: "node_modules/b/way/table.cjs",
      need: "n2",
      worker: "esbuild",
      bytesIn: 20_000,
      bytesOut: 9_000,
      latencyMs: 1_900,
      price: "1.16",
      attempts: [
        {
          attempt: 1,
          worker: "cheat-operator",
          outcome: "rejected",
          reason: "esbuild gives other bytes from byte 812 on\u001b[2J",
        },
        { attempt: 2, worker: "esbuild", outcome: "finalized" },
      ],
    },
    { id: "node_modules/c/index.mjs", need: "n3", attempts: [{ attempt: 1, outcome: "no_bids" }] },
  ],
  restarts: [{ host: 1, reason: "thread:exit", afterMs: 212 }],
  recomputed: { results: 2, differences: [] },
  audit: "canswarm-data/audit.jsonl",
  mutants: [
    { kind: "operator swapped", tried: 1_200, caught: 1_200, same: 0, missed: 0 },
    { kind: "recipe changed", tried: 30, caught: 28, same: 1, missed: 1 },
  ],
  checks: ["npm run demo:judge", "npx canswarm replay canswarm-data/audit.jsonl"],
};

test("the report piped: plain and complete", () => {
  expect(renderReport(report, { width: undefined, color: false })).toMatchInlineSnapshot(`
    "file              bytes  minified  saved             won by   credits    took  rejected
    a/index.js        2,000       500  ███████░░░  75 %  esbuild     0.66  205 ms
    b/way/table.cjs  20,000     9,000  █████░░░░░  55 %  esbuild     1.16  1.90 s  cheat-operator
    c/index.mjs           –         –  –                 no_bids        –       –

    agent           won  finalized  rejected  earned  lost  reputation
    esbuild           2          2              1.82              0.31
    cheat-operator    1          0         1       0  0.05        0.05

    cheat                 tried  caught  a verifier's words
    empty output              0       0
    an export dropped         0       0
    one operator changed      1       1  esbuild gives other bytes from byte 812 on [2J
    a false size              0       0

    mutant of a result  tried  caught  same bytes  missed
    operator swapped    1,200   1,200                   0
    recipe changed         30      28           1       1
    all                 1,230   1,228           1       1

    needs     2 of 3 finalized, 1 no_bids in 4.32 s
    saved     12,500 of 22,000 bytes (57 %)
    again     2 results made once more by other code: 0 differences
    decided   half within 210 ms, 95 % 1.90 s, 99 % 12.3 s
    ended     half within 210 ms, 95 % 1.90 s, 99 % 12.3 s
    credits   conserved: 1,000,000,000,000 minted = 2 balances + 1 burned
    restarts  thread 1 was back after 212 ms (thread:exit)
    state     5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f
    audit     canswarm-data/audit.jsonl
    check it  npm run demo:judge
              npx canswarm replay canswarm-data/audit.jsonl
    "
  `);
});

test.each([80, 104])("%i columns are enough: the file names give way, no row is wider", (width) => {
  const text = renderReport(report, { width, color: false });
  const rows = text.split("\n");
  for (const row of rows) expect(row.length).toBeLessThanOrEqual(width);
  expect(rows[2]).toMatch(/table\.cjs +20,000/);
  expect(text).toMatch(/^one operator changed +1 +1  esbuild gives other bytes from/m);
});

test("amounts of one column have their points below each other", () => {
  const prices = ["1", "0.714", undefined];
  const details = report.details.map((detail, n) => {
    const { price: _, ...rest } = detail;
    const price = prices[n];
    return price === undefined ? rest : { ...rest, price };
  });
  const rows = renderReport({ ...report, details }, { width: 100, color: false }).split("\n");
  expect(rows[1]).toMatch(/ 1\.000  205 ms/);
  expect(rows[2]).toMatch(/ 0\.714  1\.90 s/);
});

// oxlint-disable-next-line no-control-regex -- our own colours are looked for
const COLORS = /\u001b\[\d+m/g;

test("colours change nothing but colours", () => {
  const style = { width: 100, color: true };
  const painted = renderReport(report, style);
  expect(painted).toMatch(COLORS);
  expect(painted.replace(COLORS, "")).toBe(renderReport(report, { ...style, color: false }));
});

test("many files get no row each unless they are asked for", () => {
  const details = Array.from({ length: 40 }, () => report.details[0]!);
  const style = { width: 100, color: false };
  expect(renderReport({ ...report, details }, style)).not.toContain("a/index.js");
  expect(renderReport({ ...report, details, each: true }, style)).toContain("a/index.js");
});

test("what agents wrote cannot move the cursor", () => {
  expect(renderReport(report, { width: 100, color: false })).not.toContain("\u001b");
});

test("credits that are not conserved are called so", () => {
  const broken = { ...summary, credits: { ...summary.credits, conserved: false } };
  const text = renderReport({ ...report, summary: broken }, { width: 100, color: false });
  expect(text).toContain("NOT CONSERVED");
});

test("a result that comes out otherwise is named", () => {
  const differences = [{ path: "node_modules/a/index.js", why: "terser gives other bytes" }];
  const text = renderReport(
    { ...report, recomputed: { results: 2, differences } },
    { width: 100, color: false },
  );
  expect(text).toContain("again     2 results made once more by other code: 1 difference\n");
  expect(text).toContain("node_modules/a/index.js: terser gives other bytes");
});
