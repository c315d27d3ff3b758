import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keptWeights, rankOf } from "#runtime/leadership/share.ts";

const members = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 6 });
const bucket = fc.integer({ min: 0, max: 256 });

describe("who should lead a bucket", () => {
  it("is in the same order of every member's list, and only the share of who goes moves", () => {
    fc.assert(
      fc.property(members, bucket, (names, one) => {
        const ranked = rankOf(names, one);
        expect(rankOf(names.toReversed(), one)).toEqual(ranked);
        const without = names.slice(1);
        expect(rankOf(without, one)).toEqual(ranked.filter((name) => name !== names[0]));
      }),
    );
  });

  it("is whom an operator has named, while that one is there", () => {
    fc.assert(
      fc.property(members, bucket, (names, one) => {
        const named = names[0]!;
        const ranked = rankOf(names, one, { pins: new Map([[one, named]]) });
        expect(ranked[0]).toBe(named);
        const away = rankOf(names, one, { pins: new Map([[one, "somebody else"]]) });
        expect(away).toEqual(rankOf(names, one));
      }),
    );
  });

  it("is the same by weights that are kept, however many members there have been", () => {
    const weigh = keptWeights();
    fc.assert(
      fc.property(members, bucket, (names, one) => {
        expect(rankOf(names, one, { weigh })).toEqual(rankOf(names, one));
      }),
      { numRuns: 500 },
    );
  });
});
