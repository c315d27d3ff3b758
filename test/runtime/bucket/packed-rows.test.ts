import { deserialize, serialize } from "node:v8";
import fc from "fast-check";
import { expect, it } from "vitest";
import { BucketState } from "#runtime/bucket/state.ts";
import { PackedBytes } from "#runtime/bucket/packed-bytes.ts";
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
      const restored = PackedRows.decode(deserialize(serialize(packed.encode())));
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
  expect(archived.row("b")).toEqual(plain.row("b"));
});

/** What is written, and (undefined) that all but the last three things written are let go. */
const writes = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.oneof(fc.nat(300), fc.maxSafeNat(), fc.uint8Array({ maxLength: 900 })),
    },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
  { maxLength: 120, size: "max" },
);

it("keeps places valid however the array grows, and whatever is let go before them", () => {
  fc.assert(
    fc.property(writes, (things) => {
      const packed = new PackedBytes();
      let kept: { at: number; thing: number | Uint8Array }[] = [];
      for (const thing of things) {
        if (thing === undefined) {
          kept = kept.slice(-3);
          packed.keepFrom(kept[0]?.at ?? packed.end);
          continue;
        }
        kept.push({ at: packed.end, thing });
        if (typeof thing === "number") packed.number(thing);
        else packed.block(thing);
      }
      for (const { at, thing } of kept) {
        const cursor = { at };
        const read = typeof thing === "number" ? packed.numberAt(cursor) : packed.blockAt(cursor);
        expect(read).toEqual(thing);
        expect(cursor.at).toBeLessThanOrEqual(packed.end);
      }
      expect(packed.kept().length).toBe(packed.end - packed.start);
      expect(PackedBytes.of(packed.kept()).kept()).toEqual(packed.kept());
    }),
  );
});

it("takes no row that the canonical codec does not take", () => {
  expect(() => new PackedRows().add("need", { when: new Date(0) })).toThrow("of a class");
});
