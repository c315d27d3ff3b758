/**
 * Who signs and who verifies, as the layers above see it. Both are passed in, so that a simulation may
 * use a keyed hash instead.
 */

import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, sign as signWithNode } from "node:crypto";

import { didOf } from "./did.ts";
import type { Did } from "./ids.ts";
import { Malformed } from "./malformed.ts";
import { sodium } from "./signature/sodium.ts";
import { nativeRoomFor } from "./slab.ts";

/** Bytes of an Ed25519 seed, the private key of RFC 8032. */
export const SEED_BYTES = 32;
/** Bytes of a signature. */
export const SIGNATURE_BYTES = 64;

export interface Signer {
  readonly did: Did;
  /** 32 bytes, not to be written to. */
  readonly publicKey: Uint8Array;
  /**
   * 64 bytes, which keep a slab (slab.ts, L3); of the message nothing is kept. Ed25519 is deterministic, so
   * the same message gives the same signature.
   */
  readonly sign: (message: Uint8Array) => Uint8Array;
}

export interface Verifier {
  /** By the one acceptance rule of signature/acceptance.ts; never throws, and keeps nothing. */
  readonly verify: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
}

/** A signer over a 32-byte seed. libsodium signs twice as fast as OpenSSL where it can be loaded. */
export const signerFromSeed = (seed: Uint8Array): Signer => {
  if (seed.length !== SEED_BYTES) throw new Malformed("a seed has 32 bytes");
  return sodium === undefined ? nodeSigner(seed) : sodiumSigner(seed, sodium);
};

const sodiumSigner = (seed: Uint8Array, library: NonNullable<typeof sodium>): Signer => {
  const publicKey = new Uint8Array(32);
  const secret = new Uint8Array(64);
  library.crypto_sign_seed_keypair(publicKey, secret, seed);
  return {
    did: didOf(publicKey),
    publicKey,
    sign: (message) => {
      const signature = nativeRoomFor(SIGNATURE_BYTES);
      library.crypto_sign_detached(signature, message, secret);
      return signature;
    },
  };
};

/** RFC 8410: the DER of a private key is this prefix and the seed. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** The same signer over node:crypto; exported for the test that the two agree. */
export const nodeSigner = (seed: Uint8Array): Signer => {
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  const publicKey = new Uint8Array(spki.subarray(spki.length - 32));
  return {
    did: didOf(publicKey),
    publicKey,
    sign: (message) => new Uint8Array(signWithNode(null, message, key)),
  };
};
