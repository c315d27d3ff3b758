/**
 * Which need a requester's key named, for as long as the key is kept after its need has ended: so many
 * rows as needs end in that time, so they are packed.
 */

import { decode, encode } from "#envelope/canonical.ts";
import { PackedMap } from "#envelope/packed-map.ts";
import type { Cid, LogMs } from "#protocol/words.ts";

export interface KeyRow {
  readonly first: Cid;
  readonly content: string;
  readonly untilMs: LogMs;
}

export class EndedKeys {
  readonly #rows: PackedMap;

  constructor(kept?: Uint8Array) {
    this.#rows = new PackedMap(kept);
  }

  /** They come in the order of `untilMs`. */
  add(key: string, row: KeyRow): void {
    this.#rows.set(key, encode([row.untilMs, row.first, row.content]));
  }

  get(key: string): KeyRow | undefined {
    const row = this.#rows.get(key);
    return row === undefined ? undefined : rowOf(row);
  }

  forget(nowMs: LogMs): void {
    this.#rows.forgetWhile((row) => rowOf(row).untilMs <= nowMs);
  }

  /** All of them, as the constructor takes them. */
  kept(): Uint8Array {
    return this.#rows.kept();
  }
}

const rowOf = (bytes: Uint8Array): KeyRow => {
  const [untilMs, first, content] = decode(bytes) as [LogMs, Cid, string];
  return { untilMs, first, content };
};
