/**
 * Memory for small results: parts of one slab after another. Memory of its own would cost a result four
 * times as much to get and to give back, and with Node's pool each result is two typed arrays.
 *
 * L1  No byte is part of two results.
 * L2  A part cannot be transferred to another thread, for the others would go with it: a slab is itself a
 *     part of Node's pool of Buffers, which refuses that.
 * L3  A part keeps Buffer.poolSize bytes in memory (64 KiB) for as long as it is kept: who keeps one long
 *     keeps a copy of it (`slice`), or packs it (packed-bytes.ts).
 */

import { Buffer } from "node:buffer";

const SLAB_BYTES_MAX = 16_384;
/** Less than half of the pool, which is 8 KiB in some releases of Node, or else it would be no part (L2). */
const SLAB_BYTES = Math.min(SLAB_BYTES_MAX, (Buffer.poolSize >>> 1) - 8);
/** A larger result has memory of its own. */
export const PART_BYTES_MAX = 2_048;
/** V8 keeps typed arrays up to this size in its heap: no slab is needed for them. */
export const HEAP_BYTES_MAX = 64;
/** Parts begin at multiples of it: copies of whole words are faster. */
const ALIGNMENT = 8;

class Slab {
  #bytes = Buffer.alloc(0);
  #view = new DataView(new ArrayBuffer(0));
  #free = 0;

  get bytes(): Buffer<ArrayBuffer> {
    return this.#bytes;
  }

  get view(): DataView {
    return this.#view;
  }

  /** Where the next part begins; there is room for PART_BYTES_MAX. */
  open(): number {
    if (this.#free + PART_BYTES_MAX > this.#bytes.length) this.#renew();
    return this.#free;
  }

  /** So many bytes from where `open` said, PART_BYTES_MAX at most; what was written there stays. */
  take(size: number): Uint8Array {
    const { buffer, byteOffset } = this.#bytes;
    const part = new Uint8Array(buffer, byteOffset + this.#free, size);
    this.#free += Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    return part;
  }

  #renew(): void {
    this.#bytes = Buffer.allocUnsafe(SLAB_BYTES);
    const { buffer, byteOffset, byteLength } = this.#bytes;
    this.#view = new DataView(buffer, byteOffset, byteLength);
    this.#free = 0;
  }
}

/** The slab of this thread. */
export const slab = new Slab();

/** Memory for a result that the caller fills; what is in it before is anything. */
export const roomFor = (size: number): Uint8Array =>
  size <= HEAP_BYTES_MAX ? new Uint8Array(size) : nativeRoomFor(size);

/** The same for a native call, which gives an array in V8's heap memory of its own. */
export const nativeRoomFor = (size: number): Uint8Array => {
  if (size > PART_BYTES_MAX) return new Uint8Array(size);
  slab.open();
  return slab.take(size);
};

/** The same bytes, which keep nothing else in memory but a slab (L3). */
export const copyOf = (bytes: Uint8Array): Uint8Array => {
  const copy = roomFor(bytes.length);
  copy.set(bytes, 0);
  return copy;
};
