/**
 * The client half of the store's thread, usable in any thread that holds a port to it.
 *
 * If the store's thread ends, what it still owed is answered truthfully: commits are `unknown`, every
 * other call rejects with STORE_CLOSED.
 */
import type { MessagePort } from "node:worker_threads";
import type { ListedBlocks } from "#ports/blocks.ts";
import { Fault } from "#ports/faults.ts";
import type { CommitOutcome, Epoch, Store } from "#ports/store.ts";
import { packSnapshot, unpackHead, unpackSnapshot, type Call } from "./messages.ts";
import { asking } from "./asking.ts";
import { packed, unpacked } from "./packed.ts";
import { blocksOver } from "./ports.ts";
import { packWrites, unpackOutcomes, type PlainOutcomes } from "./write-bytes.ts";

const isGone = (error: unknown): boolean => error instanceof Fault && error.code === "STORE_CLOSED";

/** `close` gives up this port; the store itself is closed by whoever opened it. */
export const connect = (port: MessagePort): Store & ListedBlocks => {
  const ask = asking<Call>(port);
  return {
    lead: async (buckets) => (await ask("lead", buckets)).plain as Epoch,
    head: async (bucket) => {
      const { plain, bytes } = await ask("head", bucket);
      return unpackHead(plain, bytes);
    },
    read: async (bucket, from, limit) => {
      const { bytes } = await ask("read", [bucket, from, limit]);
      return unpacked(bytes);
    },
    commit: async (writes) => {
      const bytes = packed([packWrites(writes)]);
      try {
        const { plain } = await ask("commit", undefined, bytes);
        return unpackOutcomes(plain as PlainOutcomes, writes);
      } catch (error) {
        if (!isGone(error)) throw error;
        return writes.map(({ bucket }): CommitOutcome => ({ bucket, kind: "unknown" }));
      }
    },
    loadSnapshot: async (bucket) => {
      const { plain, bytes } = await ask("loadSnapshot", bucket);
      return plain === undefined ? undefined : unpackSnapshot(plain, bytes);
    },
    saveSnapshot: async (snapshot) => {
      const { plain, bytes } = packSnapshot(snapshot);
      await ask("saveSnapshot", plain, bytes);
    },
    close: async () => port.close(),
    ...blocksOver({
      putBlock: async (cid, bytes) => void (await ask("putBlock", cid, packed([bytes]))),
      getBlock: async (cid) => unpacked((await ask("getBlock", cid)).bytes)[0],
      hasBlock: async (cid) => (await ask("hasBlock", cid)).plain as boolean,
      listBlocks: async (after) => (await ask("listBlocks", after)).plain as readonly string[],
    }),
  };
};

/** What a host thread asks for: the one port is that of the folder. */
export const storage = async ([port]: readonly MessagePort[]): Promise<Store & ListedBlocks> => {
  if (port === undefined) throw new Error("no port to the store");
  return connect(port);
};
