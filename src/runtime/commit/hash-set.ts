/**
 * A set of very many hashes in eight bytes each: only their beginnings are compared. So it may say of one
 * among hundreds of millions that it has it where it has another; who asks must be safe with that.
 */

/** A number is exact up to so many bytes, and to half a byte more. */
const PREFIX_BYTES = 6;

const prefixOf = (hash: Uint8Array): number => {
  let prefix = 0;
  for (let at = 0; at < PREFIX_BYTES; at += 1) prefix = prefix * 256 + (hash[at] ?? 0);
  return prefix;
};

export class HashSet {
  readonly #prefixes: Float64Array;

  private constructor(prefixes: Float64Array) {
    this.#prefixes = prefixes.sort();
  }

  static of(hashes: readonly Uint8Array[]): HashSet {
    return new HashSet(Float64Array.from(hashes, prefixOf));
  }

  static async from(pages: AsyncIterable<readonly Uint8Array[]>): Promise<HashSet> {
    const prefixes: number[] = [];
    for await (const hashes of pages) for (const hash of hashes) prefixes.push(prefixOf(hash));
    return new HashSet(Float64Array.from(prefixes));
  }

  get size(): number {
    return this.#prefixes.length;
  }

  has(hash: Uint8Array): boolean {
    const wanted = prefixOf(hash);
    let [low, high] = [0, this.#prefixes.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#prefixes[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return this.#prefixes[low] === wanted;
  }
}
