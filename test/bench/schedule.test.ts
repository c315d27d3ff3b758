import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arrivalsOf, evenArrivals, pressed, sustainable } from "../../bench/arrivals/schedule.ts";

describe("a trace", () => {
  it("is read as ms after its first arrival, in order", () => {
    const csv =
      "TIMESTAMP,ContextTokens\n2023-11-16 18:17:04.5000000,1\n2023-11-16 18:17:03.9799600,2\n" +
      "2023-11-16 18:18:03.9799600,3\n";
    expect(arrivalsOf(csv).map((ms) => Math.round(ms * 100) / 100)).toEqual([0, 520.04, 60_000]);
  });

  it.each([
    ["a\n2023-11-16 18:17:03.9,1\nsoon,2\n", "line 3 begins with no time"],
    ["a\n2023-11-16 18:17:03.9,1\n", "fewer than two"],
  ])("is refused: %j", (csv, why) => {
    expect(() => arrivalsOf(csv)).toThrow(why);
  });
});

describe("a schedule", () => {
  it("of even arrivals is even, across laps too", () => {
    const { dueMs, windowMs } = pressed(evenArrivals(), { perSecond: 500, ms: 4_000 });
    expect(dueMs.length).toBe(2_000);
    expect(windowMs).toBe(4_000);
    const gaps = dueMs.slice(1).map((ms, at) => ms - (dueMs[at] ?? 0));
    expect(Math.min(...gaps)).toBeCloseTo(2, 6);
    expect(Math.max(...gaps)).toBeCloseTo(2, 6);
  });

  it("has the whole trace, in order, at exactly the rate, for about as long as asked", () => {
    const gaps = fc.array(fc.nat({ max: 5_000 }), { minLength: 2, maxLength: 60 });
    const rate = fc.integer({ min: 1, max: 5_000 });
    fc.assert(
      fc.property(gaps, rate, fc.integer({ min: 100, max: 20_000 }), (given, perSecond, ms) => {
        let atMs = 0;
        const arrivals = [0, ...given.map((gap) => (atMs += gap + 1))];
        const { dueMs, windowMs } = pressed(arrivals, { perSecond, ms });
        expect((dueMs.length * 1_000) / windowMs).toBeCloseTo(perSecond, 6);
        expect(dueMs.length % arrivals.length).toBe(0);
        expect([...dueMs]).toEqual([...dueMs].sort((a, b) => a - b));
        expect(dueMs.at(-1)).toBeLessThan(windowMs);
        const lapMs = (arrivals.length * 1_000) / perSecond;
        expect(Math.abs(windowMs - ms)).toBeLessThanOrEqual(Math.max(lapMs, lapMs / 2));
      }),
    );
  });
});

describe("what was sustainable", () => {
  const step = (offeredPerSecond: number, goodputPerSecond: number) => ({
    offeredPerSecond,
    goodputPerSecond,
  });
  it.each([
    [[], 0],
    [[step(100, 80)], 0],
    [[step(100, 99), step(200, 196), step(400, 300)], 200],
    // One that kept up by luck beyond one that did not is not believed.
    [[step(400, 396), step(100, 99), step(200, 150)], 100],
  ])("of %j is %d", (steps, is) => {
    expect(sustainable(steps)).toBe(is);
  });
});
