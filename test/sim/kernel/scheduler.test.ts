import { expect, it } from "vitest";
import { Prng } from "#sim/kernel/prng.ts";
import { Scheduler } from "#sim/kernel/scheduler.ts";
import { Machine } from "#sim/world/machine.ts";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const schedulerOf = (seed: number): Scheduler => new Scheduler(Prng.of(seed), settled);

it("runs tasks by true time, and those of one millisecond in an order that the seed draws", async () => {
  const order = async (seed: number): Promise<string[]> => {
    const scheduler = schedulerOf(seed);
    const ran: string[] = [];
    for (const name of ["a", "b", "c", "d", "e"]) scheduler.after(5, () => ran.push(name));
    scheduler.after(1, () => ran.push("first"));
    await scheduler.run(10);
    return ran;
  };
  expect((await order(1))[0]).toBe("first");
  expect(await order(1)).toEqual(await order(1));
  const orders = new Set(
    await Promise.all([1, 2, 3, 4, 5, 6].map(async (s) => (await order(s)).join())),
  );
  expect(orders.size).toBeGreaterThan(1);
});

it("lets every promise go on before the next task", async () => {
  const scheduler = schedulerOf(1);
  const ran: string[] = [];
  scheduler.after(1, () => {
    void (async () => {
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
      ran.push("promise");
    })();
  });
  scheduler.after(2, () => ran.push("task"));
  await scheduler.run(5);
  expect(ran).toEqual(["promise", "task"]);
  expect(scheduler.nowMs).toBe(5);
});

it("does not run what was taken back", async () => {
  const scheduler = schedulerOf(1);
  let ran = 0;
  scheduler.after(1, () => (ran += 1))();
  scheduler.after(2, () => (ran += 10));
  await scheduler.run(5);
  expect(ran).toBe(10);
});

it("a machine's work dies with it, waits while it is frozen, and follows its own clock", async () => {
  const scheduler = schedulerOf(1);
  const machine = new Machine(scheduler, "m", { driftPpm: 1_000, skewMs: 5_000 });
  const ran: string[] = [];
  machine.after(1_001, () => ran.push(`fast clock at ${scheduler.nowMs}`));
  await scheduler.run(2_000);
  machine.freeze(500);
  machine.after(100, () => ran.push(`thawed at ${scheduler.nowMs}`));
  await scheduler.run(3_000);
  machine.after(100, () => ran.push("of an older life"));
  machine.crash();
  await scheduler.run(4_000);
  expect(ran).toEqual(["fast clock at 1000", "thawed at 2500"]);
  expect(machine.clock.monotonicMs()).toBe(4_004);
});
