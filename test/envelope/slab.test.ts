import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { HEAP_BYTES_MAX, PART_BYTES_MAX, roomFor } from "#envelope/slab.ts";
import { decode, encode } from "#envelope/canonical.ts";

const sizes = fc.array(fc.integer({ min: 0, max: PART_BYTES_MAX + 500 }), { maxLength: 60 });

test("L1: no byte is part of two results, whoever writes them", () => {
  fc.assert(
    fc.property(sizes, (lengths) => {
      const rooms = lengths.map((length, at) => roomFor(length).fill(at));
      const texts = lengths.map((length) => encode("x".repeat(length)));
      for (const [at, length] of lengths.entries()) {
        const expected = new Uint8Array(length).fill(at);
        expect(rooms[at]).toEqual(expected);
        expect(decode(texts[at] ?? expected)).toBe("x".repeat(length));
      }
    }),
  );
});

test("L2: a part is not transferred, and stays as it was", () => {
  const part = roomFor(HEAP_BYTES_MAX + 1).fill(7);
  expect(() => structuredClone(part, { transfer: [part.buffer as ArrayBuffer] })).toThrow(
    "Cannot transfer",
  );
  expect(part[HEAP_BYTES_MAX]).toBe(7);
});

test("what is begun and not finished leaves the next result whole", () => {
  const before = encode("a".repeat(100));
  expect(() => encode(["b".repeat(100), Symbol("none")])).toThrow("symbol");
  const after = encode("c".repeat(100));
  expect(decode(before)).toBe("a".repeat(100));
  expect(decode(after)).toBe("c".repeat(100));
});

test("a value that outgrows its slab, and the scratch buffer after it, is written as any other", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 6 }), (lengths) => {
      const value = lengths.map((length) => "y".repeat(length));
      expect(decode(encode(value))).toEqual(value);
    }),
    { numRuns: 40 },
  );
});

test("memory that a large value took is given back, whether it was written or not", () => {
  const large = new Uint8Array(64 * 1_048_576);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const heldMiB = (): number => {
    // The second one waits for what the first has left to another thread.
    collect();
    collect();
    return process.memoryUsage().arrayBuffers / 1_048_576;
  };
  const before = heldMiB();
  expect(encode(large).length).toBeGreaterThan(large.length);
  expect(() => encode([large, Symbol("none")])).toThrow("symbol");
  expect(heldMiB() - before).toBeLessThan(8);
});
