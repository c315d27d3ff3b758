import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  chanceOfDifference,
  COMPARED_MAX,
  median,
  percentile,
  significant,
  spreadOf,
} from "../../bench/support/statistics.ts";

const numbers = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), {
  minLength: 1,
  maxLength: 50,
});

describe("percentile", () => {
  it.each([
    [[], 0.5, 0],
    [[7], 0.99, 7],
    [[3, 1, 2], 0.5, 2],
    [[3, 1, 2], 0, 1],
    [[3, 1, 2], 1, 3],
    [Array.from({ length: 100 }, (_, i) => i), 0.99, 99],
  ])("of %j at %d is %d", (values, part, is) => {
    expect(percentile(values, part)).toBe(is);
  });

  it("is one of the values, and grows with the part", () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), (values, part) => {
        const found = percentile(values, part);
        expect(values).toContain(found);
        expect(found).toBeLessThanOrEqual(percentile(values, 1));
        expect(found).toBeGreaterThanOrEqual(percentile(values, 0));
      }),
    );
  });
});

describe("median", () => {
  it.each([
    [[1], 1],
    [[4, 1], 2.5],
    [[9, 1, 5], 5],
  ])("of %j is %d", (values, is) => {
    expect(median(values)).toBe(is);
  });

  it("lies within the spread", () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const spread = spreadOf(values);
        expect(spread.median).toBeGreaterThanOrEqual(spread.least);
        expect(spread.median).toBeLessThanOrEqual(spread.most);
      }),
    );
  });
});

it.each([
  [0, 0],
  [1234.56, 1235],
  [12.3456, 12.3],
  [0.0012345, 0.00123],
])("tells %d as %d", (value, is) => {
  expect(significant(value)).toBe(is);
});

describe("the chance of a difference", () => {
  it.each([
    // All ways of choosing 2 of 4, 3 of 6, 5 of 10 ranks; the clearest is one of them on either end.
    [[1, 2], [3, 4], 2 / 6],
    [[1, 2, 3], [4, 5, 6], 2 / 20],
    [[10, 11, 12, 13, 14], [1, 2, 3, 4, 5], 2 / 252],
    [[1, 4], [2, 3], 1],
    [[1, 1, 1], [1, 1, 1], 1],
  ])("of %j and %j is %d", (a, b, is) => {
    expect(chanceOfDifference(a, b)).toBeCloseTo(is, 10);
  });

  it("does not depend on which side is which, nor on the unit", () => {
    const side = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(side, side, (a, b) => {
        const chance = chanceOfDifference(a, b);
        expect(chance).toBeGreaterThan(0);
        expect(chance).toBeLessThanOrEqual(1);
        expect(chanceOfDifference(b, a)).toBeCloseTo(chance, 10);
        const scaled = (values: readonly number[]) => values.map((value) => value * 1_000);
        expect(chanceOfDifference(scaled(a), scaled(b))).toBeCloseTo(chance, 10);
      }),
    );
  });

  it("is refused of more values than can be counted out", () => {
    const many = new Array<number>(COMPARED_MAX + 1).fill(1);
    expect(() => chanceOfDifference(many, [1])).toThrow(RangeError);
  });
});
