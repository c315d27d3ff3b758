/**
 * Blocks of a supervisor in a cluster: on its own disk and on the servers that all machines read. What
 * came from there is kept here, and what the servers have lost is put back from here.
 */

import { codecOf } from "#envelope/cid.ts";
import type { Blocks, ListedBlocks } from "#ports/blocks.ts";
import { Fault } from "#ports/faults.ts";
import type { Cid } from "#protocol/words.ts";

/** Blocks that are looked for and put back at a time: of 8 MiB at most. */
const RESTOCK_AT_A_TIME = 16;

export const sharedBlocks = (own: Blocks, shared: Blocks): Blocks => ({
  put: async (bytes, codec) => {
    const [cid] = await Promise.all([own.put(bytes, codec), shared.put(bytes, codec)]);
    return cid;
  },
  get: async (cid) => {
    const here = await own.get(cid);
    if (here !== undefined) return here;
    const there = await shared.get(cid);
    if (there !== undefined) await own.put(there, codecOf(cid));
    return there;
  },
  has: async (cid) => (await own.has(cid)) || shared.has(cid),
});

/** A document that a log names; BLOCK_MISSING where it is nowhere: another supervisor may have it. */
export const documentOf = async (blocks: Blocks, cid: Cid): Promise<Uint8Array> => {
  const bytes = await blocks.get(cid);
  if (bytes === undefined) throw new Fault("BLOCK_MISSING", `document ${cid} is nowhere`);
  return bytes;
};

/** The servers' blocks; `made` answers otherwise than before where they have lost all of them. */
export type Losable = Blocks & { made(): Promise<string> };

/** Puts back what the servers have lost of the own blocks. */
export class BlockRestock {
  readonly #own: ListedBlocks;
  readonly #shared: Losable;
  /** What `made` answered when all own blocks were last seen there. */
  #wholeSince: string | undefined;
  #running: Promise<number> | undefined;

  constructor(own: ListedBlocks, shared: Losable) {
    [this.#own, this.#shared] = [own, shared];
  }

  /** How many were put back. Calls at one time are one. Rejects where a port does. */
  run(): Promise<number> {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #run(): Promise<number> {
    const made = await this.#shared.made();
    if (made === this.#wholeSince) return 0;
    let count = 0;
    let cids = await this.#own.cids();
    while (cids.length > 0) {
      for (let at = 0; at < cids.length; at += RESTOCK_AT_A_TIME) {
        const some = cids.slice(at, at + RESTOCK_AT_A_TIME);
        const put = await Promise.all(some.map((cid) => this.#putBack(cid)));
        count += put.filter(Boolean).length;
      }
      cids = await this.#own.cids(cids.at(-1));
    }
    this.#wholeSince = made;
    return count;
  }

  async #putBack(cid: Cid): Promise<boolean> {
    if (await this.#shared.has(cid)) return false;
    const bytes = await this.#own.get(cid);
    if (bytes !== undefined) await this.#shared.put(bytes, codecOf(cid));
    return bytes !== undefined;
  }
}
