import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { connect } from "#adapters/sqlite/client.ts";
import { openSqlite, type SqliteThread } from "#adapters/sqlite/open.ts";
import { blocksOver, openInThread } from "#adapters/sqlite/ports.ts";
import type { ListedBlocks } from "#ports/blocks.ts";
import type { Store } from "#ports/store.ts";
import { listedBlocksContract } from "../../contracts/blocks.ts";
import { storeContract } from "../../contracts/store.ts";
import { newFolder, powerCut, removeFolder } from "./folder.ts";

/** In this thread. A crash is a copy of the files under the open store: it gets no chance to tidy up. */
const inThread = async () => {
  let dir = newFolder();
  const folders = [dir];
  const opened: (Store & { close(): Promise<void> })[] = [];
  const openRaw = async () => {
    const ports = openInThread(dir);
    opened.push(ports);
    return ports;
  };
  return {
    dir: () => dir,
    openRaw,
    open: async (): Promise<Store> => openRaw(),
    connect: async (): Promise<Store> => opened.at(-1)!,
    crash: async () => {
      const image = powerCut(dir);
      await opened.at(-1)!.close();
      folders.push((dir = image));
    },
    dispose: async () => {
      for (const ports of opened) await ports.close();
      folders.forEach(removeFolder);
    },
  };
};

/** Through the store's thread. A crash ends that thread in the middle of whatever it does. */
const throughThread = async () => {
  const dir = newFolder();
  const threads: SqliteThread[] = [];
  const open = async (): Promise<Store & ListedBlocks> => {
    const thread = await openSqlite(dir);
    threads.push(thread);
    const store = connect(thread.port());
    return { ...store, close: () => thread.close() };
  };
  return {
    dir: () => dir,
    open,
    connect: async () => connect(threads.at(-1)!.port()),
    crash: () => threads.at(-1)!.kill(),
    dispose: async () => {
      for (const thread of threads) await thread.kill();
      removeFolder(dir);
    },
  };
};

/** Flips the first byte of the block, wherever it lies. */
const damage = (dir: string, cid: string): void => {
  const files = readdirSync(join(dir, "blocks"), { recursive: true }) as string[];
  const file = files.find((name) => name.endsWith(cid));
  const flipped = (bytes: Uint8Array) => bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
  if (file !== undefined) {
    const path = join(dir, "blocks", file);
    writeFileSync(path, flipped(readFileSync(path)));
    return;
  }
  const database = new DatabaseSync(join(dir, "canswarm.db"));
  const row = database.prepare("SELECT bytes FROM blocks WHERE cid = ?").get(cid);
  const bytes = flipped(row!["bytes"] as Uint8Array);
  database.prepare("UPDATE blocks SET bytes = ? WHERE cid = ?").run(bytes, cid);
  database.close();
};

storeContract("SQLite in the thread itself", inThread);
storeContract("SQLite through its thread", throughThread);

listedBlocksContract("SQLite in the thread itself", async () => {
  const rig = await inThread();
  const open = async () => blocksOver(await rig.openRaw());
  return { ...rig, open, damage: async (cid) => damage(rig.dir(), cid) };
});
listedBlocksContract("SQLite through its thread", async () => {
  const rig = await throughThread();
  return { ...rig, damage: async (cid) => damage(rig.dir(), cid) };
});
