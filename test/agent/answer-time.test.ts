import fc from "fast-check";
import { expect, it, test } from "vitest";
import { AnswerTime, LATE_MS_MAX } from "#agent/answer-time.ts";

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
    fc.property(fc.integer({ min: 1, max: LATE_MS_MAX }), (ms) => {
      const lateMs = after(...Array.from({ length: 60 }, () => ms));
      expect(lateMs).toBeGreaterThanOrEqual(ms);
      expect(lateMs).toBeLessThan(ms * 1.01 + 1);
    }),
  );
});

test("no answer is late only after more than LATE_MS_MAX, and an outage counts for nothing", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20_000 })), (answers) => {
      expect(after(...answers)).toBeLessThanOrEqual(LATE_MS_MAX);
      expect(after(...answers)).toBe(after(...answers.filter((ms) => ms < 5_000)));
    }),
  );
});

test("slow answers are forgotten after forty quick ones", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4_999 })), (slow) => {
      expect(after(...slow, ...Array.from({ length: 40 }, () => 10))).toBeLessThan(100);
    }),
  );
});
