/**
 * Small things that are many and seldom read, one after another in one array that no collector walks.
 *
 * B1  A place is where something was written; it stays valid, however the array grows or is emptied at
 *     its beginning, until `keepFrom` has passed it.
 * B2  Numbers are whole, 0 … 2^53 − 1, seven bits a byte, the low ones first.
 */

const BYTES_START = 64;
/** An array below so many bytes doubles when it is full; a larger one grows by a quarter. */
const DOUBLED_MAX = 1024 * 1024;
const GROWTH = 1.25;
/** Bytes of the longest number: 53 bits, seven a byte. */
export const NUMBER_BYTES_MAX = 8;
const LOW_BITS = 128;

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
    return this.#bytes.subarray(this.#start, this.#end);
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
