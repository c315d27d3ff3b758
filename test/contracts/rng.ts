/** What every Rng must do. `again` makes one from the same seed, if it has a seed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RNG_LIMIT_MAX, type Rng } from "#ports/rng.ts";

export interface RngRig {
  readonly make: () => Rng;
  /** Two calls of `make` repeat each other. */
  readonly seeded: boolean;
}

export const rngContract = (name: string, { make, seeded }: RngRig): void => {
  describe(`the rng contract, kept by ${name}`, () => {
    it("stays inside 0 … limit − 1 for every limit", () => {
      const rng = make();
      const limits = fc.oneof(
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 2 ** 48 }),
      );
      fc.assert(
        fc.property(fc.oneof(limits, fc.constant(RNG_LIMIT_MAX)), (limit) => {
          const drawn = rng.below(limit);
          expect(Number.isSafeInteger(drawn) && drawn >= 0 && drawn < limit).toBe(true);
        }),
      );
      expect(rng.below(1)).toBe(0);
    });

    it("draws every number about equally often, for limits that are no power of two", () => {
      const rng = make();
      const [limit, draws] = [6, 6_000];
      const counts = Array<number>(limit).fill(0);
      for (let n = 0; n < draws; n++) counts[rng.below(limit)]! += 1;
      // Seven standard deviations of a fair draw: off by chance once in 10^11 runs.
      const bound = 7 * Math.sqrt(draws * (1 / limit) * (1 - 1 / limit));
      for (const count of counts) expect(Math.abs(count - draws / limit)).toBeLessThan(bound);
      const high = Array.from({ length: 400 }, () => rng.below(RNG_LIMIT_MAX) >= RNG_LIMIT_MAX / 2);
      const highs = high.filter(Boolean).length;
      expect(Math.abs(highs - 200)).toBeLessThan(70);
    });

    it("gives bytes in a buffer of their own, different each time", () => {
      const rng = make();
      const [one, two] = [rng.bytes(32), rng.bytes(32)];
      expect(one).toHaveLength(32);
      expect(one).not.toEqual(two);
      expect(one.buffer.byteLength).toBe(32);
      expect(rng.bytes(0)).toHaveLength(0);
      expect(new Set(rng.bytes(4_096)).size).toBeGreaterThan(200);
    });

    it.each([0, -1, 1.5, Number.NaN, RNG_LIMIT_MAX + 1])("refuses a limit of %d", (limit) => {
      expect(() => make().below(limit)).toThrow(RangeError);
    });

    it(seeded ? "repeats itself from its seed" : "does not repeat itself", () => {
      const draw = (rng: Rng) => [...rng.bytes(16), rng.below(2 ** 40)];
      const [one, two] = [draw(make()), draw(make())];
      if (seeded) expect(one).toEqual(two);
      else expect(one).not.toEqual(two);
    });
  });
};
