/**
 * The writing half of canonical.ts. A thread writes one value at a time: a getter of the value must neither
 * encode nor decode.
 */

import { Buffer } from "node:buffer";

import { Malformed } from "./malformed.ts";
import { HEAP_BYTES_MAX, PART_BYTES_MAX, slab } from "./slab.ts";

/** Nesting of arrays and maps. Deeper values would only serve to exhaust the stack. */
export const DEPTH_MAX = 128;
/** 2^63 − 1: the largest integer, so that an amount fits a signed 64-bit column. */
export const INTEGER_MAX = 0x7fff_ffff_ffff_ffffn;

const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** Where what fits into no slab is written: it starts with one envelope of the largest size. */
const SCRATCH_BYTES = 65_536;
/** A scratch buffer grown beyond this (by a snapshot) is given back after the call. */
const SCRATCH_KEPT_BYTES = 1_048_576;
/** Up to so many keys are sorted by insertion. */
const FEW_KEYS = 24;
/** Text up to this many units is copied in a loop; a native call only pays beyond it. */
const SHORT_TEXT_UNITS = 72;

export const MAJOR = { uint: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5 } as const;
export const FALSE = 0xf4;
export const TRUE = 0xf5;
export const NULL = 0xf6;
export const FLOAT64 = 0xfb;

let scratch = Buffer.alloc(SCRATCH_BYTES);
/** Where the value is written: in the slab, where most results stay, or in `scratch`. */
let target = slab.bytes;
let view = slab.view;
let start = 0;
let at = 0;

export const write = (value: unknown): Uint8Array => {
  start = slab.open();
  at = start;
  target = slab.bytes;
  view = slab.view;
  try {
    item(value, 0);
    return taken(at - start);
  } finally {
    // Whether it was written or not, what it outgrew is given back.
    target = slab.bytes;
    view = slab.view;
    if (scratch.length > SCRATCH_KEPT_BYTES) scratch = Buffer.alloc(SCRATCH_BYTES);
  }
};

/** What was written, `size` bytes, where it may stay. */
const taken = (size: number): Uint8Array => {
  if (size <= HEAP_BYTES_MAX) {
    const bytes = new Uint8Array(size);
    for (let index = 0; index < size; index++) bytes[index] = target[start + index] ?? 0;
    return bytes;
  }
  if (target === slab.bytes && size <= PART_BYTES_MAX) return slab.take(size);
  const bytes = new Uint8Array(size);
  bytes.set(target.subarray(start, at));
  return bytes;
};

/** Room for so many bytes more: what has been written moves to the scratch buffer, which grows. */
const reserve = (count: number): void => {
  if (at + count <= target.length) return;
  const size = at - start;
  const isLarge = scratch.length >= size + count;
  const to = isLarge ? scratch : Buffer.alloc(Math.max(scratch.length * 2, size + count));
  target.copy(to, 0, start, at);
  scratch = to;
  target = to;
  view = new DataView(to.buffer, to.byteOffset, to.byteLength);
  start = 0;
  at = size;
};

const item = (value: unknown, depth: number): void => {
  switch (typeof value) {
    case "string":
      return text(value);
    case "number":
      return numeral(value);
    case "object":
      if (value === null) return single(NULL);
      if (depth >= DEPTH_MAX) throw new Malformed(`nested deeper than ${DEPTH_MAX}`);
      if (Array.isArray(value)) return list(value, depth);
      if (value instanceof Uint8Array) return octets(value);
      return map(value as Record<string, unknown>, depth);
    case "boolean":
      return single(value ? TRUE : FALSE);
    case "bigint":
      return bigNumeral(value);
    default:
      throw new Malformed(`a ${typeof value} has no encoding`);
  }
};

const single = (byte: number): void => {
  reserve(1);
  target[at++] = byte;
};

/** Major type and argument in the shortest form. */
const head = (major: number, argument: number): void => {
  reserve(9);
  const high = major << 5;
  if (argument < 24) {
    target[at++] = high | argument;
  } else if (argument < 0x100) {
    target[at++] = high | 24;
    target[at++] = argument;
  } else if (argument < 0x1_0000) {
    target[at++] = high | 25;
    target[at++] = argument >>> 8;
    target[at++] = argument & 0xff;
  } else if (argument < 0x1_0000_0000) {
    target[at++] = high | 26;
    view.setUint32(at, argument);
    at += 4;
  } else {
    target[at++] = high | 27;
    view.setUint32(at, Math.floor(argument / 0x1_0000_0000));
    view.setUint32(at + 4, argument % 0x1_0000_0000);
    at += 8;
  }
};

const numeral = (value: number): void => {
  if (Number.isSafeInteger(value)) {
    return value >= 0 ? head(MAJOR.uint, value) : head(MAJOR.negative, -1 - value);
  }
  if (!Number.isFinite(value)) throw new Malformed(`${value} has no encoding`);
  reserve(9);
  target[at++] = FLOAT64;
  view.setFloat64(at, value);
  at += 8;
};

const bigNumeral = (value: bigint): void => {
  if (value < 0n || value > INTEGER_MAX) throw new Malformed("an integer is outside 0 … 2^63 − 1");
  if (value <= SAFE_MAX) return head(MAJOR.uint, Number(value));
  reserve(9);
  target[at++] = 27;
  view.setBigUint64(at, value);
  at += 8;
};

const octets = (value: Uint8Array): void => {
  head(MAJOR.bytes, value.length);
  reserve(value.length);
  target.set(value, at);
  at += value.length;
};

const text = (value: string): void => {
  const units = value.length;
  if (units <= SHORT_TEXT_UNITS) {
    reserve(9 + units);
    const headAt = at;
    head(MAJOR.text, units);
    let index = 0;
    for (; index < units; index++) {
      const unit = value.charCodeAt(index);
      if (unit > 0x7f) break;
      target[at++] = unit;
    }
    if (index === units) return;
    at = headAt;
  }
  if (!value.isWellFormed()) throw new Malformed("text has a lone surrogate");
  const size = Buffer.byteLength(value, "utf8");
  head(MAJOR.text, size);
  reserve(size);
  at += target.write(value, at, size, "utf8");
};

const list = (value: readonly unknown[], depth: number): void => {
  head(MAJOR.array, value.length);
  for (let index = 0; index < value.length; index++) item(value[index], depth + 1);
};

const map = (value: Readonly<Record<string, unknown>>, depth: number): void => {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new Malformed("an object of a class has no encoding");
  }
  const keys = Object.keys(value);
  let count = 0;
  let ordered = true;
  let plain = true;
  let previous = "";
  for (const key of keys) {
    if (value[key] === undefined) continue;
    if (count++ > 0 && ordered) ordered = comparePlainKeys(previous, key) < 0;
    plain = plain && isPlain(key);
    previous = key;
  }
  if (!plain) keys.sort(compareKeys);
  else if (!ordered) sortFew(keys);
  head(MAJOR.map, count);
  for (const key of keys) {
    const field = value[key];
    if (field === undefined) continue;
    text(key);
    item(field, depth + 1);
  }
};

const isPlain = (key: string): boolean => {
  for (let index = 0; index < key.length; index++) if (key.charCodeAt(index) > 0x7f) return false;
  return true;
};

/** C2 for keys that are ASCII: their units are their bytes. */
const comparePlainKeys = (left: string, right: string): number =>
  left.length - right.length || (left < right ? -1 : left > right ? 1 : 0);

/** Insertion in place: for the few keys of an object four times faster than the array's own sort. */
const sortFew = (keys: string[]): void => {
  if (keys.length > FEW_KEYS) {
    keys.sort(comparePlainKeys);
    return;
  }
  for (let from = 1; from < keys.length; from++) {
    const key = keys[from] ?? "";
    let to = from;
    for (; to > 0; to--) {
      const before = keys[to - 1] ?? "";
      if (comparePlainKeys(before, key) <= 0) break;
      keys[to] = before;
    }
    keys[to] = key;
  }
};

/** C2: by length in bytes, then by bytes. */
const compareKeys = (left: string, right: string): number => {
  const [a, b] = [Buffer.from(left, "utf8"), Buffer.from(right, "utf8")];
  return a.length - b.length || Buffer.compare(a, b);
};
