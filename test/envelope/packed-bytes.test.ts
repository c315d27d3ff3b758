import fc from "fast-check";
import { expect, it } from "vitest";
import { PackedBytes } from "#envelope/packed-bytes.ts";

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
