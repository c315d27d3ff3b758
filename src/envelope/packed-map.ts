/**
 * A map from text to bytes of which there are very many: entries lie one after another in one array,
 * and a table of places leads to them. An entry costs its bytes and 26 to 51 more, and no collector
 * walks it; in a Map it would cost some 150 beside its row. One that is gone costs some 100 of heap until its
 * bytes go (M3).
 *
 * M1  Entries stay in the order in which they came. One that is set again comes again, as the last.
 * M2  What is kept in bytes (`kept`) is all there is: the table is made again from it. Entries that are
 *     gone are in it too, and named: taking them out would write everything anew (packed-bytes.ts, B3).
 * M3  Bytes of entries that are gone are never more than those of the others and GONE_BYTES_MAX.
 * M4  The filter knows every key that is there; of those it knows, gone ones are never more than the slots.
 *
 * The table is open addressing with linear probing, after D. Knuth, The Art of Computer Programming,
 * volume 3, section 6.4, algorithms L and R. Where a key belongs is said by its SHA-256, which nobody
 * steers cheaply.
 */

import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { KeyFilter, markOf } from "./key-filter.ts";
import { PackedBytes, type Cursor } from "./packed-bytes.ts";

const SLOTS_START = 16;
/** The table doubles when more of it than this is taken. */
const LOAD_MAX = 2 / 3;
const EMPTY = -1;
/** Of the filter, for each slot. */
const FILTER_BITS = 8;
/** Beyond the bytes of what is there. */
export const GONE_BYTES_MAX = 4_096;

/** As the constructor takes it. */
export interface KeptMap {
  /** A view, valid until something is set or deleted. */
  readonly bytes: Uint8Array;
  /** Where entries begin that are gone, in these bytes. */
  readonly gone: readonly number[];
}

export class PackedMap {
  #packed: PackedBytes;
  /** Of each slot, the place of its entry, or EMPTY. */
  #places = new Float64Array(SLOTS_START).fill(EMPTY);
  /** Of each slot, what its key's SHA-256 begins with. */
  #hashes = new Uint32Array(SLOTS_START);
  /** Of each slot, what the filter knows its key by. */
  #marks = new Uint32Array(SLOTS_START);
  #filter = new KeyFilter(SLOTS_START * FILTER_BITS);
  /** Keys that the filter knows and that are gone. */
  #stale = 0;
  #size = 0;
  /** Places of entries that were set again or deleted since those before them went, and their bytes. */
  readonly #gonePlaces = new Set<number>();
  #gone = 0;
  /** The place of an entry that is known not to be gone, or EMPTY: whether it is over is asked most. */
  #current = EMPTY;

  constructor({ bytes, gone }: KeptMap = NOTHING) {
    this.#packed = PackedBytes.of(bytes);
    for (const place of gone) this.#isGone(place);
    for (const { key, place } of this.#entries()) this.#point(key, place);
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of all entries, of those that are gone too. */
  get held(): number {
    return this.#packed.end - this.#packed.start;
  }

  /** False: it is certainly not there, and that was quickly told. Of others at most one in five is true. */
  mayHave(key: string): boolean {
    return this.#filter.mayHave(markOf(key));
  }

  kept(): KeptMap {
    const { start } = this.#packed;
    return {
      bytes: this.#packed.view(),
      gone: Array.from(this.#gonePlaces, (place) => place - start),
    };
  }

  /** The same without what is gone: equal maps have equal ones. */
  whole(): Uint8Array {
    if (this.#gone > 0) this.#compact();
    return this.#packed.view();
  }

  /** True if it was there. */
  set(key: string, row: Uint8Array): boolean {
    const place = this.#packed.end;
    this.#packed.block(Buffer.from(key, "utf8"));
    this.#packed.block(row);
    const wasThere = this.#point(key, place);
    this.#compactIfDue();
    return wasThere;
  }

  /** True if it was there. */
  delete(key: string): boolean {
    if (!this.mayHave(key)) return false;
    const slot = this.#slotOf(key);
    if (!this.#lose(slot)) return false;
    this.#remove(slot);
    this.#compactIfDue();
    return true;
  }

  /** A view, valid until something is set or deleted. */
  get(key: string): Uint8Array | undefined {
    if (!this.mayHave(key)) return undefined;
    const slot = this.#slotOf(key);
    const place = this.#places[slot] ?? EMPTY;
    return place === EMPTY ? undefined : this.#entryAt({ at: place }).row;
  }

  *keys(): Iterable<string> {
    for (const { key } of this.#entries()) yield key;
  }

  *[Symbol.iterator](): Iterator<readonly [string, Uint8Array]> {
    for (const { key, row } of this.#entries()) yield [key, row];
  }

  /** Forgets entries from the first on, up to the first whose row is not over. */
  forgetWhile(isOver: (row: Uint8Array) => boolean): void {
    const from = { at: this.#packed.start };
    while (from.at < this.#packed.end) {
      const place = from.at;
      const { key, row } = this.#entryAt(from);
      if (place === this.#current && !isOver(row)) return;
      if (this.#gonePlaces.delete(place)) this.#gone -= from.at - place;
      else if (isOver(row)) this.#remove(this.#slotOf(textOf(key)));
      else {
        this.#current = place;
        return;
      }
      this.#packed.keepFrom(from.at);
    }
  }

  /* ---------------------------------------------------------------------- entries */

  #entryAt(from: Cursor): { readonly key: Uint8Array; readonly row: Uint8Array } {
    return { key: this.#packed.blockAt(from), row: this.#packed.blockAt(from) };
  }

  /** Those that are not gone. */
  *#entries(): Iterable<{ key: string; place: number; row: Uint8Array }> {
    const from = { at: this.#packed.start };
    while (from.at < this.#packed.end) {
      const place = from.at;
      const { key, row } = this.#entryAt(from);
      if (!this.#gonePlaces.has(place)) yield { key: textOf(key), place, row };
    }
  }

  /** What the slot leads to is there no more; false: it led to nothing. */
  #lose(slot: number): boolean {
    const place = this.#places[slot] ?? EMPTY;
    if (place === EMPTY) return false;
    if (place === this.#current) this.#current = EMPTY;
    this.#isGone(place);
    return true;
  }

  #isGone(place: number): void {
    const from = { at: place };
    this.#entryAt(from);
    this.#gonePlaces.add(place);
    this.#gone += from.at - place;
  }

  /** M3. */
  #compactIfDue(): void {
    if (this.#gone > this.held - this.#gone + GONE_BYTES_MAX) this.#compact();
  }

  #compact(): void {
    const whole = new PackedMap();
    for (const [key, row] of this) whole.set(key, row);
    this.#packed = whole.#packed;
    this.#gonePlaces.clear();
    [this.#places, this.#hashes, this.#marks] = [whole.#places, whole.#hashes, whole.#marks];
    [this.#filter, this.#stale] = [whole.#filter, 0];
    [this.#gone, this.#current] = [0, EMPTY];
  }

  /* ---------------------------------------------------------------------- the table */

  /** The slot of this key's entry, or the empty one where it would stand. */
  #slotOf(key: string, hashed = hashOf(key)): number {
    const last = this.#places.length - 1;
    let bytes: Buffer | undefined;
    for (let slot = hashed & last; ; slot = (slot + 1) & last) {
      const place = this.#places[slot] ?? EMPTY;
      if (place === EMPTY) return slot;
      if (this.#hashes[slot] !== hashed) continue;
      bytes ??= Buffer.from(key, "utf8");
      if (bytes.equals(this.#packed.blockAt({ at: place }))) return slot;
    }
  }

  /** True if it led elsewhere. */
  #point(key: string, place: number): boolean {
    const mark = markOf(key);
    this.#filter.add(mark);
    const hashed = hashOf(key);
    const slot = this.#slotOf(key, hashed);
    const wasThere = this.#lose(slot);
    this.#places[slot] = place;
    this.#hashes[slot] = hashed;
    this.#marks[slot] = mark;
    if (wasThere) return true;
    this.#size += 1;
    if (this.#size > this.#places.length * LOAD_MAX) this.#double();
    return false;
  }

  #filterAnew(): void {
    this.#filter = new KeyFilter(this.#places.length * FILTER_BITS);
    this.#stale = 0;
    for (let slot = 0; slot < this.#places.length; slot += 1)
      if (this.#places[slot] !== EMPTY) this.#filter.add(this.#marks[slot] ?? 0);
  }

  #double(): void {
    const [places, hashes, marks] = [this.#places, this.#hashes, this.#marks];
    this.#places = new Float64Array(places.length * 2).fill(EMPTY);
    this.#hashes = new Uint32Array(hashes.length * 2);
    this.#marks = new Uint32Array(marks.length * 2);
    const last = this.#places.length - 1;
    for (let from = 0; from < places.length; from += 1) {
      const place = places[from] ?? EMPTY;
      if (place === EMPTY) continue;
      const hashed = hashes[from] ?? 0;
      let slot = hashed & last;
      while (this.#places[slot] !== EMPTY) slot = (slot + 1) & last;
      this.#places[slot] = place;
      this.#hashes[slot] = hashed;
      this.#marks[slot] = marks[from] ?? 0;
    }
    this.#filterAnew();
  }

  /** Moves up what stands behind, so that no search ends too early. */
  #remove(slot: number): void {
    const last = this.#places.length - 1;
    let hole = slot;
    for (let next = (hole + 1) & last; this.#places[next] !== EMPTY; next = (next + 1) & last) {
      const home = (this.#hashes[next] ?? 0) & last;
      const isBetween = ((next - home) & last) < ((next - hole) & last);
      if (isBetween) continue;
      this.#places[hole] = this.#places[next] ?? EMPTY;
      this.#hashes[hole] = this.#hashes[next] ?? 0;
      this.#marks[hole] = this.#marks[next] ?? 0;
      hole = next;
    }
    this.#places[hole] = EMPTY;
    this.#size -= 1;
    this.#stale += 1;
    if (this.#stale > this.#places.length) this.#filterAnew();
  }
}

const NOTHING: KeptMap = { bytes: new Uint8Array(0), gone: [] };

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");

/** "binary" is Latin-1, a letter for each byte: a Buffer would be allocated. */
const hashOf = (key: string): number => {
  const digest = hash("sha256", key, "binary");
  const high = (digest.charCodeAt(0) << 8) | digest.charCodeAt(1);
  const low = (digest.charCodeAt(2) << 8) | digest.charCodeAt(3);
  return ((high << 16) | low) >>> 0;
};
