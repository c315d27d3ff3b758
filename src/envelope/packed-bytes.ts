/**
 * Small things that are many and seldom read, one after another in one array that no collector walks.
 *
 * B1  A place is where something was written; it stays valid, however the array grows or is emptied at
 *     its beginning, until `keepFrom` has passed it.
 * B2  Numbers are whole, 0 … 2^53 − 1, seven bits a byte, the low ones first.
 * B3  What was written is never changed: a stretch of it that is full has the same bytes for as long as it
 *     is kept, so whoever stores it again and again needs to store it once (`stretchesOf`).
 */

import { sha256 } from "./cid.ts";

const BYTES_START = 64;
/** An array below so many bytes doubles when it is full; a larger one grows by a quarter. */
const DOUBLED_MAX = 1024 * 1024;
const GROWTH = 1.25;
/** Bytes of the longest number: 53 bits, seven a byte. */
export const NUMBER_BYTES_MAX = 8;
const LOW_BITS = 128;

/** Bytes of a stretch; it begins at a multiple of them, counted from the first place there ever was. */
export const STRETCH_BYTES = 64 * 1024;

/** A part of what is kept that will not change any more. */
export interface Stretch {
  readonly hash: Uint8Array;
  /** A view, valid until something is written. */
  readonly bytes: Uint8Array;
}

/** What is kept, as it is one after another: bytes, whole stretches, bytes. */
export interface Stretches {
  readonly head: Uint8Array;
  readonly stretches: readonly Stretch[];
  readonly tail: Uint8Array;
}

/** Of which packed bytes something is all that is kept. */
const VIEWED = new WeakMap<Uint8Array, PackedBytes>();

/** Undefined: it is no view that `PackedBytes.view` gave, or there is no whole stretch in it. */
export const stretchesOf = (view: Uint8Array): Stretches | undefined =>
  view.length < STRETCH_BYTES ? undefined : VIEWED.get(view)?.stretches(view);

/** Where the next thing is read; reading moves it on. */
export interface Cursor {
  at: number;
}

export const readNumber = (bytes: Uint8Array, from: Cursor): number => {
  let value = 0;
  for (let worth = 1; ; worth *= LOW_BITS) {
    const byte = bytes[from.at++] ?? 0;
    if (byte < LOW_BITS) return value + byte * worth;
    value += (byte - LOW_BITS) * worth;
  }
};

/** A view. */
export const readBlock = (bytes: Uint8Array, from: Cursor): Uint8Array => {
  const length = readNumber(bytes, from);
  from.at += length;
  return bytes.subarray(from.at - length, from.at);
};

export class PackedBytes {
  #bytes: Uint8Array;
  /** Bytes before the array's first. */
  #gone = 0;
  /** In the array: what is kept begins here, and ends there. */
  #start = 0;
  #end = 0;
  /** SHA-256 of whole stretches, by their number, as far as somebody asked. */
  readonly #hashes = new Map<number, Uint8Array>();

  /** `size`: bytes that will be needed, as far as they are known. */
  constructor(size = BYTES_START) {
    this.#bytes = new Uint8Array(size);
  }

  static of(kept: Uint8Array): PackedBytes {
    const packed = new PackedBytes(Math.max(kept.length, BYTES_START));
    packed.#bytes.set(kept, 0);
    packed.#end = kept.length;
    return packed;
  }

  /** The place of what is kept first. */
  get start(): number {
    return this.#gone + this.#start;
  }

  /** The place of what is written next. */
  get end(): number {
    return this.#gone + this.#end;
  }

  /** A view of what is kept, valid until something is written. */
  view(): Uint8Array {
    const view = this.#bytes.subarray(this.#start, this.#end);
    if (view.length >= STRETCH_BYTES) VIEWED.set(view, this);
    return view;
  }

  /** Of a view of what is kept. */
  stretches(view: Uint8Array): Stretches | undefined {
    if (view.length !== this.end - this.start) return undefined; // an old one
    const first = Math.ceil(this.start / STRETCH_BYTES);
    const last = Math.floor(this.end / STRETCH_BYTES);
    if (first >= last) return undefined;
    for (const number of this.#hashes.keys()) if (number < first) this.#hashes.delete(number);
    const at = (number: number): number => number * STRETCH_BYTES - this.start;
    const stretches: Stretch[] = [];
    for (let number = first; number < last; number += 1) {
      const bytes = view.subarray(at(number), at(number + 1));
      const known = this.#hashes.get(number);
      const hash = known ?? sha256(bytes);
      if (known === undefined) this.#hashes.set(number, hash);
      stretches.push({ hash, bytes });
    }
    return { head: view.subarray(0, at(first)), stretches, tail: view.subarray(at(last)) };
  }

  /** A copy of what is kept, in memory of its own. */
  kept(): Uint8Array {
    return this.#bytes.slice(this.#start, this.#end);
  }

  /** What was written before this place is not read any more. */
  keepFrom(place: number): void {
    this.#start = place - this.#gone;
  }

  number(value: number): void {
    this.#room(NUMBER_BYTES_MAX);
    let rest = value;
    for (; rest >= LOW_BITS; rest = Math.floor(rest / LOW_BITS))
      this.#bytes[this.#end++] = (rest % LOW_BITS) + LOW_BITS;
    this.#bytes[this.#end++] = rest;
  }

  /** Bytes, behind their number. */
  block(bytes: Uint8Array): void {
    this.number(bytes.length);
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  numberAt(from: Cursor): number {
    return this.#read(from, readNumber);
  }

  /** A view, valid until something is written. */
  blockAt(from: Cursor): Uint8Array {
    return this.#read(from, readBlock);
  }

  #read<T>(from: Cursor, read: (bytes: Uint8Array, from: Cursor) => T): T {
    from.at -= this.#gone;
    const value = read(this.#bytes, from);
    from.at += this.#gone;
    return value;
  }

  /** Room for so many bytes more: first what is not kept any more goes, then the array grows. */
  #room(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const kept = this.#end - this.#start;
    const isHalfEmpty = this.#start >= this.#bytes.length / 2 && kept + bytes <= this.#start;
    const to = isHalfEmpty
      ? this.#bytes
      : new Uint8Array(Math.max(grown(this.#bytes.length), kept + bytes));
    to.set(this.#bytes.subarray(this.#start, this.#end), 0);
    this.#gone += this.#start;
    [this.#bytes, this.#end, this.#start] = [to, kept, 0];
  }
}

const grown = (length: number): number =>
  length < DOUBLED_MAX ? length * 2 : Math.ceil(length * GROWTH);
