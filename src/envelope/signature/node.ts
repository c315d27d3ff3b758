/** The suite over node:crypto (OpenSSL): always there. */

import { Buffer } from "node:buffer";
import { createPublicKey, verify, type KeyObject } from "node:crypto";

import { mayVerify } from "./acceptance.ts";
import type { SignatureSuite } from "./suite.ts";

/** Key objects remembered, as importing one takes half as long as a verification. About 4 MiB. */
const KEYS_MAX = 4_096;
/** RFC 8410: the DER of a public key is this prefix and its 32 bytes. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

const keys = new Map<string, KeyObject>();

const keyOf = (publicKey: Uint8Array): KeyObject => {
  const name = Buffer.from(publicKey).toString("latin1");
  const known = keys.get(name);
  if (known !== undefined) return known;
  const der = Buffer.concat([SPKI_PREFIX, publicKey]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  if (keys.size >= KEYS_MAX) keys.clear();
  keys.set(name, key);
  return key;
};

export const nodeSuite: SignatureSuite = {
  name: "node",
  verify: (publicKey, message, signature) => {
    if (!mayVerify(publicKey, signature)) return false;
    try {
      return verify(null, message, keyOf(publicKey), signature);
    } catch {
      // OpenSSL throws instead of answering false where the bytes are no point of the curve.
      return false;
    }
  },
};
