import fc from "fast-check";
import { expect, it } from "vitest";
import { PackedMap } from "#envelope/packed-map.ts";

const bytesOf = (n: number): Uint8Array => Uint8Array.of(n);
const key = fc.oneof(fc.integer({ min: 0, max: 40 }).map(String), fc.string({ unit: "grapheme" }));

/** Set a row, or (number) forget from the first on what is less, or (undefined) start from bytes. */
const steps = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.tuple(key, fc.nat(255)) },
    { weight: 2, arbitrary: fc.nat(255) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
  { maxLength: 300, size: "max" },
);

it("answers as a Map does whose rows are kept in the order in which they came", () => {
  fc.assert(
    fc.property(steps, fc.string(), (all, other) => {
      let packed = new PackedMap();
      let twin: [string, number][] = [];
      for (const step of all) {
        if (step === undefined) packed = new PackedMap(packed.kept());
        else if (typeof step === "number") {
          packed.forgetWhile(([row = 0]) => row < step);
          const first = twin.findIndex(([, row]) => row >= step);
          twin = first === -1 ? [] : twin.slice(first);
        } else {
          packed.set(step[0], bytesOf(step[1]));
          twin.push([step[0], step[1]]);
          expect(packed.get(step[0])?.[0]).toBe(step[1]);
          continue;
        }
        const last = new Map(twin);
        const inOrder = twin.filter(([one], at) => twin.findLastIndex(([k]) => k === one) === at);
        expect(packed.size).toBe(last.size);
        expect([...packed].map(([one, [row]]) => [one, row])).toEqual(inOrder);
        expect([...packed.keys()]).toEqual(inOrder.map(([one]) => one));
        for (const one of [...last.keys(), other]) expect(packed.get(one)?.[0]).toBe(last.get(one));
      }
    }),
    { numRuns: 60 },
  );
});

it("holds many, and lets most of them go again", () => {
  const packed = new PackedMap();
  const COUNT = 20_000;
  const row = (n: number): Uint8Array => new Uint8Array(Uint32Array.of(n).buffer);
  const of = (bytes: Uint8Array | undefined): number | undefined =>
    bytes && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  for (let n = 0; n < COUNT; n += 1) packed.set(`key ${n}`, row(n));
  packed.forgetWhile((bytes) => (of(bytes) ?? 0) < COUNT - 100);
  expect(packed.size).toBe(100);
  for (let n = 0; n < COUNT; n += 1)
    expect(of(packed.get(`key ${n}`))).toBe(n < COUNT - 100 ? undefined : n);
  expect(packed.kept().length).toBeLessThan(100 * 20);
});
