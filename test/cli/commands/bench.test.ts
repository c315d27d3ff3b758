import { expect, it } from "vitest";
import { onEmbedded } from "#cli/bench/lifecycle.ts";
import { bench } from "#cli/commands/bench.ts";
import { ROOT } from "../../tidy/checkout.ts";

it(
  "measures whole lifecycles on the disk beside the floor of the same run",
  { timeout: 60_000 },
  async () => {
    const told = await bench(
      { seconds: "1", warmup: "1", open: "32", json: true },
      { floorSeconds: 1, fsyncMs: 50 },
    );
    const of = (name: string): number => told[name] as number;
    expect(of("seconds")).toBeGreaterThanOrEqual(1);
    expect(told["outcomes"]).toEqual({ finalized: told["needs"] });
    // NEED, a bid, a plan vote, a claim, a result and two votes of it are the least that a need takes.
    expect(of("envelopesPerTask")).toBeGreaterThan(6);
    expect(of("tasksPerSecond")).toBeGreaterThan(0);
    expect(Math.abs(of("ratio") - of("tasksPerSecond") / of("floorPerSecond"))).toBeLessThan(0.02);
    const percentiles = {
      p50: expect.any(Number),
      p95: expect.any(Number),
      p99: expect.any(Number),
    };
    expect(told).toMatchObject({
      unbatched: { floorPerSecond: expect.any(Number) },
      latencyMs: percentiles,
      busMs: percentiles,
      cpuMicrosPerTask: { process: expect.any(Number), load: expect.any(Number) },
      durability: expect.stringContaining("synchronous=FULL"),
      fsyncPerSecond: expect.any(Number),
      machine: { cores: expect.any(Number), node: process.version },
    });
  },
);

it.each([
  ["seconds", { seconds: "0", warmup: "1", open: "1" }],
  ["warmup", { seconds: "1", warmup: "0.5", open: "1" }],
  ["open", { seconds: "1", warmup: "1", open: "many" }],
])("refuses --%s that is no whole number above 0", async (name, flags) => {
  await expect(bench({ ...flags, json: false })).rejects.toMatchObject({ code: "USAGE" });
  await expect(bench({ ...flags, json: false })).rejects.toThrow(`--${name} takes a whole number`);
});

it("the swarm that is measured has the parameters of the configuration that is given", async () => {
  const config = `${ROOT}/bench/arrivals/no-window.config.ts`;
  const windowsMs = await onEmbedded(config, async ({ folder }) =>
    Object.values(folder.genesis.parameters.tiers).map(
      ({ challengeWindowMs }) => challengeWindowMs,
    ),
  );
  expect(windowsMs).toEqual([1, 1, 1]);
});
