import fc from "fast-check";
import { expect, it } from "vitest";
import { EndedKeys, type KeyRow } from "#domain/ledger/ended-keys.ts";
import { cidOfDigest, hex } from "#envelope/cid.ts";

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const first = fc.oneof(
  digest.map((value) => cidOfDigest(value)),
  digest.map((value) => cidOfDigest(value, "raw")),
  fc.string(),
);
const content = fc.oneof(
  digest.map((value) => hex(value)),
  fc.string(),
);
const row: fc.Arbitrary<KeyRow> = fc.record({ first, content, untilMs: fc.maxSafeNat() });

it("gives back what was added, ids and other texts, over a snapshot too", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), row), (rows) => {
      const keys = new EndedKeys();
      for (const [key, one] of Object.entries(rows)) keys.add(key, one);
      const again = new EndedKeys(keys.kept().slice());
      for (const [key, one] of Object.entries(rows))
        expect([keys.get(key), again.get(key)]).toEqual([one, one]);
      expect(keys.get("never added, and long enough to be no drawn key")).toBeUndefined();
    }),
  );
});

it("takes half of what its texts take", () => {
  const keys = new EndedKeys();
  for (let n = 0; n < 1_000; n += 1) {
    const id = cidOfDigest(new Uint8Array(32).fill(n));
    keys.add(`${n}`.padStart(64, "0"), { first: id, content: hex(new Uint8Array(32)), untilMs: n });
  }
  expect(keys.kept().length / 1_000).toBeLessThan(64 + 80);
});

it("forgets those that are over, from the first on", () => {
  const keys = new EndedKeys();
  for (const untilMs of [10, 20, 30])
    keys.add(`k${untilMs}`, { first: "n", content: "c", untilMs });
  keys.forget(20);
  expect(["k10", "k20", "k30"].map((key) => keys.get(key)?.untilMs)).toEqual([
    undefined,
    undefined,
    30,
  ]);
});
