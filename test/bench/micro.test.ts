import { expect, it } from "vitest";
import { outputOf } from "../../bench/support/processes.ts";
import { measuredOf, tableText } from "../../bench/support/report.ts";
import { ROOT } from "../tidy/checkout.ts";

const json = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
  const out = await outputOf(process.execPath, [...args, "--json"], {
    cwd: ROOT,
    timeoutMs: 50_000,
  });
  return JSON.parse(out) as Record<string, unknown>;
};

it.each([
  ["ledger", ["--ms", "20"], ["transfers"]],
  [
    "mailbox",
    ["--ms", "20"],
    [
      "messages of 1 senders",
      "messages of 16 senders",
      "messages of 256 senders",
      "answers, reserved and given",
    ],
  ],
])("%s tells each figure beside its floor", { timeout: 60_000 }, async (bench, flags, names) => {
  const told = await json(`bench/micro/${bench}.ts`, ...flags);
  expect(told).toMatchObject({ bench, machine: { node: process.version } });
  const figures = told["figures"] as { name: string; value: number; ratio: number }[];
  expect(figures.map(({ name }) => name)).toEqual(names);
  for (const { value, ratio } of figures) {
    expect(value).toBeGreaterThan(0);
    expect(ratio).toBeGreaterThan(0);
  }
});

it(
  "recovers every need that was live when its supervisor was killed",
  { timeout: 60_000 },
  async () => {
    const { figures } = await json("bench/micro/recovery.ts", "--needs", "40");
    expect(figures).toMatchObject([
      { name: "recovery of 40 live needs after a kill", floor: { value: expect.any(Number) } },
      { name: "recovery of 40 live needs after an orderly stop", ratio: expect.any(Number) },
    ]);
  },
);

it("replays what a swarm has just done", { timeout: 60_000 }, async () => {
  const { figures } = await json("bench/micro/replay.ts", "--seconds", "0.2", "--open", "8");
  expect(figures).toMatchObject([{ name: "entries replayed", ratio: expect.any(Number) }, {}]);
});

it("weighs a live need", { timeout: 60_000 }, async () => {
  const { figures } = await json("bench/micro/heap.ts", "--needs", "200", "--idle", "0.1");
  const [heap] = figures as { value: number }[];
  expect(heap?.value).toBeGreaterThan(100);
  expect(heap?.value).toBeLessThan(100_000);
});

it("compares lives with those of a young swarm", { timeout: 60_000 }, async () => {
  const flags = { ended: 40, live: 20, seconds: 0.3, rounds: 2, warmup: 0.2, open: 8 };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { figures } = await json("bench/micro/flat.ts", ...args);
  expect(figures).toMatchObject([
    {
      name: expect.stringMatching(/^CPU of a life, \d\d+ ended, 20 live$/),
      ratio: expect.any(Number),
    },
    { name: "resident memory", ratio: expect.any(Number) },
  ]);
});

it("tells where the time of lives goes that come at a rate", { timeout: 60_000 }, async () => {
  const flags = ["--rate", "20", "--seconds", "1", "--warmup", "0.2"];
  const { figures } = await json("bench/micro/stages.ts", ...flags);
  const named = new Map(
    (figures as { name: string; value: number }[]).map(({ name, value }) => [name, value]),
  );
  expect(named.get("lives that ended")).toBe(20);
  expect(named.get("CPU of a life")).toBeGreaterThan(100);
  const stages = ["NEED to OPEN_ATTEMPT", "OPEN_ATTEMPT to PROPOSE", "SETTLE to FINALIZE"];
  for (const stage of stages) expect(named.get(`${stage}, p99`)).toBeGreaterThanOrEqual(0);
  expect(named.get("a life from when it was due")).toBeGreaterThan(1);
});

it("refuses a number that is none", { timeout: 30_000 }, async () => {
  await expect(json("bench/micro/ledger.ts", "--ms", "soon")).rejects.toThrow(
    "--ms takes a number above 0",
  );
});

it.each([
  [{ name: "a", value: 50, unit: "x/s", floor: { name: "bare", value: 200 } }, 0.25],
  [{ name: "a", value: 50, unit: "x/s" }, undefined],
])("a ratio is the value by its floor: %j", (figure, ratio) => {
  expect(measuredOf(figure).ratio).toBe(ratio);
});

it("a table has columns as wide as their widest cell, texts to the left, numbers to the right", () => {
  const rows = [
    ["long name", "1"],
    ["b", "1,000"],
  ];
  expect(tableText(["name", "n"], rows)).toBe(
    "name           n\nlong name      1\nb          1,000",
  );
});
