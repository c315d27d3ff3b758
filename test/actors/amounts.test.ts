import { expect, it } from "vitest";
import { widenAmounts } from "#actors/amounts.ts";

it("widens amounts, however deep they lie, and nothing else", () => {
  const bytes = Uint8Array.of(1);
  const narrow = { amount: 1, count: 2, moves: [{ amount: 3, to: "a" }, 4, null], bytes };
  expect(widenAmounts(narrow)).toEqual({
    amount: 1n,
    count: 2,
    moves: [{ amount: 3n, to: "a" }, 4, null],
    bytes,
  });
  expect(narrow).toEqual({ amount: 1, count: 2, moves: [{ amount: 3, to: "a" }, 4, null], bytes });
});

it("gives back what has nothing to be widened", () => {
  const wide = { amount: 1n, moves: [{ amount: 3n, to: "a" }], count: 2 };
  expect(widenAmounts(wide)).toBe(wide);
});
