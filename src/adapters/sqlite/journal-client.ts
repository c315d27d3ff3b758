/** Opens a journal's folder in a thread of its own, and the half of it that other threads hold. */
import type { MessagePort } from "node:worker_threads";
import type { Journal } from "#ports/journal.ts";
import { asking } from "./asking.ts";
import { packRecords, unpackLinks, unpackRecords, type JournalCall } from "./journal-messages.ts";
import { packSnapshot, unpackSnapshot } from "./messages.ts";
import { openFolder, type SqliteThread } from "./open.ts";
import { packed, unpacked } from "./packed.ts";

const threadUrl = (): URL => new URL(import.meta.resolve("#adapters/sqlite/journal-thread.ts"));

/**
 * The folder is the journal's own, not one that an embedded store has. Refuses with DATA_IN_USE,
 * DATA_TOO_NEW or STORE_CORRUPT. Each thread calls `connectJournal` on a port of it.
 */
export const openJournal = (dir: string): Promise<SqliteThread> =>
  openFolder(threadUrl(), "journal", dir);

/** `close` gives up this port; the journal itself is closed by whoever opened it. */
export const connectJournal = (port: MessagePort): Journal => {
  const ask = asking<JournalCall>(port);
  return {
    append: async (records) => {
      const { plain, bytes } = packRecords(records);
      await ask("append", plain, bytes);
    },
    get: async (bucket, hash) => {
      const { plain, bytes } = await ask("get", bucket, packed([hash]));
      return unpackRecords(plain, bytes)[0];
    },
    getMany: async (bucket, hashes) => {
      const { plain, bytes } = await ask("getMany", bucket, packed(hashes));
      return unpackRecords(plain, bytes);
    },
    links: async (bucket, hash, count) => {
      const { plain, bytes } = await ask("links", [bucket, count], packed([hash]));
      return unpackLinks(plain, bytes);
    },
    hashes: async (bucket, above) => {
      const { bytes } = await ask("hashes", bucket, packed(above === undefined ? [] : [above]));
      return unpacked(bytes);
    },
    drop: async (bucket, hashes) => {
      await ask("drop", bucket, packed(hashes));
    },
    newest: async (bucket) => {
      const { plain: index, bytes } = await ask("newest", bucket);
      const [hash] = unpacked(bytes);
      return hash === undefined ? undefined : { index: index as number, hash };
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
  };
};
