import fc from "fast-check";
import { expect, it } from "vitest";
import { GONE_BYTES_MAX, PackedMap } from "#envelope/packed-map.ts";

const bytesOf = (n: number): Uint8Array => Uint8Array.of(n);
const key = fc.oneof(fc.integer({ min: 0, max: 40 }).map(String), fc.string({ unit: "grapheme" }));

type Step =
  | { readonly set: string; readonly row: number }
  | { readonly gone: string }
  /** Forget from the first on what is less. */
  | { readonly below: number }
  | "again from its bytes";

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ set: key, row: fc.nat(255) }) },
  { weight: 4, arbitrary: fc.record({ gone: key }) },
  { weight: 2, arbitrary: fc.record({ below: fc.nat(255) }) },
  { weight: 1, arbitrary: fc.constant("again from its bytes" as const) },
);
const steps = fc.array(step, { maxLength: 300, size: "max" });

it("answers as a Map does whose rows are kept in the order in which they came", () => {
  fc.assert(
    fc.property(steps, fc.string(), (all, other) => {
      let packed = new PackedMap();
      const twin = new Map<string, number>();
      for (const one of all) {
        if (one === "again from its bytes") packed = new PackedMap(packed.kept());
        else if ("below" in one) {
          packed.forgetWhile(([row = 0]) => row < one.below);
          for (const [name, row] of twin) {
            if (row >= one.below) break;
            twin.delete(name);
          }
        } else if ("gone" in one) expect(packed.delete(one.gone)).toBe(twin.delete(one.gone));
        else {
          packed.set(one.set, bytesOf(one.row));
          twin.delete(one.set);
          twin.set(one.set, one.row);
        }
        expect(packed.size).toBe(twin.size);
        expect([...packed].map(([name, [row]]) => [name, row])).toEqual([...twin]);
        expect([...packed.keys()]).toEqual([...twin.keys()]);
        for (const name of [...twin.keys(), other])
          expect(packed.get(name)?.[0]).toBe(twin.get(name));
      }
    }),
    { numRuns: 60 },
  );
});

it("lets the bytes go of what was deleted or set again (M3)", () => {
  const packed = new PackedMap();
  const row = new Uint8Array(100);
  for (let n = 0; n < 10_000; n += 1) {
    packed.set(`key ${n}`, row);
    packed.set("one", row);
    if (n >= 10) packed.delete(`key ${n - 10}`);
  }
  expect(packed.size).toBe(11);
  expect(packed.held).toBeLessThan(2 * 11 * 120 + GONE_BYTES_MAX);
  expect(packed.whole().length).toBeLessThan(11 * 120);
  expect(doubted(packed)).toBeLessThan(0.3);
});

it("tells what is gone instead of moving what is kept, and equal maps are equal as a whole", () => {
  const [packed, twin] = [new PackedMap(), new PackedMap()];
  for (const name of ["a", "b", "c", "d"]) packed.set(name, bytesOf(1));
  const { bytes } = packed.kept();
  packed.delete("b");
  packed.set("a", bytesOf(2));
  const kept = packed.kept();
  expect(kept.bytes.subarray(0, bytes.length)).toEqual(bytes);
  expect(kept.gone).toHaveLength(2);
  const again = new PackedMap({ bytes: kept.bytes.slice(), gone: kept.gone });
  for (const [name, row] of [
    ["c", 1],
    ["d", 1],
    ["a", 2],
  ] as const)
    twin.set(name, bytesOf(row));
  expect(again.kept()).toEqual(kept);
  expect(again.whole()).toEqual(twin.whole());
  expect(packed.whole()).toEqual(twin.whole());
  expect(packed.kept().gone).toEqual([]);
});

it("holds many, and lets most of them go again", () => {
  const packed = new PackedMap();
  const COUNT = 20_000;
  const row = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer);
  const of = (bytes: Uint8Array | undefined): number | undefined =>
    bytes && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  for (let n = 0; n < COUNT; n += 1) packed.set(`key ${n}`, row(n));
  expect(doubted(packed)).toBeLessThan(0.15);
  packed.forgetWhile((bytes) => (of(bytes) ?? 0) < COUNT - 100);
  expect(packed.size).toBe(100);
  for (let n = 0; n < COUNT; n += 1)
    expect(of(packed.get(`key ${n}`))).toBe(n < COUNT - 100 ? undefined : n);
  expect(packed.whole().length).toBeLessThan(100 * 20);
});

it("finds what was there before and after its bytes were moved and its table grew", () => {
  const packed = new PackedMap();
  const row = new Uint8Array(200);
  for (let n = 0; n < 200; n += 1) packed.set(`key ${n}`, row);
  for (let n = 0; n < 170; n += 1) packed.delete(`key ${n}`);
  for (let n = 200; n < 1_200; n += 1) packed.set(`key ${n}`, row);
  for (let n = 0; n < 1_200; n += 1)
    expect(packed.get(`key ${n}`) !== undefined, `key ${n}`).toBe(n >= 170);
});

/** Of keys that are not there, the part that might be. */
const doubted = (packed: PackedMap): number => {
  const COUNT = 1_000;
  const others = Array.from({ length: COUNT }, (_, n) => packed.mayHave(`other ${n}`));
  return others.filter(Boolean).length / COUNT;
};

it("finds what is there while others come and go for long (M4)", () => {
  const packed = new PackedMap();
  const KEPT = 20;
  for (let n = 0; n < 1_000; n += 1) {
    packed.set(`key ${n}`, Uint8Array.of(n & 1, n >> 8, n & 255));
    packed.forgetWhile(([, high = 0, low = 0]) => high * 256 + low <= n - KEPT);
    const there = Array.from(
      { length: KEPT + 5 },
      (_, back) => packed.get(`key ${n - back}`) !== undefined,
    );
    expect(there).toEqual(there.map((_, back) => back < KEPT && back <= n));
  }
  expect(doubted(packed)).toBeLessThan(0.3);
});
