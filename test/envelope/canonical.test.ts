import * as dagCbor from "@ipld/dag-cbor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, DEPTH_MAX, encode, INTEGER_MAX, Malformed } from "#envelope/canonical.ts";
import { hex, unhex } from "#envelope/cid.ts";

const SAFE = Number.MAX_SAFE_INTEGER;
const key = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.constantFrom("__proto__", "constructor", "1", "10", "é", "\u{10000}", "\ue000", ""),
);

/** Values of the data model, in every shape that could have two encodings. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constantFrom<unknown>(null, true, false, 0, 23, 24, 255, 256, 65_535, 65_536, SAFE, -SAFE),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.bigInt({ min: BigInt(SAFE) + 1n, max: INTEGER_MAX }),
    fc.string({ maxLength: 100 }),
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(key, tie("value"), { maxKeys: 6 }),
  ),
}));

const sameAfter = (bytes: Uint8Array): boolean => {
  let decoded: unknown;
  try {
    decoded = decode(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(Malformed);
    return false;
  }
  expect(hex(encode(decoded))).toBe(hex(bytes));
  return true;
};

describe("canonical bytes", () => {
  it("are those of @ipld/dag-cbor", () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(hex(encode(given))).toBe(hex(dagCbor.encode(given)));
      }),
      { numRuns: 1_000 },
    );
  });

  it("come back as the value they were made of", () => {
    fc.assert(
      fc.property(value, (given) => {
        const back = decode(encode(given));
        expect(back).toEqual(dagCbor.decode(dagCbor.encode(given)));
      }),
      { numRuns: 500 },
    );
  });

  it("C1: whatever is decoded encodes to the same bytes, for damaged bytes too", () => {
    let survived = 0;
    const change = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }) });
    fc.assert(
      fc.property(value, fc.array(change, { minLength: 1, maxLength: 3 }), (given, changes) => {
        const bytes = encode(given);
        for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
        if (sameAfter(bytes)) survived++;
      }),
      { numRuns: 3_000 },
    );
    expect(survived).toBeGreaterThan(0);
  });

  it("C1: whatever is decoded encodes to the same bytes, for bytes of chance", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 12 }), (bytes) => {
        sameAfter(bytes);
      }),
      { numRuns: 3_000 },
    );
    for (let first = 0; first < 256; first++) {
      for (const second of [0, 0x17, 0x18, 0x61, 0x80, 0xff]) {
        sameAfter(Uint8Array.of(first));
        sameAfter(Uint8Array.of(first, second));
      }
    }
  });

  it.each([
    ["nothing", ""],
    ["a value and one byte more", "0000"],
    ["a number in two bytes that needs one", "1817"],
    ["a number in three bytes that needs two", "1900ff"],
    ["a number in five bytes that needs three", "1a0000ffff"],
    ["a number in nine bytes that needs five", "1b00000000ffffffff"],
    ["2^63", "1b8000000000000000"],
    ["−2^53, below the safe integers", "3b001fffffffffffff"],
    ["a number cut short", "1a0000ff"],
    ["indefinite bytes", "5f4100ff"],
    ["indefinite text", "7f6161ff"],
    ["an indefinite list", "9f00ff"],
    ["an indefinite map", "bf616100ff"],
    ["a lone break", "ff"],
    ["undefined", "f7"],
    ["a short simple value", "e0"],
    ["a simple value in two bytes", "f8f5"],
    ["a half float", "f93e00"],
    ["a single float", "fa3fc00000"],
    ["a float that is an integer", "fb3ff0000000000000"],
    ["minus zero", "fb8000000000000000"],
    ["not a number", "fb7ff8000000000000"],
    ["infinity", "fb7ff0000000000000"],
    ["minus infinity", "fbfff0000000000000"],
    ["a link (tag 42)", "d82a4100"],
    ["a date (tag 0)", "c06130"],
    ["a repeated key", "a2616100616101"],
    ["keys out of order", "a2616200616100"],
    ["a longer key before a shorter", "a262616100616200"],
    ["a key that is a number", "a10000"],
    ["a key that is bytes", "a1410000"],
    ["text that is not UTF-8", "61ff"],
    ["text with an overlong form", "62c080"],
    ["text with a surrogate", "63eda080"],
    ["a length beyond the end", "5b0000000100000000"],
    ["a list longer than the bytes", "9affffffff00"],
    ["a map with a key and no value", "a16161"],
  ])("refuse %s", (_, text) => {
    expect(() => decode(unhex(text))).toThrow(Malformed);
  });

  it.each<[string, unknown]>([
    ["not a number", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["a negative bigint", -1n],
    ["2^63", INTEGER_MAX + 1n],
    ["undefined itself", undefined],
    ["undefined in a list", [undefined]],
    ["a function", { f: () => 0 }],
    ["a symbol", Symbol("s")],
    ["a map object", new Map()],
    ["a date", new Date(0)],
    ["a lone surrogate", "\ud800"],
    ["a lone surrogate as a key", { "\ud800": 1 }],
  ])("are not made of %s", (_, given) => {
    expect(() => encode(given)).toThrow(Malformed);
  });

  it("are the same for a small amount as bigint and as number", () => {
    expect(hex(encode({ price: 1_200_000n }))).toBe(hex(encode({ price: 1_200_000 })));
    expect(decode(encode(INTEGER_MAX))).toBe(INTEGER_MAX);
    expect(decode(encode(BigInt(SAFE)))).toBe(SAFE);
  });

  it("leave out fields that are undefined, and write minus zero as zero", () => {
    expect(hex(encode({ a: undefined, b: -0 }))).toBe("a1616200");
  });

  it("order keys by length in bytes, not in letters", () => {
    // é is two bytes, so it comes after every single-letter key and among the two-byte ones by bytes.
    expect(hex(encode({ é: 1, zz: 2, z: 3 }))).toBe("a3617a03627a7a0262c3a901");
  });

  it("tell texts apart that differ in one place, wherever it is", () => {
    for (let length = 1; length <= 80; length += 1)
      for (let at = 0; at < length; at += 1) {
        const one = "a".repeat(length);
        const other = `${one.slice(0, at)}b${one.slice(at + 1)}`;
        expect(decode(encode([one, other, one]))).toEqual([one, other, one]);
      }
  });

  it("are of a value's own fields, whatever stands in its prototype", () => {
    const above = Object.assign(Object.create(null) as object, { inherited: 1 });
    const value = Object.assign(Object.create(above) as object, { own: 2 });
    expect(decode(encode(value))).toEqual({ own: 2 });
  });

  it("keep a key named __proto__ as a plain field", () => {
    const given: unknown = JSON.parse('{"__proto__": {"admin": true}}');
    const back = decode(encode(given)) as Record<string, unknown>;
    expect(Object.keys(back)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
  });

  it("do not share memory with what they were read from", () => {
    const bytes = encode({ a: Uint8Array.of(1, 2, 3) });
    const back = decode(bytes) as { a: Uint8Array };
    bytes.fill(0);
    expect([...back.a]).toEqual([1, 2, 3]);
    expect(encode(1).buffer.byteLength).toBe(1);
  });

  it("end at a depth that cannot exhaust the stack, the same both ways", () => {
    const nested = (depth: number): unknown => {
      let inner: unknown = 0;
      for (let level = 0; level < depth; level++) inner = [inner];
      return inner;
    };
    expect(hex(encode(decode(encode(nested(DEPTH_MAX)))))).toBe(`${"81".repeat(DEPTH_MAX)}00`);
    expect(() => encode(nested(DEPTH_MAX + 1))).toThrow(Malformed);
    expect(() => decode(unhex(`${"81".repeat(DEPTH_MAX + 1)}00`))).toThrow(Malformed);
    expect(() => decode(unhex("a16161".repeat(100_000)))).toThrow(Malformed);
  });

  it("take keys of other alphabets in time that grows with the size alone", () => {
    let inner: unknown = 0;
    for (let level = 0; level < DEPTH_MAX - 1; level++) inner = { a: inner, é: level };
    expect(hex(encode(decode(encode(inner))))).toBe(hex(encode(inner)));
  });

  it("hold values far larger than the scratch buffer", () => {
    const large = { list: Array.from({ length: 50_000 }, (_, index) => `text ${index} é`) };
    const bytes = encode(large);
    expect(decode(bytes)).toEqual(large);
    expect(hex(encode(1))).toBe("01");
  });
});
