/** Blocks behind the door of a cluster, in parts. Bytes that come and are not of their CID are none. */

import { decode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import type { Blocks } from "#ports/blocks.ts";
import {
  BLOCK_PART_BYTES,
  BLOCK_PARTS_MAX,
  type BlockPart,
  type KeptPart,
} from "#protocol/door.ts";
import type { Cid } from "#protocol/words.ts";
import type { DoorAsks } from "./asks.ts";

/** Times that all parts are sent: whoever collects them may lead no more before he has all. */
const KEEP_TRIES = 5;

export class NatsDoorBlocks implements Blocks {
  readonly #asks: DoorAsks;

  constructor(asks: DoorAsks) {
    this.#asks = asks;
  }

  /** Values only: what is put is canonical DAG-CBOR. */
  async put(bytes: Uint8Array, codec: "raw" | "dag-cbor"): Promise<Cid> {
    if (codec === "raw") throw new Error("only values are kept for agents");
    const cid = cidOf(bytes);
    const parts = Math.max(1, Math.ceil(bytes.length / BLOCK_PART_BYTES));
    for (let tries = 0; tries < KEEP_TRIES; tries += 1)
      for (let part = 0; part < parts; part += 1) {
        const from = part * BLOCK_PART_BYTES;
        const own = bytes.slice(from, from + BLOCK_PART_BYTES);
        const { kept } = await this.#asks.ask<KeptPart>({
          what: "keep",
          cid,
          part,
          parts,
          bytes: own,
        });
        if (kept) return cid;
      }
    throw new Error(`the block ${cid} was not kept`);
  }

  async get(cid: Cid): Promise<Uint8Array | undefined> {
    const all: Uint8Array[] = [];
    for (let part = 0; part < BLOCK_PARTS_MAX; part += 1) {
      const { parts, bytes } = await this.#asks.ask<BlockPart>({ what: "block", cid, part });
      if (bytes === undefined) return undefined;
      all.push(bytes);
      if (all.length >= parts) break;
    }
    const whole = new Uint8Array(Buffer.concat(all));
    if (cidOf(whole) !== cid) return undefined;
    decode(whole);
    return whole;
  }

  async has(cid: Cid): Promise<boolean> {
    const { bytes } = await this.#asks.ask<BlockPart>({ what: "block", cid, part: 0 });
    return bytes !== undefined;
  }
}
