import { createHash } from "node:crypto";
import { Point } from "@noble/ed25519";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hex, unhex } from "#envelope/cid.ts";
import { nodeSigner, signerFromSeed } from "#envelope/keys.ts";
import { isSoundPoint } from "#envelope/signature/acceptance.ts";
import { nobleSuite } from "#envelope/signature/noble.ts";
import { nodeSuite } from "#envelope/signature/node.ts";
import { sodiumSuite } from "#envelope/signature/sodium.ts";
import { bestSuite, type SignatureSuite } from "#envelope/signature/suite.ts";
import vectors from "../vectors/ed25519.json" with { type: "json" };
import wycheproof from "../vectors/wycheproof-ed25519.json" with { type: "json" };

const ORDER = Point.CURVE().n;
const P = Point.CURVE().p;

const requireSodium = (): SignatureSuite => {
  if (sodiumSuite === undefined) throw new Error("sodium-native is installed but does not load");
  return sodiumSuite;
};
const suites = (): readonly SignatureSuite[] => [nobleSuite, nodeSuite, requireSodium()];

/** The verdict of all suites, which must be one. */
const verdictOf = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  const verdicts = suites().map((suite) => suite.verify(publicKey, message, signature));
  const shown = `${hex(publicKey)} ${hex(message)} ${hex(signature)}`;
  expect(new Set(verdicts).size, `${shown}: ${verdicts.join()}`).toBe(1);
  return verdicts[0] === true;
};

const littleEndian = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${hex(bytes.toReversed())}`);

/** A point of order 8: what is left of some point when its prime-order part is taken away. */
const torsionGenerator = (): Point => {
  for (let y = 2n; ; y++) {
    let point: Point;
    try {
      point = Point.fromBytes(littleEndian(y));
    } catch {
      continue;
    }
    const rest = point.multiplyUnsafe(ORDER - 1n).add(point);
    if (!rest.double().double().is0()) return rest;
  }
};
const T = torsionGenerator();
const torsion = Array.from({ length: 8 }, (_, index) => T.multiplyUnsafe(BigInt(index)));

/** S that satisfies the equation up to the small-order parts added to A and R. */
const forge = (a: bigint, r: bigint, toA: Point, toR: Point, message: Uint8Array) => {
  const A = Point.BASE.multiply(a).add(toA).toBytes();
  const R = Point.BASE.multiply(r).add(toR).toBytes();
  const digest = createHash("sha512").update(R).update(A).update(message).digest();
  const k = numberOf(digest) % ORDER;
  return { A, k, signature: Buffer.concat([R, littleEndian((r + k * a) % ORDER)]) };
};

describe("the acceptance rule", () => {
  it("knows all eight points of small order, in every encoding", () => {
    for (const point of torsion) {
      const bytes = point.toBytes();
      expect(isSoundPoint(bytes, 0), hex(bytes)).toBe(false);
      bytes[31] = (bytes[31] ?? 0) ^ 0x80; // the mirrored point, or x = 0 with its sign bit set
      expect(isSoundPoint(bytes, 0), hex(bytes)).toBe(false);
    }
    expect(new Set(torsion.map((point) => point.toHex())).size).toBe(8);
  });

  it("refuses each of the nineteen coordinates at or above the prime, with either sign", () => {
    for (let y = P; y < 2n ** 255n; y++) {
      for (const sign of [0n, 1n << 255n]) {
        expect(isSoundPoint(littleEndian(y + sign), 0), `${y}`).toBe(false);
      }
    }
    expect(isSoundPoint(littleEndian(P - 2n), 0)).toBe(true);
    expect(isSoundPoint(littleEndian(2n), 0)).toBe(true);
  });

  it("answers the twelve edge cases of speccheck the same in every suite", () => {
    expect(vectors.speccheck.cases).toHaveLength(12);
    for (const { why, message, publicKey, signature, accepted } of vectors.speccheck.cases) {
      expect(verdictOf(unhex(publicKey), unhex(message), unhex(signature)), why).toBe(accepted);
    }
  });

  it("signs and verifies as RFC 8032 prints it", () => {
    for (const { seed, message, publicKey, signature } of vectors.rfc8032.cases) {
      for (const signer of [signerFromSeed(unhex(seed)), nodeSigner(unhex(seed))]) {
        expect(hex(signer.publicKey)).toBe(publicKey);
        expect(hex(signer.sign(unhex(message)))).toBe(signature);
      }
      expect(verdictOf(unhex(publicKey), unhex(message), unhex(signature))).toBe(true);
    }
  });

  it("refuses S + L, the other form of the same number", () => {
    const signer = signerFromSeed(new Uint8Array(32).fill(1));
    const message = new Uint8Array([1, 2, 3]);
    const signature = signer.sign(message);
    expect(verdictOf(signer.publicKey, message, signature)).toBe(true);
    const S = numberOf(signature.subarray(32));
    for (const other of [S + ORDER, S + 2n * ORDER]) {
      const changed = Buffer.concat([signature.subarray(0, 32), littleEndian(other)]);
      expect(verdictOf(signer.publicKey, message, changed)).toBe(false);
    }
  });

  it("refuses every pair of small-order key and commitment", () => {
    const message = new Uint8Array([9]);
    for (const A of torsion) {
      for (const R of torsion) {
        const signature = Buffer.concat([R.toBytes(), new Uint8Array(32)]);
        expect(verdictOf(A.toBytes(), message, signature)).toBe(false);
      }
    }
  });

  it("accepts mixed order exactly where the equation holds without the cofactor", () => {
    let accepted = 0;
    for (let round = 0; round < 32; round++) {
      const message = Uint8Array.of(round);
      const [inA, inR] = [round % 8, (round >> 2) % 8];
      const [toA, toR] = [torsion[inA] ?? T, torsion[inR] ?? T];
      const { A, k, signature } = forge(7n ** 40n, 11n ** 50n, toA, toR, message);
      const holds = (BigInt(inR) + k * BigInt(inA)) % 8n === 0n;
      expect(verdictOf(A, message, signature)).toBe(holds);
      if (holds) accepted++;
    }
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(32);
  });

  it("takes 32 and 64 bytes only", () => {
    const signer = signerFromSeed(new Uint8Array(32).fill(2));
    const message = new Uint8Array(4);
    const signature = signer.sign(message);
    expect(verdictOf(signer.publicKey.subarray(1), message, signature)).toBe(false);
    expect(verdictOf(signer.publicKey, message, signature.subarray(1))).toBe(false);
    expect(verdictOf(signer.publicKey, message, Buffer.concat([signature, signature]))).toBe(false);
  });
});

describe("the three suites", () => {
  it("agree on valid, damaged, non-canonical, small-order and mixed-order input", () => {
    const scalar = fc.bigInt({ min: 1n, max: ORDER - 1n });
    const place = fc.integer({ min: 0, max: 7 });
    const damage = fc.oneof(
      fc.constant(undefined),
      fc.record({ at: fc.integer({ min: 0, max: 95 }), bit: fc.integer({ min: 0, max: 7 }) }),
      fc.record({ at: fc.constantFrom(31, 63, 95), bit: fc.integer({ min: 4, max: 7 }) }),
    );
    const shape = fc.tuple(scalar, scalar, place, place, fc.uint8Array({ maxLength: 40 }), damage);
    let accepted = 0;
    fc.assert(
      fc.property(shape, ([a, r, inA, inR, message, change]) => {
        const pure = inA > 3;
        const toA = torsion[pure ? 0 : inA] ?? T;
        const toR = torsion[pure ? 0 : inR] ?? T;
        const { A, signature } = forge(a, r, toA, toR, message);
        const all = Buffer.concat([A, signature]);
        if (change !== undefined) all[change.at] = (all[change.at] ?? 0) ^ (1 << change.bit);
        const verdict = verdictOf(all.subarray(0, 32), message, all.subarray(32));
        if (change === undefined && pure) expect(verdict).toBe(true);
        if (verdict) accepted++;
      }),
      { numRuns: 150 },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  it("agree on bytes that are no points at all", () => {
    const bytes = (count: number) => fc.uint8Array({ minLength: count, maxLength: count });
    fc.assert(
      fc.property(bytes(32), bytes(8), bytes(64), (publicKey, message, signature) => {
        expect(verdictOf(publicKey, message, signature)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  it("choose libsodium where it loads", () => {
    expect(bestSuite()).toBe(requireSodium());
  });
});

/** Cases in the file of Project Wycheproof that test/vectors/README.md names. */
const WYCHEPROOF_CASES = 151;

describe("Wycheproof", () => {
  it("is answered as it says, by every suite, in every one of its cases", () => {
    const seen = new Set<number>();
    for (const { publicKey, cases } of wycheproof.keys) {
      for (const { tcId, msg, sig, result } of cases) {
        const verdict = verdictOf(unhex(publicKey), unhex(msg), unhex(sig));
        expect(verdict, `tcId ${tcId}`).toBe(result === "valid");
        seen.add(tcId);
      }
    }
    expect(seen.size).toBe(WYCHEPROOF_CASES);
  });
});
