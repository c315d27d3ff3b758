/**
 * Rows that will not change any more, packed: one for each need that has ever ended. As objects one takes
 * about a kilobyte of heap, packed about 300 bytes that no collector walks, and its key.
 */

import { decode, encode } from "#envelope/canonical.ts";
import { PackedBytes } from "./packed-bytes.ts";

export interface EncodedRows {
  /** Each key, and where its row begins in `bytes`. */
  readonly rows: readonly (readonly [string, number])[];
  readonly bytes: Uint8Array;
}

export class PackedRows {
  #packed = new PackedBytes();
  readonly #at = new Map<string, number>();

  /** Plain data, as the canonical codec takes it. Throws where the key has a row: none changes. */
  add(key: string, row: unknown): void {
    if (this.#at.has(key)) throw new Error(`row ${key} was kept before`);
    this.#at.set(key, this.#packed.end);
    this.#packed.block(encode(row));
  }

  get(key: string): unknown {
    const at = this.#at.get(key);
    return at === undefined ? undefined : decode(this.#packed.blockAt({ at }));
  }

  keys(): Iterable<string> {
    return this.#at.keys();
  }

  encode(): EncodedRows {
    return { rows: [...this.#at], bytes: this.#packed.kept() };
  }

  static decode({ rows, bytes }: EncodedRows): PackedRows {
    const packed = new PackedRows();
    packed.#packed = PackedBytes.of(bytes);
    for (const [key, at] of rows) packed.#at.set(key, at);
    return packed;
  }
}
