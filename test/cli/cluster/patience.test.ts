import { beforeEach, describe, expect, it } from "vitest";
import { OUTAGE_MS_MAX, patiently } from "#cli/cluster/patience.ts";
import { settled } from "#cli/sim/job.ts";
import type { Clock } from "#ports/clock.ts";
import { Fault } from "#ports/faults.ts";
import { Prng } from "#sim/kernel/prng.ts";
import { Scheduler } from "#sim/kernel/scheduler.ts";
import { Machine } from "#sim/world/machine.ts";

describe("who reads from a cluster", () => {
  let scheduler: Scheduler;
  let clock: Clock;
  let asked: number;

  beforeEach(() => {
    scheduler = new Scheduler(Prng.of(1), settled);
    clock = new Machine(scheduler, "ann", { driftPpm: 0, skewMs: 0 }).clock;
    asked = 0;
  });

  const silent =
    (code: "CONSENSUS_UNREACHABLE" | "BUS_UNREACHABLE", untilMs: number) => async () => {
      asked += 1;
      if (clock.monotonicMs() < untilMs) throw new Fault(code, "no answer");
      return asked;
    };

  it.each(["CONSENSUS_UNREACHABLE", "BUS_UNREACHABLE"] as const)(
    "is answered once the outage is over: %s",
    async (code) => {
      const answer = patiently(clock, silent(code, 10_000));
      await scheduler.run(20_000);
      expect(await answer).toBe(asked);
      expect(asked).toBeGreaterThan(10);
    },
  );

  it("is told of an outage that does not end", async () => {
    const answer = patiently(clock, silent("BUS_UNREACHABLE", Infinity)).catch((error) => error);
    await scheduler.run(OUTAGE_MS_MAX - 1_000);
    const before = asked;
    await scheduler.run(OUTAGE_MS_MAX + 1_000);
    expect(await answer).toMatchObject({ code: "BUS_UNREACHABLE" });
    expect(asked).toBeGreaterThan(before);
  });

  it.each([
    [1_000, []],
    [20_000, ["BUS_UNREACHABLE"]],
  ])("is told once that it waits where that takes long: %i ms", async (outageMs, codes) => {
    const told: string[] = [];
    const answer = patiently(clock, silent("BUS_UNREACHABLE", outageMs), ({ code }) =>
      told.push(code),
    );
    await scheduler.run(30_000);
    await answer;
    expect(told).toEqual(codes);
  });

  it("is told at once of what asking again does not mend", async () => {
    const corrupt = async (): Promise<never> => {
      asked += 1;
      throw new Fault("STORE_CORRUPT", "a record is damaged");
    };
    await expect(patiently(clock, corrupt)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(asked).toBe(1);
  });
});
