import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode } from "#envelope/canonical.ts";
import { claimedSender } from "#envelope/claimed-sender.ts";
import { cidOf } from "#envelope/cid.ts";
import { encodeEnvelope, encodeSigned, signEnvelopes } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";

const [ada, bob] = [
  signerFromSeed(new Uint8Array(32).fill(1)),
  signerFromSeed(new Uint8Array(32).fill(2)),
];

const wireOf = (body: object, thread: string | undefined, from = ada.did): Uint8Array => {
  const { bytes } = encodeEnvelope({
    v: 1,
    swarm: "toy.0123456789abcdef",
    ...(thread === undefined ? {} : { thread }),
    verb: "ADD",
    from,
    nonce: 1,
    lamport: 1,
    sentAtMs: 1_700_000_000_000,
    expiresAtMs: 1_700_000_600_000,
    policy: "",
    body,
    refs: [],
  });
  return encodeSigned(signEnvelopes([bytes], ada)[0]!);
};

/** What a body may hold, and what looks like an envelope's own fields within it. */
const { value: bodies } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger(),
    fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((one) => !Number.isSafeInteger(one)),
    fc.boolean(),
    fc.constant(null),
    fc.string(),
    fc.constantFrom(bob.did, "from"),
    fc.uint8Array({ maxLength: 300 }),
    fc.constant(wireOf({ other: 1 }, undefined, bob.did)),
    fc.array(tie("value"), { maxLength: 30 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("from", "body", "v")), tie("value"), {
      maxKeys: 30,
    }),
  ),
}));

describe("the sender that a wire claims", () => {
  it("is the one in its envelope, whatever the body holds", () => {
    const threads = fc.constantFrom(undefined, cidOf(Uint8Array.of(1)), `acct:${ada.did}`);
    fc.assert(
      fc.property(fc.dictionary(fc.string(), bodies, { maxKeys: 30 }), threads, (body, thread) => {
        expect(claimedSender(wireOf(body, thread))).toBe(ada.did);
      }),
    );
  });

  it("is none where the bytes end too early", () => {
    const wire = wireOf({ from: bob.did, more: [1, { a: -5 }] }, undefined);
    const whole = 4 + encode({ from: bob.did, more: [1, { a: -5 }] }).length + 80;
    for (let length = 0; length < whole - 8; length += 1)
      expect(claimedSender(wire.subarray(0, length)) ?? ada.did).toBe(ada.did);
    expect(claimedSender(wire.subarray(0, 60))).toBeUndefined();
  });

  it.each([
    ["nothing", new Uint8Array(0)],
    ["no array of five", encode([1, 2, 3])],
    ["no bytes in it", encode([1, 2, 3, 4, 5])],
    ["another map in it", encode([encode({ v: 1, from: ada.did }), 2, 3, 4, 5])],
    ["a sender that is no text", encode([encode({ v: 1, body: {}, from: 5 }), 2, 3, 4, 5])],
    ["a sender that is too short", encode([encode({ v: 1, body: {}, from: "me" }), 2, 3, 4, 5])],
    [
      "a body that ends nowhere",
      encode([Uint8Array.of(0xa1, 0x61, 0x76, 1, 0x64, 0x62, 0x6f, 0x64, 0x79, 0xbf), 2, 3, 4, 5]),
    ],
    [
      "a body longer than all there is",
      encode([
        Uint8Array.of(
          0xa1,
          0x61,
          0x76,
          1,
          0x64,
          0x62,
          0x6f,
          0x64,
          0x79,
          0x9a,
          255,
          255,
          255,
          255,
          0,
        ),
        2,
        3,
        4,
        5,
      ]),
    ],
  ])("is none where there is %s", (_, wire) => expect(claimedSender(wire)).toBeUndefined());

  it("throws of no bytes, spoilt ones neither", () => {
    const wire = wireOf({ from: bob.did, list: [1, 2, { x: "y" }] }, undefined);
    const spoilt = fc.record({ at: fc.nat(wire.length - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(spoilt, { maxLength: 4 }), (changes) => {
        const bytes = wire.slice();
        for (const { at, byte } of changes) bytes[at] = byte;
        expect(claimedSender(bytes)?.length ?? 56).toBe(56);
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void claimedSender(bytes)));
  });
});
