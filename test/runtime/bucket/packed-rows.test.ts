import { deserialize, serialize } from "node:v8";
import fc from "fast-check";
import { expect, it } from "vitest";
import { BucketState } from "#runtime/bucket/state.ts";
import type { KeptMap } from "#envelope/packed-map.ts";
import { PackedRows } from "#runtime/bucket/packed-rows.ts";

const row = fc.record({
  outcome: fc.string(),
  attempts: fc.maxSafeNat(),
  worker: fc.option(fc.string({ unit: "grapheme", maxLength: 60 }), { nil: undefined }),
});
const without = (value: object): object => JSON.parse(JSON.stringify(value)) as object;

it("gives back what was packed, also after a snapshot", () => {
  const rows = fc.uniqueArray(fc.tuple(fc.string(), row), { selector: ([key]) => key });
  fc.assert(
    fc.property(rows, fc.string(), (kept, other) => {
      const packed = new PackedRows();
      for (const [key, value] of kept) packed.add(key, value);
      const restored = new PackedRows(deserialize(serialize(packed.kept())) as KeptMap);
      for (const one of [packed, restored]) {
        expect([...one.keys()]).toEqual(kept.map(([key]) => key));
        for (const [key, value] of kept) expect(one.get(key)).toEqual(without(value));
        if (!kept.some(([key]) => key === other)) expect(one.get(other)).toBeUndefined();
      }
      // What comes after a snapshot stands behind what it held.
      restored.add(`${other} more than any`, { outcome: other });
      for (const [key, value] of kept) expect(restored.get(key)).toEqual(without(value));
      expect(restored.get(`${other} more than any`)).toEqual({ outcome: other });
    }),
  );
});

it("refuses a second row of one key", () => {
  const packed = new PackedRows();
  packed.add("need", { outcome: "finalized" });
  expect(() => packed.add("need", { outcome: "closed" })).toThrow("need was kept before");
});

it("counts in a bucket's state as the same row does that is not packed", () => {
  const [plain, archived] = [new BucketState(3), new BucketState(3)];
  plain.rows.set("b", { attempts: 2, outcome: "closed" });
  archived.archived.add("b", { outcome: "closed", attempts: 2 });
  for (const state of [plain, archived]) state.rows.set("a", { bounty: 5n });
  expect([...archived.canonical()]).toEqual([...plain.canonical()]);
  expect(archived.archived.get("b")).toEqual(plain.rows.get("b"));
});

it("takes no row that the canonical codec does not take", () => {
  expect(() => new PackedRows().add("need", { when: new Date(0) })).toThrow("of a class");
});
