/**
 * The client half of the store's thread, usable in any thread that holds a port to it.
 *
 * If the store's thread ends, what it still owed is answered truthfully: commits are `unknown`, every
 * other call rejects with STORE_CLOSED.
 */
import type { MessagePort } from "node:worker_threads";
import type { Blocks } from "#ports/blocks.ts";
import { Fault } from "#ports/faults.ts";
import type { CommitOutcome, Epoch, Store } from "#ports/store.ts";
import {
  faultOf,
  NO_BYTES,
  packSnapshot,
  packWrites,
  unpackHead,
  unpackSnapshot,
  type Call,
  type Reply,
  type Request,
} from "./messages.ts";
import { packed, unpacked, type Packed } from "./packed.ts";
import { blocksOver } from "./ports.ts";

interface Answer {
  readonly plain: unknown;
  readonly bytes: Packed;
}
interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}
type Ask = (call: Call, plain: unknown, bytes?: Packed) => Promise<Answer>;

const asking = (port: MessagePort): Ask => {
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let closed = false;
  port.on("message", (reply: Reply) => {
    const one = waiting.get(reply.id);
    if (one === undefined) throw new Error(`an answer to ${reply.id}, which nobody asked`);
    waiting.delete(reply.id);
    if (waiting.size === 0) port.unref();
    if ("fault" in reply) one.reject(faultOf(reply.fault));
    else one.resolve(reply);
  });
  port.on("close", () => {
    closed = true;
    for (const { reject } of waiting.values()) reject(gone());
    waiting.clear();
  });
  port.unref();
  return (call, plain, bytes = NO_BYTES) =>
    new Promise((resolve, reject) => {
      if (closed) {
        reject(gone());
        return;
      }
      const request: Request = { id: asked++, call, plain, bytes };
      waiting.set(request.id, { resolve, reject });
      port.ref(); // an unanswered call keeps the process alive, an idle port does not
      port.postMessage(request, bytes.buffer.byteLength > 0 ? [bytes.buffer] : []);
    });
};

const gone = (): Fault => new Fault("STORE_CLOSED", "the store's thread has ended");
const isGone = (error: unknown): boolean => error instanceof Fault && error.code === "STORE_CLOSED";

/** `close` gives up this port; the store itself is closed by whoever opened it. */
export const connect = (port: MessagePort): Store & Blocks => {
  const ask = asking(port);
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
      const { plain, bytes } = packWrites(writes);
      try {
        return (await ask("commit", plain, bytes)).plain as readonly CommitOutcome[];
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
    }),
  };
};
