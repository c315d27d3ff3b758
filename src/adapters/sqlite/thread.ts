/**
 * The store's thread: opens the data folder and serves it to every port it is given. Started by
 * `open.ts` only; `workerData` is the folder.
 */
import { isMainThread, parentPort } from "node:worker_threads";
import { serveFolder, type Answer } from "./folder-thread.ts";
import { NO_BYTES, packHead, packSnapshot, unpackSnapshotWrite, type Request } from "./messages.ts";
import { packed, unpacked } from "./packed.ts";
import { openInThread } from "./ports.ts";
import { packOutcomes, unpackWrites } from "./write-bytes.ts";

type Ports = ReturnType<typeof openInThread>;

const plainly = (plain: unknown): Answer => ({ plain, bytes: NO_BYTES });

const perform = async (ports: Ports, { call, plain, bytes }: Request): Promise<Answer> => {
  switch (call) {
    case "lead":
      return plainly(await ports.lead(plain as number[]));
    case "head":
      return packHead(await ports.head(plain as number));
    case "read": {
      const [bucket, from, limit] = plain as [number, number, number];
      return { plain: undefined, bytes: packed(await ports.read(bucket, from, limit)) };
    }
    case "commit":
      return plainly(packOutcomes(await ports.commit(unpackWrites(unpacked(bytes)[0]!))));
    case "loadSnapshot": {
      const snapshot = await ports.loadSnapshot(plain as number);
      return snapshot === undefined ? plainly(undefined) : packSnapshot(snapshot);
    }
    case "saveSnapshot":
      return plainly(await ports.saveSnapshot(unpackSnapshotWrite(plain, bytes)));
    case "putBlock":
      return plainly(await ports.putBlock(plain as string, unpacked(bytes)[0]!));
    case "getBlock": {
      const block = await ports.getBlock(plain as string);
      return { plain: block !== undefined, bytes: packed(block === undefined ? [] : [block]) };
    }
    case "hasBlock":
      return plainly(await ports.hasBlock(plain as string));
    case "listBlocks":
      return plainly(await ports.listBlocks(plain as string));
  }
};

if (!isMainThread && parentPort !== null) serveFolder(parentPort, openInThread, perform);
