import fc from "fast-check";
import { expect, it, test } from "vitest";
import { AnswerTime } from "#agent/answer-time.ts";

const after = (...answers: readonly number[]): number => {
  const time = new AnswerTime();
  for (const ms of answers) time.took(ms);
  return time.lateMs;
};

it("knows nothing before the first answer, and then what RFC 6298 says: three times that", () => {
  expect(after()).toBe(0);
  expect(after(100)).toBe(300);
});

it("is the mean and four times the distance from it, weighed by an eighth and a quarter", () => {
  // Mean 100 and distance 50, then an answer of 180: 110 and 57.5.
  expect(after(100, 180)).toBe(110 + 4 * 57.5);
});

test("answers that always take the same are late hardly later", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4_000 }), (ms) => {
      const lateMs = after(...Array.from({ length: 60 }, () => ms));
      expect(lateMs).toBeGreaterThanOrEqual(ms);
      expect(lateMs).toBeLessThan(ms * 1.01 + 1);
    }),
  );
});

test("an outage is forgotten: no answer counts for more than 5 s, and soon none does", () => {
  fc.assert(
    fc.property(fc.integer({ min: 5_000, max: 1e9 }), (outageMs) => {
      expect(after(outageMs)).toBe(after(5_000));
      expect(after(outageMs, ...Array.from({ length: 60 }, () => 10))).toBeLessThan(100);
    }),
  );
});
