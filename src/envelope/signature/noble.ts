/**
 * The portable reference: our own equation over the points of @noble/ed25519. Slow (milliseconds), and
 * the one to read when two suites should ever disagree. The library's own `verify` is not used: it
 * multiplies by the cofactor and so accepts signatures that the others refuse.
 */

import { hash } from "node:crypto";

import { Point } from "@noble/ed25519";

import { mayVerify } from "./acceptance.ts";
import type { SignatureSuite } from "./suite.ts";

const ORDER = Point.CURVE().n;

export const nobleSuite: SignatureSuite = {
  name: "noble",
  verify: (publicKey, message, signature) =>
    mayVerify(publicKey, signature) && satisfies(publicKey, message, signature),
};

/** [S]B = R + [k]A, k = SHA-512(R ‖ A ‖ M) mod L. */
const satisfies = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  const A = pointOf(publicKey);
  const R = pointOf(signature.subarray(0, 32));
  if (A === undefined || R === undefined) return false;
  const S = littleEndian(signature.subarray(32));
  const hashed = new Uint8Array(64 + message.length);
  hashed.set(signature.subarray(0, 32), 0);
  hashed.set(publicKey, 32);
  hashed.set(message, 64);
  const k = littleEndian(hash("sha512", hashed, "buffer")) % ORDER;
  return Point.BASE.multiplyUnsafe(S).equals(R.add(A.multiplyUnsafe(k)));
};

/** Undefined where the bytes are no point of the curve. */
const pointOf = (bytes: Uint8Array): Point | undefined => {
  try {
    return Point.fromBytes(bytes);
  } catch {
    return undefined;
  }
};

const littleEndian = (bytes: Uint8Array): bigint => {
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index--) {
    value = (value << 8n) | BigInt(bytes[index] ?? 0);
  }
  return value;
};
