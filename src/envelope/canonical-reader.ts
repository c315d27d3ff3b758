/** The reading half of canonical.ts: every rule is checked where its byte is read. */

import { Buffer } from "node:buffer";

import { DEPTH_MAX, FALSE, FLOAT64, INTEGER_MAX, MAJOR, NULL, TRUE } from "./canonical-writer.ts";
import { Malformed } from "./malformed.ts";
import { roomFor } from "./slab.ts";

/** Short ASCII texts (keys, verbs) are looked up in a table of this many slots before being built. */
const TABLE_SLOTS = 1_024;
const TABLE_TEXT_BYTES = 24;

const table: string[] = new Array<string>(TABLE_SLOTS).fill("");
/** Ids, keys and names come again and again: texts up to so many bytes are looked for among the last. */
const RECENT_SLOTS = 4_096;
const RECENT_TEXT_BYTES = 72;
const recent: string[] = new Array<string>(RECENT_SLOTS).fill("");
/** Of any bytes, not of a Buffer alone. */
const { latin1Slice } = Buffer.prototype as unknown as {
  readonly latin1Slice: (this: Uint8Array, from: number, end: number) => string;
};
/** Up to so many bytes are copied in a loop; a native call only pays beyond it. */
const COPIED_MAX = 64;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const double = new DataView(new ArrayBuffer(8));

export class Reader {
  private readonly bytes: Uint8Array;
  private readonly shares: boolean;
  private at = 0;

  /** `shares`: byte strings are views of `bytes`, not copies. */
  constructor(bytes: Uint8Array, shares = false) {
    this.shares = shares;
    this.bytes = bytes;
  }

  /** The one item that is all of the bytes. */
  whole(): unknown {
    const value = this.item(0);
    if (this.at !== this.bytes.length) throw new Malformed("bytes follow the value");
    return value;
  }

  private item(depth: number): unknown {
    const first = this.byte();
    switch (first >>> 5) {
      case MAJOR.uint:
        return this.argument(first & 31);
      case MAJOR.negative:
        return this.negative(first & 31);
      case MAJOR.bytes:
        return this.octets(this.length(first & 31));
      case MAJOR.text:
        return this.text(this.length(first & 31));
      case MAJOR.array:
        return this.list(this.length(first & 31), depth + 1);
      case MAJOR.map:
        return this.map(this.length(first & 31), depth + 1);
      case 6:
        throw new Malformed("tags are not used; ids are text");
      default:
        return this.simple(first);
    }
  }

  private byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new Malformed("the bytes end inside a value");
    this.at++;
    return byte;
  }

  /** The argument of a head, in its shortest form only (C3). */
  private argument(minor: number): number | bigint {
    if (minor < 24) return minor;
    const { bytes, at } = this;
    const size = minor <= 27 ? 1 << (minor - 24) : 0;
    if (size === 0) throw new Malformed("indefinite lengths are not used");
    if (at + size > bytes.length) throw new Malformed("the bytes end inside a number");
    this.at = at + size;
    switch (size) {
      case 1:
        return shortest(bytes[at] ?? 0, 24);
      case 2:
        return shortest(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0), 0x100);
      case 4:
        return shortest(this.word(at), 0x1_0000);
      default: {
        const high = this.word(at);
        const low = this.word(at + 4);
        if (high <= 0x1f_ffff) return shortest(high * 0x1_0000_0000 + low, 0x1_0000_0000);
        const value = (BigInt(high) << 32n) | BigInt(low);
        if (value > INTEGER_MAX) throw new Malformed("an integer is above 2^63 − 1");
        return value;
      }
    }
  }

  /** Four bytes, the high ones first. */
  private word(at: number): number {
    const { bytes } = this;
    const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const low = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    return high * 0x1_0000 + low;
  }

  private negative(minor: number): number {
    const argument = this.argument(minor);
    if (typeof argument === "bigint" || argument === Number.MAX_SAFE_INTEGER) {
      throw new Malformed("an integer is below −(2^53 − 1)");
    }
    return -1 - argument;
  }

  /** A length can never exceed what is left: each element takes at least one byte. */
  private length(minor: number): number {
    const length = this.argument(minor);
    if (typeof length === "bigint" || length > this.bytes.length - this.at) {
      throw new Malformed("a length is beyond the end");
    }
    return length;
  }

  private octets(length: number): Uint8Array {
    const { bytes, at } = this;
    this.at += length;
    if (this.shares) return new Uint8Array(bytes.buffer, bytes.byteOffset + at, length);
    const value = roomFor(length);
    if (length > COPIED_MAX) value.set(bytes.subarray(at, at + length));
    else for (let index = 0; index < length; index++) value[index] = bytes[at + index] ?? 0;
    return value;
  }

  private text(length: number): string {
    const { bytes, at } = this;
    const end = at + length;
    this.at = end;
    if (length > TABLE_TEXT_BYTES) {
      for (let index = at; index < end; index++) {
        if ((bytes[index] ?? 0) > 0x7f) return utf8(bytes.subarray(at, end));
      }
      if (length > RECENT_TEXT_BYTES) return latin1Slice.call(bytes, at, end);
      // The ends of ids differ most.
      const tail =
        ((bytes[end - 2] ?? 0) << 5) ^ (bytes[end - 3] ?? 0) ^ ((bytes[end - 4] ?? 0) << 8);
      return this.tabled(recent, at, length, tail & (RECENT_SLOTS - 1));
    }
    let hash = length;
    for (let index = at; index < end; index++) {
      const unit = bytes[index] ?? 0;
      if (unit > 0x7f) return utf8(bytes.subarray(at, end));
      hash = (hash * 31 + unit) | 0;
    }
    return this.tabled(table, at, length, hash & (TABLE_SLOTS - 1));
  }

  /** The text in this slot if it is the one, or else a fresh one that stands there from now on. */
  private tabled(texts: string[], at: number, length: number, slot: number): string {
    const known = texts[slot] ?? "";
    if (known.length === length) {
      let index = 0;
      while (index < length && known.charCodeAt(index) === this.bytes[at + index]) index++;
      if (index === length) return known;
    }
    const fresh = latin1Slice.call(this.bytes, at, at + length);
    texts[slot] = fresh;
    return fresh;
  }

  private list(length: number, depth: number): unknown[] {
    if (depth > DEPTH_MAX) throw new Malformed(`nested deeper than ${DEPTH_MAX}`);
    const value: unknown[] = [];
    for (let index = 0; index < length; index++) value.push(this.item(depth));
    return value;
  }

  private map(length: number, depth: number): Record<string, unknown> {
    if (depth > DEPTH_MAX) throw new Malformed(`nested deeper than ${DEPTH_MAX}`);
    const value: Record<string, unknown> = {};
    let previousAt = -1;
    let previousLength = 0;
    for (let index = 0; index < length; index++) {
      const first = this.byte();
      if (first >>> 5 !== MAJOR.text) throw new Malformed("a map key is not text");
      const keyLength = this.length(first & 31);
      const keyAt = this.at;
      if (previousAt >= 0 && !this.ascends(previousAt, previousLength, keyAt, keyLength)) {
        throw new Malformed("map keys are not in canonical order, or repeated");
      }
      previousAt = keyAt;
      previousLength = keyLength;
      const key = this.text(keyLength);
      const field = this.item(depth);
      // A plain assignment of this one key would call the prototype's setter and lose the entry.
      if (key === "__proto__") define(value, key, field);
      else value[key] = field;
    }
    return value;
  }

  /** C2 on the raw bytes of two keys. */
  private ascends(at: number, length: number, nextAt: number, nextLength: number): boolean {
    if (length !== nextLength) return length < nextLength;
    for (let index = 0; index < length; index++) {
      const difference = (this.bytes[at + index] ?? 0) - (this.bytes[nextAt + index] ?? 0);
      if (difference !== 0) return difference < 0;
    }
    return false;
  }

  private simple(first: number): unknown {
    if (first === NULL) return null;
    if (first === TRUE) return true;
    if (first === FALSE) return false;
    if (first === 0xf7) throw new Malformed("undefined is not a value");
    if (first !== FLOAT64) throw new Malformed("simple values and short floats are not used");
    if (this.at + 8 > this.bytes.length) throw new Malformed("the bytes end inside a number");
    double.setUint32(0, this.word(this.at));
    double.setUint32(4, this.word(this.at + 4));
    const value = double.getFloat64(0);
    this.at += 8;
    if (!Number.isFinite(value)) throw new Malformed("a float is not finite");
    // C4; this also refuses −0, which is written as the integer 0.
    if (Number.isSafeInteger(value)) throw new Malformed("an integer is written as a float");
    return value;
  }
}

const shortest = (value: number, least: number): number => {
  if (value < least) throw new Malformed("a head is not in its shortest form");
  return value;
};

const utf8 = (bytes: Uint8Array): string => {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Malformed("text is not UTF-8");
  }
};

const define = (target: object, key: string, value: unknown): void => {
  Object.defineProperty(target, key, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  });
};
