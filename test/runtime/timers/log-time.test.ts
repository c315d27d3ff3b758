import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BucketTime, GAP_MS_MAX, HostTime } from "#runtime/timers/log-time.ts";

describe("log time", () => {
  it("counts a frozen minute as two seconds", () => {
    const host = new HostTime();
    host.tick(1_000);
    expect(host.tick(1_500)).toBe(500);
    expect(host.tick(61_500)).toBe(500 + GAP_MS_MAX);
  });

  it("never falls and never outruns the monotonic clock", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5_000, max: 5_000 })), (gaps) => {
        const host = new HostTime();
        let [now, forward, last] = [0, 0, host.tick(0)];
        for (const gap of gaps) {
          now += gap;
          forward += Math.max(gap, 0);
          const ran = host.tick(now);
          expect(ran).toBeGreaterThanOrEqual(last);
          expect(ran).toBeLessThanOrEqual(forward);
          last = ran;
        }
      }),
    );
  });

  it("goes on from the T of the head after a load", () => {
    const bucket = new BucketTime(40_000, 700);
    expect(bucket.now(700)).toBe(40_000);
    expect(bucket.take(1_000)).toBe(40_300);
    expect(bucket.sinceBatchMs(1_250)).toBe(250);
    expect(bucket.take(1_250)).toBe(40_550);
  });
});
