/**
 * Which keys are certainly not in a large table: a bit for each key that was added (B. Bloom, Space/time
 * trade-offs in hash coding with allowable errors, 1970, with one hash function). Most keys that a table is
 * asked for are new, and a few bytes that stay in the cache tell so, where the table itself would take a
 * digest and reads of memory that is in no cache.
 *
 * F1  `mayHave` is true for the mark of each key that was added. Whoever makes up keys that are wrongly told
 *     true gains that the table itself is asked.
 */

/** Letters that are looked at: ids differ in all of theirs, and names of one thing's parts at the end. */
const STRIDE = 5;
const LAST_LETTERS = 4;
/** Letters beyond are one: what UTF-8 cannot say comes back from it as another letter. */
const ASCII_MAX = 0x7f;
/** Odd, near 2^32 divided by the golden ratio: D. Knuth, The Art of Computer Programming 3, section 6.4. */
const MULTIPLIER = 0x9e_37_79_b1;

/** What a filter knows a key by, 32 bits. */
export const markOf = (key: string): number => {
  const { length } = key;
  let hash = length;
  for (let at = length - 1; at >= 0; at -= at > length - LAST_LETTERS ? 1 : STRIDE) {
    const code = key.charCodeAt(at);
    hash = Math.imul(hash ^ (code > ASCII_MAX ? ASCII_MAX : code), MULTIPLIER);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
};

export class KeyFilter {
  readonly #bits: Uint8Array;
  readonly #last: number;

  /** `bits`: a power of two, at least 8. With 12 of them for each key one of twelve is wrongly told true. */
  constructor(bits: number) {
    this.#bits = new Uint8Array(bits / 8);
    this.#last = bits - 1;
  }

  mayHave(mark: number): boolean {
    const bit = mark & this.#last;
    return (this.#bits[bit >>> 3]! & (1 << (bit & 7))) !== 0;
  }

  add(mark: number): void {
    const bit = mark & this.#last;
    this.#bits[bit >>> 3]! |= 1 << (bit & 7);
  }
}
