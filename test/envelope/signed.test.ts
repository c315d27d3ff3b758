import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode, Malformed } from "#envelope/canonical.ts";
import { cidOf, hex, sha256 } from "#envelope/cid.ts";
import type { Did } from "#envelope/ids.ts";
import { signerFromSeed, type Verifier } from "#envelope/keys.ts";
import { BATCH_ENVELOPES_MAX } from "#envelope/limits.ts";
import { bestSuite } from "#envelope/signature/suite.ts";
import {
  decodeSigned,
  encodeSigned,
  rootMessage,
  signEnvelopes,
  verifyAll,
  verifySigned,
  type SignedEnvelope,
} from "#envelope/signed.ts";

const signers = [1, 2, 3].map((byte) => signerFromSeed(new Uint8Array(32).fill(byte)));
const [alice, bob] = [signers[0], signers[1]];
if (alice === undefined || bob === undefined) throw new Error("there are three signers");
const suite = bestSuite();
const bytesOf = (count: number, from = 0): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => encode({ envelope: from + index }));

/** Counts what it is asked. A hash stands for the signature, so that many cases stay quick. */
const countingVerifier = () => {
  let calls = 0;
  const verifier: Verifier = {
    verify: (publicKey, message, signature) => {
      calls++;
      return hex(signature.subarray(0, 32)) === hex(sha256(publicKey, message));
    },
  };
  return { verifier, calls: () => calls };
};
const hashSigner = (publicKey: Uint8Array, did: Did) => ({
  did,
  publicKey,
  sign: (message: Uint8Array) => Buffer.concat([sha256(publicKey, message), new Uint8Array(32)]),
});

describe("a batch", () => {
  it("signs the domain, the size and the root", () => {
    const message = rootMessage(258, new Uint8Array(32).fill(255));
    expect(Buffer.from(message.subarray(0, 17)).toString("latin1")).toBe("canswarm/v1/root\0");
    expect(hex(message.subarray(17, 21))).toBe("00000102");
    expect(message.length).toBe(53);
  });

  it.each([1, 2, 3, 64, 255, 256])("of %i envelopes verifies member by member", (size) => {
    const signed = signEnvelopes(bytesOf(size), alice);
    const [first] = signed;
    expect(signed).toHaveLength(size);
    for (const index of [0, 1, size >> 1, size - 1]) {
      const member = signed[index % size] ?? first;
      if (member === undefined) throw new Error("a batch has a first member");
      expect(verifySigned(member, alice.publicKey, suite)).toBe(true);
      expect(verifySigned(member, bob.publicKey, suite)).toBe(false);
      expect(member.id).toBe(cidOf(member.bytes));
    }
    expect(
      verifyAll(
        signed,
        signed.map(() => alice.did),
        suite,
      ),
    ).toEqual(signed.map(() => true));
  });

  it("of one envelope has an empty path", () => {
    const [only] = signEnvelopes(bytesOf(1), alice);
    expect(only?.path).toEqual([]);
  });

  it("has 1 … 256 envelopes", () => {
    expect(() => signEnvelopes([], alice)).toThrow(Malformed);
    expect(() => signEnvelopes(bytesOf(BATCH_ENVELOPES_MAX + 1), alice)).toThrow(Malformed);
  });

  it("is verified once for all its members, hashing each node once", () => {
    const batches = [alice, bob].flatMap((signer) => {
      const fake = hashSigner(signer.publicKey, signer.did);
      return [signEnvelopes(bytesOf(64), fake), signEnvelopes(bytesOf(33, 100), fake)];
    });
    const members = batches.flat();
    const from = batches.flatMap((batch, index) => batch.map(() => (index < 2 ? alice : bob).did));
    const { verifier, calls } = countingVerifier();
    expect(verifyAll(members, from, verifier).every((verdict) => verdict)).toBe(true);
    expect(calls()).toBe(4);
  });

  it("is verified once, too, where its members come between those of others", () => {
    const fakes = [alice, bob].map(({ publicKey, did }) => hashSigner(publicKey, did));
    const [ours, theirs] = fakes.map((fake) => signEnvelopes(bytesOf(32), fake));
    const mixed = (ours ?? []).flatMap((member, at) => [member, theirs?.[at] ?? member]);
    const from = mixed.map((_, at) => (at % 2 === 0 ? alice : bob).did);
    const { verifier, calls } = countingVerifier();
    expect(verifyAll(mixed, from, verifier)).toEqual(mixed.map(() => true));
    expect(calls()).toBe(2);
  });

  it("that is refused is refused once, however many members say it", () => {
    const forged = signEnvelopes(bytesOf(64), hashSigner(bob.publicKey, bob.did));
    const { verifier, calls } = countingVerifier();
    const verdicts = verifyAll(
      forged,
      forged.map(() => alice.did),
      verifier,
    );
    expect(verdicts.some((verdict) => verdict)).toBe(false);
    expect(calls()).toBe(1);
  });
});

type Damage = (member: SignedEnvelope, other: SignedEnvelope, at: number) => SignedEnvelope;
const flip = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at % bytes.length ? byte ^ 1 : byte));
const DAMAGES: Readonly<Record<string, Damage>> = {
  none: (member) => member,
  bytes: (member, _, at) => ({ ...member, bytes: flip(member.bytes, at) }),
  otherBytes: (member, other) => ({ ...member, bytes: other.bytes }),
  signature: (member, _, at) => ({ ...member, signature: flip(member.signature, at % 32) }),
  shortSignature: (member) => ({ ...member, signature: member.signature.subarray(1) }),
  size: (member, other) => ({ ...member, size: other.size }),
  sizeOff: (member, _, at) => ({ ...member, size: member.size + (at % 3) - 1 }),
  index: (member, other) => ({ ...member, index: other.index }),
  indexOff: (member, _, at) => ({ ...member, index: member.index + (at % 5) - 2 }),
  otherPath: (member, other) => ({ ...member, path: other.path }),
  pathCut: (member) => ({ ...member, path: member.path.slice(1) }),
  pathLong: (member) => ({ ...member, path: [...member.path, new Uint8Array(32)] }),
  pathHash: (member, _, at) => ({
    ...member,
    path: member.path.map((hash, index) =>
      index === at % member.path.length ? flip(hash, at) : hash,
    ),
  }),
  pathWidth: (member) => ({ ...member, path: member.path.map((hash) => hash.subarray(1)) }),
};

describe("verifyAll", () => {
  it("S2: answers what verifySigned answers, for members damaged in every way and order", () => {
    const pick = fc.record({
      batch: fc.nat({ max: 3 }),
      index: fc.nat(),
      other: fc.nat(),
      at: fc.nat(),
      damage: fc.constantFrom(...Object.keys(DAMAGES), "none", "none"),
      sender: fc.constantFrom(0, 0, 0, 1),
    });
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 4, maxLength: 4 });
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(sizes, fc.array(pick, { minLength: 1, maxLength: 40 }), (given, picks) => {
        const batches = given.map((size, index) => {
          const signer = signers[index % 2] ?? alice;
          return signEnvelopes(bytesOf(size), hashSigner(signer.publicKey, signer.did));
        });
        const members: SignedEnvelope[] = [];
        const senders: (typeof alice)[] = [];
        for (const { batch, index, other, at, damage, sender } of picks) {
          const chosen = batches[batch] ?? [];
          const [member, another] = [chosen[index % chosen.length], chosen[other % chosen.length]];
          if (member === undefined || another === undefined) continue;
          members.push(DAMAGES[damage]?.(member, another, at) ?? member);
          senders.push(signers[(batch + sender) % 2] ?? alice);
        }
        const { verifier } = countingVerifier();
        const dids = senders.map(({ did }) => did);
        const alone = members.map((member, index) =>
          verifySigned(member, senders[index]?.publicKey ?? alice.publicKey, verifier),
        );
        expect(verifyAll(members, dids, verifier)).toEqual(alone);
        for (const verdict of alone) seen[`${verdict}`]++;
      }),
      { numRuns: 400 },
    );
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(500);
  });

  it("does not let a proven neighbour vouch for a path that leads elsewhere", () => {
    const signed = signEnvelopes(bytesOf(8), alice);
    const [first, second] = signed;
    if (first === undefined || second === undefined) throw new Error("there are eight");
    const path = second.path.map((hash, level) => (level === 2 ? new Uint8Array(32) : hash));
    const crooked = { ...second, path };
    expect(verifyAll([first, crooked], [alice.did, alice.did], suite)).toEqual([true, false]);
  });

  it("refuses senders that are no dids", () => {
    const signed = signEnvelopes(bytesOf(1), alice);
    expect(verifyAll(signed, ["did:web:example.org"], suite)).toEqual([false]);
    expect(verifyAll(signed, [], suite)).toEqual([false]);
  });
});

describe("the wire form", () => {
  const [, member] = signEnvelopes(bytesOf(5), alice);
  if (member === undefined) throw new Error("there are five");
  const { bytes, signature, size, index, path } = member;

  it("reads back with the id", () => {
    expect(decodeSigned(encodeSigned(member))).toEqual(member);
    expect(hex(encodeSigned(member))).toBe(hex(encode([bytes, signature, size, index, path])));
  });

  it.each<[string, unknown]>([
    ["a map", { bytes }],
    ["four fields", [bytes, signature, size, index]],
    ["six fields", [bytes, signature, size, index, path, 0]],
    ["text for bytes", ["x", signature, size, index, path]],
    ["a short signature", [bytes, signature.subarray(1), size, index, path]],
    ["size 0", [bytes, signature, 0, index, path]],
    ["size 257", [bytes, signature, 257, index, path]],
    ["an index at the size", [bytes, signature, size, size, path]],
    ["a negative index", [bytes, signature, size, -1, path]],
    ["a path that is no list", [bytes, signature, size, index, 0]],
    ["a path of nine", [bytes, signature, size, index, new Array(9).fill(new Uint8Array(32))]],
    ["a short hash", [bytes, signature, size, index, [new Uint8Array(31)]]],
    ["an envelope above 64 KiB", [new Uint8Array(65_537), signature, size, index, path]],
  ])("is refused with %s", (_, value) => {
    expect(() => decodeSigned(encode(value))).toThrow(Malformed);
  });
});
