import fc from "fast-check";
import { expect, test } from "vitest";
import { OPEN_NEEDS_MAX, OPEN_NEEDS_MIN, OPEN_NEEDS_START, Pace } from "#agent/pace.ts";

interface Market {
  readonly needs: number;
  /** Calls at a time, over all workers, and how long each takes. */
  readonly slots: number;
  readonly callMs: number;
  readonly deadlineMs: number;
}

/** Posts as the pace allows; open needs are worked on in their order. Time jumps to the next end. */
const play = ({ needs, slots, callMs, deadlineMs }: Market) => {
  const pace = new Pace(deadlineMs);
  const open: { postedMs: number; endsMs: number }[] = [];
  const free = Array.from({ length: slots }, () => 0);
  const tookMs: number[] = [];
  const firstAtMs = new Map<number, number>();
  let nowMs = 0;
  for (let left = needs; left > 0 || open.length > 0;) {
    while (left > 0 && open.length < pace.openMax(nowMs)) {
      left -= 1;
      pace.posted(nowMs);
      const slot = free.indexOf(Math.min(...free));
      const endsMs = Math.max(nowMs, free[slot] ?? 0) + callMs;
      free[slot] = endsMs;
      open.push({ postedMs: nowMs, endsMs });
    }
    if (!firstAtMs.has(open.length)) firstAtMs.set(open.length, nowMs);
    open.sort((a, b) => a.endsMs - b.endsMs);
    const next = open.shift();
    if (next === undefined) break;
    nowMs = next.endsMs;
    tookMs.push(nowMs - next.postedMs);
    pace.ended(nowMs, nowMs - next.postedMs);
  }
  return { tookMs, nowMs, mostOpen: Math.max(...firstAtMs.keys()), firstAtMs };
};

test("forty tasks of five seconds, two at a time, all end within their minute", () => {
  const { tookMs, nowMs } = play({ needs: 40, slots: 2, callMs: 5_000, deadlineMs: 60_000 });
  expect(tookMs).toHaveLength(40);
  expect(Math.max(...tookMs)).toBeLessThan(40_000);
  // Nobody idles for it: it takes as long as the work does.
  expect(nowMs).toBe(100_000);
});

test("a market that gets faster by what is open is filled within half a second", () => {
  const market = { needs: 5_000, slots: 600, callMs: 50, deadlineMs: 60_000 };
  const { mostOpen, firstAtMs } = play(market);
  expect(mostOpen).toBe(OPEN_NEEDS_MAX);
  expect(firstAtMs.get(OPEN_NEEDS_MAX)).toBeLessThanOrEqual(500);
});

test("slow work with many workers is no queue: what is open grows", () => {
  const { mostOpen } = play({ needs: 1_000, slots: 300, callMs: 40_000, deadlineMs: 60_000 });
  expect(mostOpen).toBeGreaterThan(200);
});

test("before the first end little is open, between the limits always", () => {
  expect(new Pace(60_000).openMax(1e9)).toBe(OPEN_NEEDS_START);
  const ends = fc.array(fc.record({ afterMs: fc.nat(100_000), tookMs: fc.nat(100_000) }));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e7 }), ends, (deadlineMs, list) => {
      const pace = new Pace(deadlineMs);
      let nowMs = 0;
      pace.posted(nowMs);
      for (const { afterMs, tookMs } of list) {
        nowMs += afterMs;
        pace.ended(nowMs, tookMs);
        expect(pace.openMax(nowMs)).toBeGreaterThanOrEqual(OPEN_NEEDS_MIN);
        expect(pace.openMax(nowMs)).toBeLessThanOrEqual(OPEN_NEEDS_MAX);
      }
    }),
  );
});

test("other bounds hold too: much from the start, and the measured rate before the growth", () => {
  const bounds = { start: 100, growth: 16, max: 300 };
  const pace = new Pace(60_000, bounds);
  pace.posted(0);
  expect(pace.openMax(0)).toBe(100);
  pace.ended(200, 200);
  expect(pace.openMax(200)).toBe(116);
  for (let end = 2; end <= 20; end += 1) pace.ended(200, 200);
  expect(pace.openMax(200)).toBe(300);
  const slow = new Pace(60_000, bounds);
  slow.posted(0);
  slow.ended(5_000, 5_000);
  expect(slow.openMax(5_000)).toBe(6);
});

test("whatever the work, a worker of two calls keeps up where four in a row fit the deadline", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 15_000 }), (callMs) => {
      const { tookMs } = play({ needs: 60, slots: 2, callMs, deadlineMs: 60_000 });
      expect(Math.max(...tookMs)).toBeLessThanOrEqual(60_000);
    }),
  );
});
