/**
 * A key of ours as an NKey, the name under which NATS servers know an Ed25519 key: `U…` is base32 of a
 * prefix byte, the 32 bytes and a checksum (CRC-16/XMODEM, the lower byte first). So an agent needs no
 * second key: its did names its NKey.
 *
 * To let a client in the server sends a nonce, and the client signs it. A server that lies could send
 * anything in its place; only what looks like a nonce is signed, so no signature over it can be taken for
 * one over an envelope, which begins with words and a zero byte.
 */

import type { Authenticator } from "nats";
import { base32 } from "multiformats/bases/base32";

const USER_PREFIX = 20 << 3;
const POLYNOMIAL = 0x1021;
/** The prefix byte, 32 bytes and the checksum fill 56 characters. */
const USER_NKEY = /^U[A-Z2-7]{55}$/;
/** base64url of a few bytes, and nothing longer. */
const NONCE = /^[\w-]{8,64}$/;

const checksum = (bytes: Uint8Array): number => {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1)
      crc = (crc & 0x8000) === 0 ? (crc << 1) & 0xffff : ((crc << 1) ^ POLYNOMIAL) & 0xffff;
  }
  return crc;
};

/** `U…`: what the servers' configuration names. */
export const nkeyOf = (publicKey: Uint8Array): string => {
  const named = Uint8Array.of(USER_PREFIX, ...publicKey);
  const crc = checksum(named);
  const whole = Uint8Array.of(...named, crc & 0xff, crc >> 8);
  return base32.encode(whole).slice(1).toUpperCase();
};

/** Whether it is the public key of a user: no seed, no account, and no letter of it wrong. */
export const isUserNkey = (text: string): boolean =>
  USER_NKEY.test(text) && nkeyOf(base32.decode(`b${text.toLowerCase()}`).slice(1, -2)) === text;

export interface NkeySigner {
  readonly publicKey: Uint8Array;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** Shows the key to a server that asks for one; one that asks for none does not mind. */
export const signerAuthenticator =
  ({ publicKey, sign }: NkeySigner): Authenticator =>
  (nonce) => {
    if (nonce === undefined || !NONCE.test(nonce)) return;
    const signature = sign(new TextEncoder().encode(nonce));
    return { nkey: nkeyOf(publicKey), sig: Buffer.from(signature).toString("base64url") };
  };
