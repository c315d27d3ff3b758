/**
 * `did:key` of Ed25519 keys: `did:key:z` ‖ base58btc(`ed 01` ‖ 32 bytes). One key has one text, so a
 * text is accepted only if it is what `didOf` would have written.
 */

import { base58btc } from "multiformats/bases/base58";

import type { Did } from "./ids.ts";
import { Malformed } from "./malformed.ts";

/** Bytes of an Ed25519 public key. */
export const PUBLIC_KEY_BYTES = 32;
/** Keys remembered in each direction: all agents of a large swarm; 2 MiB at most. */
const KEYS_MAX = 16_384;
const PREFIX = "did:key:";
/** Every such text has this length and begins with `did:key:z6Mk` (the base58 image of `ed 01`). */
const TEXT = /^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/;

const keys = new Map<Did, Uint8Array>();

/** The one text of a public key; throws Malformed if it is not 32 bytes. */
export const didOf = (publicKey: Uint8Array): Did => {
  if (publicKey.length !== PUBLIC_KEY_BYTES) throw new Malformed("a public key has 32 bytes");
  const bytes = new Uint8Array(2 + PUBLIC_KEY_BYTES);
  bytes[0] = 0xed;
  bytes[1] = 0x01;
  bytes.set(publicKey, 2);
  return PREFIX + base58btc.encode(bytes);
};

/** The key of a did, not to be written to; undefined if the text is not exactly a did of ours. */
export const publicKeyOf = (did: Did): Uint8Array | undefined => {
  const known = keys.get(did);
  if (known !== undefined) return known;
  if (!TEXT.test(did)) return undefined;
  const bytes = base58btc.decode(did.slice(PREFIX.length));
  if (bytes.length !== 2 + PUBLIC_KEY_BYTES || bytes[0] !== 0xed || bytes[1] !== 0x01) {
    return undefined;
  }
  const publicKey = bytes.slice(2);
  if (didOf(publicKey) !== did) return undefined;
  if (keys.size >= KEYS_MAX) keys.clear();
  keys.set(did, publicKey);
  return publicKey;
};

export const isDid = (text: string): boolean => publicKeyOf(text) !== undefined;
