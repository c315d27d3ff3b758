import { expect, test } from "vitest";
import { FairTime, Spent, STEP_MS } from "#cli/demo/probe/fair-time.ts";

class TimedOut extends Error {}

/** Code that takes `costMs` of a processor of which it gets every `share`th millisecond. */
const machine = (share: number, allMs = Infinity) => {
  let usedMs = 0;
  const time = new FairTime({
    allMs,
    usedMs: () => usedMs,
    isTimeout: (error) => error instanceof TimedOut,
  });
  const run = (costMs: number) => (clockMs: number) => {
    const getsMs = Math.min(costMs, clockMs / share);
    usedMs += getsMs;
    if (getsMs < costMs) throw new TimedOut(`after ${clockMs} ms`);
    return costMs;
  };
  return { time, run };
};

test.each([1, 4, 20])(
  "what ends in its time ends with 1/%i of the processor, too",
  async (share) => {
    const { time, run } = machine(share);
    let tries = 0;
    const both = time.whole(async (attempt) => {
      tries += 1;
      expect(attempt).toBe(tries);
      return time.step(run(10)) + (await time.stepAsync(async (ms) => run(STEP_MS)(ms)));
    });
    await expect(both).resolves.toBe(10 + STEP_MS);
    expect(tries).toBe(1 + Math.ceil(Math.log2(share)));
  },
);

test.each([1, 4, 20])(
  "what never ends is ended with 1/%i of it, for its own time",
  async (share) => {
    const { time, run } = machine(share);
    const endless = time.whole(async () => time.step(run(Infinity)));
    await expect(endless).rejects.toThrow(TimedOut);
  },
);

test("who gets nothing of it at all does not wait for ever", async () => {
  const { time, run } = machine(Infinity);
  await expect(time.whole(async () => time.step(run(1)))).rejects.toThrow("after 8000 ms");
});

test.each([1, 4])("nothing is begun once all has had its time, with 1/%i of it", async (share) => {
  const { time, run } = machine(share, 3 * STEP_MS);
  let steps = 0;
  const many = time.whole(async () => {
    for (;;) {
      time.step(run(10));
      steps += 1;
    }
  });
  await expect(many).rejects.toThrow(Spent);
  expect(steps).toBe((3 * STEP_MS) / 10 + 1);
  await expect(time.whole(() => time.stepAsync(async () => 1))).rejects.toThrow(Spent);
  expect(time.isEnd(new Spent())).toBe(true);
});

test("both kinds of end are let pass by what catches the code's own errors", async () => {
  const { time, run } = machine(4);
  const seen: boolean[] = [];
  await time
    .whole(async () => {
      try {
        return time.step(run(Infinity));
      } catch (error) {
        seen.push(time.isEnd(error));
        throw error;
      }
    })
    .catch(() => undefined);
  expect(seen).toEqual([true, true, true]);
  expect(time.isEnd(new Error("its own"))).toBe(false);
});
