import { deserialize, serialize } from "node:v8";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RestingMap, type RestingCodec } from "#envelope/resting-map.ts";

interface Thing {
  n: number;
}
/** Odd ones never rest. */
const CODEC: RestingCodec<Thing> = {
  pack: (thing) => (thing.n % 2 === 0 ? serialize(thing) : undefined),
  unpack: (bytes) => deserialize(bytes.slice()) as Thing,
};

type Step =
  | { readonly set: string; readonly n: number }
  | { readonly grow: string }
  | { readonly gone: string }
  | "rest"
  | "snapshot";

const key = fc.constantFrom(..."abcd");
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ set: key, n: fc.nat(100) }) },
  { weight: 3, arbitrary: fc.record({ grow: key }) },
  { weight: 2, arbitrary: fc.record({ gone: key }) },
  { weight: 4, arbitrary: fc.constant("rest" as const) },
  { weight: 1, arbitrary: fc.constant("snapshot" as const) },
);
const snapshotOf = (map: RestingMap<Thing>): RestingMap<Thing> =>
  new RestingMap(CODEC, deserialize(serialize(map.encode())));

describe("a map of which the idle rest", () => {
  it("answers as a Map does, whatever rests (R1)", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: "max" }), (steps) => {
        let map = new RestingMap(CODEC);
        const twin = new Map<string, Thing>();
        for (const one of steps) {
          if (one === "rest") map.rest();
          else if (one === "snapshot") map = snapshotOf(map);
          else if ("set" in one) {
            map.set(one.set, { n: one.n });
            twin.set(one.set, { n: one.n });
          } else if ("gone" in one) expect(map.delete(one.gone)).toBe(twin.delete(one.gone));
          else {
            const things = [map.get(one.grow), twin.get(one.grow)];
            expect(things[0]).toEqual(things[1]);
            for (const thing of things) if (thing !== undefined) thing.n += 2;
          }
          expect(map.size).toBe(twin.size);
          expect(new Map(map)).toEqual(twin);
          const isSmall = (thing: Thing): boolean => thing.n < 50;
          const found = [...map.where(isSmall, (bytes) => isSmall(CODEC.unpack(bytes, "")))];
          expect(found.map(({ n }) => n).toSorted()).toEqual(
            [...twin.values()]
              .filter(isSmall)
              .map(({ n }) => n)
              .toSorted(),
          );
          expect([...map.keys()].toSorted()).toEqual([...twin.keys()].toSorted());
          for (const each of "abcd") {
            expect(map.peek(each)).toEqual(twin.get(each));
            expect(map.has(each)).toBe(twin.has(each));
          }
        }
      }),
    );
  });

  it("rests what was not asked for between two rests, and nothing else (R2)", () => {
    const map = new RestingMap(CODEC);
    for (const [at, name] of ["a", "b", "c", "odd"].entries()) map.set(name, { n: 2 * at });
    map.set("odd", { n: 1 });
    map.rest();
    expect(map.resting).toBe(0);
    map.get("a");
    map.peek("b");
    map.rest();
    expect(map.resting).toBe(2);
    expect(map.get("b")).toEqual({ n: 2 });
    expect(map.resting).toBe(1);
    map.rest();
    map.rest();
    expect([map.resting, map.size]).toEqual([3, 4]);
  });

  it("has so many rest at a time, and nothing counts as idle before all that was has been seen", () => {
    const map = new RestingMap(CODEC);
    for (let n = 0; n < 5; n += 1) map.set(`key ${n}`, { n: 2 * n });
    expect(map.rest(2)).toBe(true); // nothing was idle yet
    map.set("later", { n: 0 });
    expect([map.rest(2), map.resting]).toEqual([false, 2]);
    map.get("key 3");
    expect([map.rest(2), map.resting]).toEqual([true, 4]);
    expect([...map.awake()].map(([name]) => name).toSorted()).toEqual(["key 3", "later"]);
    expect([map.rest(2), map.resting, map.size]).toEqual([true, 6, 6]);
  });

  it("keeps in a snapshot what rests as it rests (R3)", () => {
    const map = new RestingMap(CODEC);
    for (const name of "abcdefgh") map.set(name, { n: 0 });
    map.rest();
    map.rest();
    expect([...map.encode().awake]).toEqual([]);
    expect(snapshotOf(map).resting).toBe(8);
  });
});
