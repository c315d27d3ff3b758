import { expect, it } from "vitest";
import { closedLoop } from "../../bench/peers/closed-loop.ts";
import { outputOf } from "../../bench/support/processes.ts";
import { ROOT } from "../tidy/checkout.ts";

it("keeps so many tasks open and counts those that end in time", async () => {
  let open = 0;
  let most = 0;
  const heard: number[] = [];
  const task = async (serial: number): Promise<void> => {
    heard.push(serial);
    open += 1;
    most = Math.max(most, open);
    await new Promise((resolve) => setTimeout(resolve, 1));
    open -= 1;
  };
  const rates = await closedLoop(task, { open: 5, ms: 60, serials: { next: 0 } });
  expect(most).toBe(5);
  expect(heard).toEqual(heard.map((_, at) => at + 1));
  const counted = Math.round((rates.tasksPerSecond * 60) / 1_000);
  expect(counted).toBeLessThanOrEqual(heard.length);
  expect(counted).toBeGreaterThanOrEqual(heard.length - 5);
  expect(rates.p50Ms).toBeGreaterThan(0.5);
});

it("ends with the first task that fails", async () => {
  const task = async (): Promise<void> => {
    throw new Error("gave 3");
  };
  const loop = closedLoop(task, { open: 2, ms: 1_000, serials: { next: 0 } });
  await expect(loop).rejects.toThrow("gave 3");
});

it("tells a peer's rates beside what it does not promise", { timeout: 60_000 }, async () => {
  const args = ["bench/peers/main.ts", "--only", "threads", "--seconds", "0.2", "--json"];
  const told = JSON.parse(
    await outputOf(process.execPath, args, { cwd: ROOT, timeoutMs: 50_000 }),
  ) as Record<string, unknown>;
  expect(told).toMatchObject({
    bench: "peers",
    peers: {
      threads: {
        tasksPerSecond: expect.any(Number),
        p99Ms: expect.any(Number),
        guarantees: { durable: "no", signed: "no", verified: "no" },
      },
    },
    machine: { loadBefore: expect.any(Number) },
  });
  expect(told["peers"]).not.toHaveProperty("canswarm");
});

it("refuses a peer that it does not know", async () => {
  const args = ["bench/peers/main.ts", "--only", "nobody"];
  await expect(outputOf(process.execPath, args, { cwd: ROOT, timeoutMs: 20_000 })).rejects.toThrow(
    "--only one of canswarm, bullmq",
  );
});
