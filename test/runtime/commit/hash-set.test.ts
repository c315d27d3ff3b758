import fc from "fast-check";
import { expect, it } from "vitest";
import { sha256 } from "#envelope/cid.ts";
import { HashSet } from "#runtime/commit/hash-set.ts";

const hashOf = (text: string): Uint8Array => sha256(new TextEncoder().encode(text));

async function* inPages(hashes: readonly Uint8Array[]) {
  for (let at = 0; at < hashes.length; at += 3) yield hashes.slice(at, at + 3);
}

it("has what was put into it, and nothing else, however it came", async () => {
  const texts = fc.uniqueArray(fc.string(), { maxLength: 40 });
  const property = fc.asyncProperty(texts, texts, async (own, others) => {
    const hashes = own.map(hashOf);
    for (const set of [HashSet.of(hashes), await HashSet.from(inPages(hashes))]) {
      expect(set.size).toBe(own.length);
      expect(hashes.every((hash) => set.has(hash))).toBe(true);
      for (const text of others) expect(set.has(hashOf(text))).toBe(own.includes(text));
    }
  });
  await fc.assert(property);
});

it("tells those apart that differ in the first bytes, from the least to the greatest", () => {
  const edges = [0, 1, 127, 128, 255].map((byte) => new Uint8Array(32).fill(byte));
  const set = HashSet.of(edges.slice(1, 4));
  expect(edges.map((hash) => set.has(hash))).toEqual([false, true, true, true, false]);
  expect(HashSet.of([]).has(edges[0]!)).toBe(false);
});
