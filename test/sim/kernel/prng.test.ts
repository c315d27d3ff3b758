import { expect, it } from "vitest";
import { Prng } from "#sim/kernel/prng.ts";

const draws = (prng: Prng, count = 50): number[] => Array.from({ length: count }, () => prng.u32());

it("repeats itself from its seed, and another seed is another sequence", () => {
  expect(draws(Prng.of(7))).toEqual(draws(Prng.of(7)));
  expect(draws(Prng.of(7))).not.toEqual(draws(Prng.of(8)));
});

it("a stream is the same however much was drawn beside it", () => {
  const one = Prng.of(1);
  const other = Prng.of(1);
  draws(other, 1_000);
  expect(draws(one.stream("a"))).toEqual(draws(other.stream("a")));
  expect(draws(one.stream("a"))).not.toEqual(draws(one.stream("b")));
});

it("draws each value about equally often, and never one outside", () => {
  const prng = Prng.of(3);
  const counts = new Map<number, number>();
  for (let i = 0; i < 60_000; i += 1) {
    const value = prng.below(6);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

it("picks by weight", () => {
  const prng = Prng.of(4);
  const drawn = Array.from({ length: 10_000 }, () =>
    prng.weighted({ often: 9, seldom: 1, never: 0 }),
  );
  expect(new Set(drawn)).toEqual(new Set(["often", "seldom"]));
  expect(drawn.filter((name) => name === "seldom").length).toBeGreaterThan(800);
});

it("shuffles without losing anything", () => {
  const items = Array.from({ length: 30 }, (_, i) => i);
  const shuffled = Prng.of(5).shuffled(items);
  expect(shuffled).not.toEqual(items);
  expect(shuffled.toSorted((a, b) => a - b)).toEqual(items);
});
