import fc from "fast-check";
import { expect, it } from "vitest";
import { splitByRemainder, splitEqually } from "#domain/ledger/split.ts";

it.each<[string, bigint, bigint[], bigint[]]>([
  ["without remainder", 10n, [50n, 40n, 10n], [5n, 4n, 1n]],
  ["to the largest remainders first", 7n, [50n, 40n, 10n], [3n, 3n, 1n]],
  ["to the first of equal remainders", 1n, [1n, 1n, 1n], [1n, 0n, 0n]],
  ["of nothing", 0n, [1n, 2n], [0n, 0n]],
  ["with nothing for a weight of nothing", 5n, [0n, 1n], [0n, 5n]],
])("splits %s", (_, amount, weights, parts) => {
  expect(splitByRemainder(amount, weights)).toEqual(parts);
});

it("gives parts that sum to the whole and are off by less than one unit", () => {
  const weights = fc
    .array(fc.bigInt({ min: 0n, max: 1_000n }), { minLength: 1, maxLength: 9 })
    .filter((list) => list.some((weight) => weight > 0n));
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), weights, (amount, list) => {
      const total = list.reduce((sum, weight) => sum + weight, 0n);
      const parts = splitByRemainder(amount, list);
      expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(amount);
      parts.forEach((part, i) => {
        const off = part * total - amount * list[i]!;
        expect(off > -total && off < total).toBe(true);
      });
    }),
  );
});

it("gives the units that are left to the first", () => {
  expect(splitEqually(11n, 4)).toEqual([3n, 3n, 3n, 2n]);
});

it("throws where there is nothing to share by", () => {
  expect(() => splitByRemainder(1n, [0n])).toThrow("E1");
});
