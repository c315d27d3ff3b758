/**
 * Which need a requester's key named, for as long as the key is kept after its need has ended: so many
 * rows as needs end in that time, so they are packed.
 */

import { decode, encode } from "#envelope/canonical.ts";
import { cidOfDigest, codecOf, digestOf, hex, isCid, unhex } from "#envelope/cid.ts";
import { PackedBytes, readBlock, readNumber } from "#envelope/packed-bytes.ts";
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
    this.#rows = new PackedMap(kept && { bytes: kept, gone: [] });
  }

  /** They come in the order of `untilMs`. */
  add(key: string, row: KeyRow): void {
    this.#rows.set(key, packed(row));
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
    return this.#rows.whole();
  }
}

/** Both are digests, or else they are spelled out. */
const DIGESTS = 0;
const SPELLED = 1;
const DIGEST = /^[0-9a-f]{64}$/;

/** The row that is being written. */
const bytes = new PackedBytes();

/** A view, valid until the next is packed. */
const packed = ({ untilMs, first, content }: KeyRow): Uint8Array => {
  bytes.keepFrom(bytes.end);
  bytes.number(untilMs);
  const isDigests = isCid(first) && codecOf(first) === "dag-cbor" && DIGEST.test(content);
  bytes.number(isDigests ? DIGESTS : SPELLED);
  bytes.block(isDigests ? digestOf(first) : encode(first));
  bytes.block(isDigests ? unhex(content) : encode(content));
  return bytes.view();
};

const rowOf = (row: Uint8Array): KeyRow => {
  const from = { at: 0 };
  const untilMs = readNumber(row, from);
  const isDigests = readNumber(row, from) === DIGESTS;
  const [first, content] = [readBlock(row, from), readBlock(row, from)];
  if (isDigests) return { untilMs, first: cidOfDigest(first), content: hex(content) };
  return { untilMs, first: decode(first) as Cid, content: decode(content) as string };
};
