/** The fastest suite: libsodium by `sodium-native`, an optional dependency with a native part. */

import { createRequire } from "node:module";

import { mayVerify } from "./acceptance.ts";
import type { SignatureSuite } from "./suite.ts";

/** The part of sodium-native that is used. */
export interface Sodium {
  crypto_sign_seed_keypair(publicKey: Uint8Array, secret: Uint8Array, seed: Uint8Array): void;
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secret: Uint8Array): void;
  crypto_sign_verify_detached(
    signature: Uint8Array,
    message: Uint8Array,
    publicKey: Uint8Array,
  ): boolean;
}

/** A static import would make the optional package a needed one; this is known at once, or not there. */
const load = (): Sodium | undefined => {
  try {
    const loaded: Sodium = createRequire(import.meta.url)("sodium-native");
    return loaded;
  } catch {
    return undefined;
  }
};

/** Undefined where the package is not installed or has no build for this machine. */
export const sodium: Sodium | undefined = load();

const suiteOf = (library: Sodium): SignatureSuite => ({
  name: "sodium",
  verify: (publicKey, message, signature) =>
    mayVerify(publicKey, signature) &&
    library.crypto_sign_verify_detached(signature, message, publicKey),
});

export const sodiumSuite: SignatureSuite | undefined =
  sodium === undefined ? undefined : suiteOf(sodium);
