import fc from "fast-check";
import { expect, it } from "vitest";
import { RateLimit } from "#gateway/rate-limit.ts";

it("never gives more in any stretch of time than the burst and the rate allow", () => {
  const step = fc.record({ afterMs: fc.nat(2_000), count: fc.integer({ min: 1, max: 30 }) });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(step, { maxLength: 60 }),
      (perSecond, burst, steps) => {
        const limit = new RateLimit(perSecond, burst);
        const given: { atMs: number; count: number }[] = [];
        let nowMs = 0;
        for (const { afterMs, count } of steps) {
          nowMs += afterMs;
          if (limit.take("a", nowMs, count)) given.push({ atMs: nowMs, count });
        }
        for (const [first, { atMs: fromMs }] of given.entries()) {
          let sum = 0;
          for (const { atMs, count } of given.slice(first)) {
            sum += count;
            const allowed = burst + ((atMs - fromMs) / 1_000) * perSecond;
            expect(sum).toBeLessThanOrEqual(allowed + 1e-6);
          }
        }
      },
    ),
  );
});

it("each name has its own, and what was refused takes nothing", () => {
  const limit = new RateLimit(1, 2);
  expect([limit.take("a", 0, 3), limit.take("a", 0, 2), limit.take("a", 0)]).toEqual([
    false,
    true,
    false,
  ]);
  expect(limit.take("b", 0, 2)).toBe(true);
  expect(limit.take("a", 1_000)).toBe(true);
});
