/**
 * Who a signed envelope says it is from, read from its wire alone: for whoever has to put it somewhere before
 * it is decoded and its signature is verified. It may be a lie, and may be no did at all.
 *
 * An envelope is the map {v, body, from, …} in this order, so all but the body is passed over by its bytes,
 * and the body by the heads of its values.
 */

import { Buffer } from "node:buffer";

/** The array of five that a signed envelope is. */
const SIGNED = 0x85;
/** Heads of byte strings with a length of one byte and of two. */
const BYTES_8 = 0x58;
const BYTES_16 = 0x59;
/** `v: 1, body:` and `from:` with the head of a text of 56 bytes, which every did has. */
const BODY = Uint8Array.of(0x61, 0x76, 0x01, 0x64, 0x62, 0x6f, 0x64, 0x79);
const FROM = Uint8Array.of(0x64, 0x66, 0x72, 0x6f, 0x6d, 0x78, 0x38);
const DID_BYTES = 56;
/** Minor of a head whose argument is in the byte behind it, and in the eight bytes. */
const ONE_BYTE = 24;
const EIGHT_BYTES = 27;

/** Undefined: it is no envelope, or one of 64 KiB and more. */
export const claimedSender = (wire: Uint8Array): string | undefined => {
  if (wire[0] !== SIGNED) return undefined;
  const isLong = wire[1] === BYTES_16;
  if (!isLong && wire[1] !== BYTES_8) return undefined;
  const length = isLong ? ((wire[2] ?? 0) << 8) | (wire[3] ?? 0) : (wire[2] ?? 0);
  const start = isLong ? 4 : 3;
  const end = Math.min(wire.length, start + length);
  // The head of the map is one byte: it has few fields.
  if (!stands(BODY, wire, start + 1)) return undefined;
  const from = behindItem(wire, start + 1 + BODY.length, end);
  if (from < 0 || !stands(FROM, wire, from)) return undefined;
  const at = from + FROM.length;
  if (at + DID_BYTES > end) return undefined;
  return Buffer.from(wire.buffer, wire.byteOffset + at, DID_BYTES).toString("latin1");
};

const stands = (expected: Uint8Array, bytes: Uint8Array, at: number): boolean => {
  for (let index = 0; index < expected.length; index++)
    if (expected[index] !== bytes[at + index]) return false;
  return true;
};

/** Where the item at `from` ends; -1: not before `end`. */
const behindItem = (bytes: Uint8Array, from: number, end: number): number => {
  let at = from;
  for (let items = 1; items > 0; items--) {
    if (at >= end) return -1;
    const first = bytes[at++] ?? 0;
    const major = first >>> 5;
    const minor = first & 31;
    if (minor > EIGHT_BYTES) return -1;
    const argumentBytes = minor < ONE_BYTE ? 0 : 1 << (minor - ONE_BYTE);
    let argument = argumentBytes === 0 ? minor : 0;
    for (const behind = at + argumentBytes; at < behind; at++)
      argument = argument * 0x100 + (bytes[at] ?? 0);
    if (major === 2 || major === 3) at += argument;
    else if (major === 4) items += argument;
    else if (major === 5) items += argument * 2;
    else if (major === 6) return -1;
  }
  return at > end ? -1 : at;
};
