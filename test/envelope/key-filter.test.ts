import fc from "fast-check";
import { expect, it } from "vitest";
import { cidOf } from "#envelope/cid.ts";
import { KeyFilter, markOf } from "#envelope/key-filter.ts";

/** As it comes back from UTF-8, which has no word for half a letter. */
const asRead = (key: string): string => Buffer.from(key, "utf8").toString("utf8");
const half = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
const key = fc.oneof(
  fc.array(half).map((letters) => letters.join("")),
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
);

it("may have whatever was added, in any script (F1)", () => {
  fc.assert(
    fc.property(fc.array(key), (keys) => {
      const filter = new KeyFilter(64);
      for (const one of keys) filter.add(markOf(one));
      for (const one of keys)
        expect(filter.mayHave(markOf(one)) && filter.mayHave(markOf(asRead(one)))).toBe(true);
      expect(new KeyFilter(64).mayHave(markOf(keys[0] ?? ""))).toBe(false);
    }),
  );
});

it("has not eleven of twelve others, with twelve bits for each key", () => {
  const COUNT = 16_384;
  const name = (n: number): string => `committee/${cidOf(Uint8Array.of(n, n >> 8))}/1/${n % 3}`;
  const filter = new KeyFilter(COUNT * 8);
  for (let n = 0; n < (COUNT * 2) / 3; n += 1) filter.add(markOf(name(n)));
  const others = Array.from({ length: COUNT }, (_, n) => name(COUNT + n));
  const wrong = others.filter((other) => filter.mayHave(markOf(other))).length;
  expect(wrong / COUNT).toBeLessThan(1.1 / 12);
  expect(wrong).toBeGreaterThan(0);
});
