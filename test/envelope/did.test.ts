import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Malformed } from "#envelope/canonical.ts";
import { hex, unhex } from "#envelope/cid.ts";
import { didOf, isDid, publicKeyOf } from "#envelope/did.ts";
import { signerFromSeed } from "#envelope/keys.ts";

/** The did:key method's own example. */
const KNOWN = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp";
const KNOWN_KEY = "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29";

describe("a did", () => {
  it("is the did:key of its method's example", () => {
    expect(didOf(unhex(KNOWN_KEY))).toBe(KNOWN);
    expect(hex(publicKeyOf(KNOWN) ?? new Uint8Array())).toBe(KNOWN_KEY);
    expect(signerFromSeed(new Uint8Array(32)).did).toBe(KNOWN);
  });

  it("reads back to the key it was made of", () => {
    const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(keys, (key) => {
        const did = didOf(key);
        expect(publicKeyOf(did)).toEqual(key);
        expect(publicKeyOf(did)).toEqual(key); // from memory
      }),
    );
    expect(isDid(didOf(new Uint8Array(32)))).toBe(true);
    expect(isDid(didOf(new Uint8Array(32).fill(255)))).toBe(true);
  });

  it.each([
    ["nothing", ""],
    ["another method", KNOWN.replace("key", "web")],
    ["another base", KNOWN.replace(":z", ":f")],
    ["a letter that base58 lacks", KNOWN.replace("Wp", "0p")],
    ["a shorter one", KNOWN.slice(0, -1)],
    ["a longer one", `${KNOWN}1`],
    ["a leading one, another text of the same number", KNOWN.replace(":z", ":z1").slice(0, -1)],
    ["an X25519 key", "did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F"],
    ["a number above 34 bytes", `did:key:z6Mk${"z".repeat(44)}`],
  ])("is not %s", (_, text) => {
    expect(publicKeyOf(text)).toBeUndefined();
  });

  it("is not made of a key of another length", () => {
    expect(() => didOf(new Uint8Array(31))).toThrow(Malformed);
    expect(() => signerFromSeed(new Uint8Array(33))).toThrow(Malformed);
  });
});
