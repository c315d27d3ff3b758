/** The simulated block store: the Blocks port in memory, with switches for its faults. */
import { checkedBlock, cidOfBlock } from "#ports/block-cid.ts";
import { CIDS_MAX, type ListedBlocks } from "#ports/blocks.ts";
import { Fault } from "#ports/faults.ts";
import type { Cid } from "#envelope/ids.ts";

export class SimBlocks {
  readonly #blocks = new Map<Cid, Uint8Array>();
  #unsynced: Set<Cid> | undefined;
  #slow: (() => void)[] | undefined;
  #life = 0;

  open(): ListedBlocks {
    const life = this.#life;
    /** Waits while the store is slow; a crash in that time leaves the caller without an answer. */
    const turn = async (): Promise<void> => {
      if (life !== this.#life) throw new Fault("STORE_CLOSED", "the simulated disk was closed");
      const slow = this.#slow;
      if (slow !== undefined) await new Promise<void>((go) => slow.push(go));
      if (life !== this.#life) await new Promise<void>(() => {});
    };
    return {
      put: async (bytes, codec) => {
        const cid = cidOfBlock(bytes, codec);
        const own = bytes.slice();
        await turn();
        if (!this.#blocks.has(cid)) this.#unsynced?.add(cid);
        this.#blocks.set(cid, own);
        return cid;
      },
      get: async (cid) => {
        await turn();
        const bytes = this.#blocks.get(cid);
        return bytes === undefined ? undefined : checkedBlock(cid, bytes.slice());
      },
      has: async (cid) => {
        await turn();
        return this.#blocks.has(cid);
      },
      cids: async (after = "") => {
        await turn();
        const later = [...this.#blocks.keys()].filter((cid) => cid > after);
        return later.toSorted().slice(0, CIDS_MAX);
      },
    };
  }

  /** For whoever looks from outside the world. */
  contents(cid: Cid): Uint8Array | undefined {
    return this.#blocks.get(cid);
  }

  /** The block is gone from the disk. */
  lose(cid: Cid): void {
    this.#blocks.delete(cid);
  }

  /** One bit of the block flips. */
  corrupt(cid: Cid): void {
    const bytes = this.#blocks.get(cid);
    if (bytes === undefined || bytes.byteLength === 0) throw new Error(`no bytes under ${cid}`);
    bytes[0]! ^= 1;
  }

  /** From now on every call waits until `release`. */
  slow(): void {
    this.#slow ??= [];
  }

  release(): void {
    const waiting = this.#slow ?? [];
    this.#slow = undefined;
    for (const go of waiting) go();
  }

  /** From now on `put` answers before the block is durable; a crash takes it back. */
  stopSyncing(): void {
    this.#unsynced ??= new Set();
  }

  sync(): void {
    this.#unsynced = undefined;
  }

  crash(): void {
    for (const cid of this.#unsynced ?? []) this.#blocks.delete(cid);
    this.#unsynced = undefined;
    this.#life += 1;
    this.release();
  }
}
