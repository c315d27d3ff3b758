import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, encode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { Malformed } from "#envelope/malformed.ts";
import {
  decodeRecord,
  encodeRecord,
  hashRecord,
  type Entry,
  type LogRecord,
} from "#runtime/log/record.ts";

const natural = fc.nat(2 ** 31);
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const payload = fc.oneof(
  fc.string(),
  natural,
  fc.boolean(),
  fc.uint8Array({ maxLength: 20 }),
  fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), natural, { noNullPrototype: true }),
);
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc
    .record({
      bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
      signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
      size: natural,
      index: natural,
      path: fc.array(bytes32, { maxLength: 3 }),
    })
    .map((signed): Entry => ({ kind: "envelope", signed: { id: cidOf(signed.bytes), ...signed } })),
  fc.record({
    kind: fc.constant("message" as const),
    from: natural,
    number: natural,
    role: fc.constantFrom("ask" as const, "answer" as const),
    floor: natural,
    payload,
  }),
  fc.record({ kind: fc.constant("given" as const), verb: fc.string(), body: payload }),
  fc.record({
    kind: fc.constant("derived" as const),
    verb: fc.string(),
    thread: fc.string(),
    body: payload,
  }),
);
const record: fc.Arbitrary<LogRecord> = fc.record({
  bucket: natural,
  index: natural,
  first: natural,
  parent: bytes32,
  generation: natural,
  revision: natural,
  atMs: natural,
  entries: fc.array(entry, { maxLength: 5 }),
});

describe("the bytes of a record", () => {
  it("come back as what they were made of", () => {
    fc.assert(
      fc.property(record, (one) => {
        expect(decodeRecord(encodeRecord(one))).toEqual(one);
      }),
    );
  });

  it("are accepted only if they are what the decoded record encodes to", () => {
    const mutation = fc.tuple(record, fc.nat(), fc.integer({ min: 1, max: 255 }));
    const property = fc.property(mutation, ([one, place, flip]) => {
      const bytes = encodeRecord(one);
      const at = place % bytes.length;
      bytes[at] = bytes[at]! ^ flip;
      try {
        const read = decodeRecord(bytes);
        expect(encodeRecord(read)).toEqual(bytes);
        expect(read).not.toEqual(one);
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed);
      }
      expect(hashRecord(bytes)).not.toEqual(hashRecord(encodeRecord(one)));
    });
    fc.assert(property, { numRuns: 300 });
  });

  const base: LogRecord = {
    bucket: 1,
    index: 2,
    first: 3,
    parent: new Uint8Array(32),
    generation: 1,
    revision: 1,
    atMs: 5,
    entries: [],
  };
  const given: Entry = { kind: "given", verb: "TICK", body: {} };
  const fields = (): unknown[] => decode(encodeRecord({ ...base, entries: [given] })) as unknown[];
  const rows: [string, (plain: unknown[]) => void, string][] = [
    ["another version", (plain) => (plain[0] = 2), "version 2"],
    ["a field more", (plain) => plain.push(0), "nine fields"],
    ["a short parent", (plain) => (plain[4] = new Uint8Array(31)), "32 bytes"],
    ["a negative position", (plain) => (plain[3] = -1), "first"],
    ["a T that is no whole number", (plain) => (plain[7] = "1"), "atMs"],
    ["entries that are no list", (plain) => (plain[8] = {}), "a list"],
    ["an unknown kind of entry", (plain) => (plain[8] = [[9, "TICK", {}]]), "unknown kind"],
    ["an entry with a field more", (plain) => (plain[8] = [[2, "TICK", {}, 0]]), "verb and a body"],
    ["a message without a role", (plain) => (plain[8] = [[1, 0, 0, 2, 0, 0]]), "role"],
    ["an envelope without bytes", (plain) => (plain[8] = [[0, "", "", 1, 0, []]]), "bytes"],
  ];
  it.each(rows)("are refused with %s", (_, spoil, message) => {
    const plain = fields();
    spoil(plain);
    expect(() => decodeRecord(encode(plain))).toThrow(message);
    expect(() => decodeRecord(encode(plain))).toThrow(Malformed);
  });
});
