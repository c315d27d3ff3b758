/** The journal's thread. Started by `journal-client.ts` only; `workerData` is the folder. */
import { isMainThread, parentPort } from "node:worker_threads";
import type { Journal } from "#ports/journal.ts";
import { serveFolder, type Answer } from "./folder-thread.ts";
import { packLinks, packRecords, unpackRecords, type JournalCall } from "./journal-messages.ts";
import { openJournalInThread } from "./journal.ts";
import { NO_BYTES, packSnapshot, unpackSnapshotWrite, type Request } from "./messages.ts";
import { packed, unpacked } from "./packed.ts";

const NOTHING: Answer = { plain: undefined, bytes: NO_BYTES };

const perform = async (
  journal: Journal,
  { call, plain, bytes }: Request<JournalCall>,
): Promise<Answer> => {
  switch (call) {
    case "append":
      await journal.append(unpackRecords(plain, bytes));
      return NOTHING;
    case "get": {
      const record = await journal.get(plain as number, unpacked(bytes)[0]!);
      return packRecords(record === undefined ? [] : [record]);
    }
    case "getMany":
      return packRecords(await journal.getMany(plain as number, unpacked(bytes)));
    case "links": {
      const [bucket, count] = plain as readonly [number, number];
      return packLinks(await journal.links(bucket, unpacked(bytes)[0]!, count));
    }
    case "hashes": {
      const hashes = await journal.hashes(plain as number, unpacked(bytes)[0]);
      return { plain: undefined, bytes: packed(hashes) };
    }
    case "drop":
      await journal.drop(plain as number, unpacked(bytes));
      return NOTHING;
    case "newest": {
      const newest = await journal.newest(plain as number);
      return newest === undefined ? NOTHING : { plain: newest.index, bytes: packed([newest.hash]) };
    }
    case "loadSnapshot": {
      const snapshot = await journal.loadSnapshot(plain as number);
      return snapshot === undefined ? NOTHING : packSnapshot(snapshot);
    }
    case "saveSnapshot":
      await journal.saveSnapshot(unpackSnapshotWrite(plain, bytes));
      return NOTHING;
  }
};

if (!isMainThread && parentPort !== null) serveFolder(parentPort, openJournalInThread, perform);
