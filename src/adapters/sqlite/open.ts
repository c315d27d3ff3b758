/** Opens a data folder in a thread of its own, which commits in groups for all threads. */
import { once } from "node:events";
import { MessageChannel, Worker, type MessagePort } from "node:worker_threads";
import { faultOf } from "./messages.ts";
import type { FromThread, ToThread } from "./folder-thread.ts";

export interface SqliteThread {
  /** A new port to the store: hand it to any thread, which calls `connect(port)` on it. */
  port(): MessagePort;
  /** Answers what was asked, gives the folder up, ends the thread. Twice is harmless. */
  close(): Promise<void>;
  /** Ends the thread at once, as a crash would: what is unanswered becomes `unknown`. */
  kill(): Promise<void>;
}

/** Of the thread's young generation: what it holds, it passes on at once. */
const FOLDER_YOUNG_MIB = 24;

const threadUrl = (): URL => new URL(import.meta.resolve("#adapters/sqlite/thread.ts"));

/** Refuses with DATA_IN_USE, DATA_TOO_NEW or STORE_CORRUPT. */
export const openSqlite = (dir: string): Promise<SqliteThread> =>
  openFolder(threadUrl(), "store", dir);

/** The same for another kind of folder, whose thread's file is given. */
export const openFolder = async (url: URL, name: string, dir: string): Promise<SqliteThread> => {
  const worker = new Worker(url, {
    workerData: { dir },
    name,
    resourceLimits: { maxYoungGenerationSizeMb: FOLDER_YOUNG_MIB },
  });
  const [first] = (await once(worker, "message")) as [FromThread];
  if (first.kind === "refused") {
    await worker.terminate();
    throw faultOf(first.fault);
  }
  let ended = false;
  worker.once("exit", () => (ended = true));
  const say = (message: ToThread, transfer: readonly MessagePort[] = []): void =>
    worker.postMessage(message, [...transfer]);
  const kill = async (): Promise<void> => void (await worker.terminate());
  return {
    port: () => {
      const { port1, port2 } = new MessageChannel();
      say({ kind: "connect", port: port2 }, [port2]);
      return port1;
    },
    close: async () => {
      if (ended) return;
      say({ kind: "close" });
      await Promise.race([once(worker, "message"), once(worker, "exit")]);
      await kill();
    },
    kill,
  };
};
