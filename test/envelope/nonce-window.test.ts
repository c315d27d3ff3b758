import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accept, check, EMPTY_WINDOW, WINDOW_NONCES } from "#envelope/nonce-window.ts";

/** The twin: remembers every nonce for ever. */
const twinOf = () => {
  const used = new Set<number>();
  return {
    check: (nonce: number) => {
      const highest = Math.max(0, ...used);
      if (nonce < 1 || nonce <= highest - WINDOW_NONCES) return "old";
      return used.has(nonce) ? "used" : "fresh";
    },
    accept: (nonce: number) => used.add(nonce),
  };
};

describe("a nonce window", () => {
  it("answers as a set that remembers everything", () => {
    const step = fc.oneof(
      fc.integer({ min: -70, max: 5 }),
      fc.integer({ min: -3, max: 3 }),
      fc.constantFrom(31, 32, 33, 63, 64, 65, 1_000, -31, -32, -33, -62, -63, -64, -65),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const twin = twinOf();
        let window = EMPTY_WINDOW;
        for (const by of steps) {
          const nonce = window.highest + by;
          const answer = check(window, nonce);
          expect(answer, `${nonce} after ${window.highest}`).toBe(twin.check(nonce));
          if (answer !== "fresh") continue;
          window = accept(window, nonce);
          twin.accept(nonce);
          expect(check(window, nonce)).toBe("used");
        }
      }),
      { numRuns: 500 },
    );
  });

  it("begins at one and takes any gap", () => {
    expect(check(EMPTY_WINDOW, 0)).toBe("old");
    expect(check(EMPTY_WINDOW, 1)).toBe("fresh");
    const far = accept(EMPTY_WINDOW, Number.MAX_SAFE_INTEGER);
    expect(check(far, Number.MAX_SAFE_INTEGER - 63)).toBe("fresh");
    expect(check(far, Number.MAX_SAFE_INTEGER - 64)).toBe("old");
  });

  it("leaves the window it was given as it was", () => {
    const before = accept(EMPTY_WINDOW, 5);
    const copy = { ...before };
    accept(before, 9);
    accept(before, 3);
    expect(before).toEqual(copy);
  });
});
