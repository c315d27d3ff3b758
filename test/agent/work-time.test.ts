import fc from "fast-check";
import { expect, test } from "vitest";
import { CALL_MS_MAX, CALL_MS_MIN, workMs } from "#agent/work-time.ts";

test.each([
  ["half of what remains", { restMs: 30_000, etaMs: 1_000 }, 15_000],
  ["twice what was promised, where that is more", { restMs: 30_000, etaMs: 10_000 }, 20_000],
  ["never more than remains", { restMs: 30_000, etaMs: 25_000 }, 30_000],
  ["a second at least", { restMs: 300, etaMs: 100 }, 1_000],
  ["a minute at most", { restMs: 3_600_000, etaMs: 600_000 }, 60_000],
])("a call gets %s", (_, time, ms) => {
  expect(workMs(time)).toBe(ms);
});

test("a worker that promised little leaves half of the time to the next", () => {
  const time = fc.record({ restMs: fc.nat(10_000_000), etaMs: fc.nat(10_000_000) });
  fc.assert(
    fc.property(time, ({ restMs, etaMs }) => {
      const ms = workMs({ restMs, etaMs });
      expect(ms).toBeGreaterThanOrEqual(CALL_MS_MIN);
      expect(ms).toBeLessThanOrEqual(CALL_MS_MAX);
      if (etaMs * 4 <= restMs && restMs >= 2 * CALL_MS_MIN)
        expect(ms).toBeLessThanOrEqual(Math.ceil(restMs / 2));
    }),
  );
});
