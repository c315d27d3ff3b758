import { createHash } from "node:crypto";
import fc from "fast-check";
import { CID } from "multiformats/cid";
import * as digests from "multiformats/hashes/digest";
import { describe, expect, it } from "vitest";
import { Malformed } from "#envelope/canonical.ts";
import { bucketOf, cidOf, codecOf, digestOf, hex, isCid, sha256, unhex } from "#envelope/cid.ts";

const bytes = fc.uint8Array({ maxLength: 64 });
const codec = fc.constantFrom("dag-cbor" as const, "raw" as const);

describe("a CID", () => {
  it("is the text that multiformats writes", () => {
    fc.assert(
      fc.property(bytes, codec, (given, kind) => {
        const digest = createHash("sha256").update(given).digest();
        const code = kind === "raw" ? 0x55 : 0x71;
        const text = cidOf(given, kind);
        expect(text).toBe(CID.createV1(code, digests.create(0x12, digest)).toString());
        expect(isCid(text)).toBe(true);
        expect(codecOf(text)).toBe(kind);
        expect(hex(digestOf(text))).toBe(digest.toString("hex"));
        expect(bucketOf(text)).toBe(digest[0]);
      }),
    );
  });

  it("has one text: any other letter makes it another id or none", () => {
    const alphabet = "abcdefghijklmnopqrstuvwxyz234567ABC018-= ";
    const change = fc.record({
      at: fc.nat({ max: 58 }),
      letter: fc.constantFrom(...alphabet),
    });
    fc.assert(
      fc.property(bytes, change, (given, { at, letter }) => {
        const text = cidOf(given);
        const changed = text.slice(0, at) + letter + text.slice(at + 1);
        let expected = false;
        try {
          const parsed = CID.parse(changed);
          expected =
            // The parsed one remembers the text it came from, so it is built anew.
            CID.createV1(parsed.code, parsed.multihash).toString() === changed &&
            parsed.version === 1 &&
            (parsed.code === 0x71 || parsed.code === 0x55) &&
            parsed.multihash.code === 0x12 &&
            parsed.multihash.size === 32;
        } catch {
          expected = false;
        }
        expect(isCid(changed), changed).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["nothing", ""],
    ["a CIDv0", "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWPW9nm"],
    ["capitals", cidOf(new Uint8Array()).toUpperCase()],
    ["one letter more", `${cidOf(new Uint8Array())}a`],
    ["a newline at its end", `${cidOf(new Uint8Array()).slice(0, 58)}\n`],
  ])("is not %s", (_, text) => {
    expect(isCid(text)).toBe(false);
    expect(() => digestOf(text)).toThrow(Malformed);
    expect(() => bucketOf(text)).toThrow(Malformed);
  });
});

describe("sha256", () => {
  it("hashes its parts as one", () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), (parts) => {
        const expected = createHash("sha256").update(Buffer.concat(parts)).digest("hex");
        expect(hex(sha256(...parts))).toBe(expected);
      }),
    );
  });
});

describe("hex", () => {
  it("is lower case and reads back", () => {
    fc.assert(
      fc.property(bytes, (given) => {
        expect(unhex(hex(given))).toEqual(given);
      }),
    );
    for (const text of ["0", "0G", "AB", "0x00", "00 "]) {
      expect(() => unhex(text)).toThrow(Malformed);
    }
  });
});
