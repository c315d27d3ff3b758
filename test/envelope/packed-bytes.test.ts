import fc from "fast-check";
import { expect, it } from "vitest";
import { sha256 } from "#envelope/cid.ts";
import { PackedBytes, STRETCH_BYTES, stretchesOf } from "#envelope/packed-bytes.ts";

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

it("tells whole stretches of what is kept, which stay as they are while it grows (B3)", () => {
  const packed = new PackedBytes();
  const ends: number[] = [];
  const seen = new Map<number, Uint8Array>();
  const ofView = (): readonly number[] => {
    const view = packed.view();
    const found = stretchesOf(view);
    if (found === undefined) return [];
    const { head, stretches, tail } = found;
    expect(Buffer.concat([head, ...stretches.map(({ bytes }) => bytes), tail])).toEqual(
      Buffer.from(view),
    );
    const first = (packed.start + head.length) / STRETCH_BYTES;
    for (const [at, { hash, bytes }] of stretches.entries()) {
      expect(hash).toEqual(sha256(bytes));
      expect(bytes.length).toBe(STRETCH_BYTES);
      expect(seen.get(first + at) ?? hash).toEqual(hash);
      seen.set(first + at, hash);
    }
    return stretches.map((_, at) => first + at);
  };
  const grow = (blocks: number): void => {
    for (let n = 0; n < blocks; n += 1) {
      packed.block(Uint8Array.from({ length: 900 }, (_, at) => (at * n + ends.length) % 256));
      ends.push(packed.end);
    }
  };
  expect(ofView()).toEqual([]);
  grow(72);
  expect(ofView()).toEqual([]); // 64,944 bytes
  grow(300);
  expect(ofView()).toEqual([0, 1, 2, 3, 4]);
  packed.keepFrom(ends[100]!);
  expect(ofView()).toEqual([2, 3, 4]);
  grow(300);
  packed.keepFrom(ends[400]!);
  expect(ofView()).toEqual([6, 7, 8]);
  expect(seen.size).toBe(8);
});

it("tells no stretches of bytes that it did not view", () => {
  expect(stretchesOf(new Uint8Array(2 * STRETCH_BYTES))).toBeUndefined();
});
