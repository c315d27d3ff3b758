/**
 * The store's thread: opens the data folder and serves it to every port it is given. Started by
 * `open.ts` only; `workerData` is the folder.
 */
import { isMainThread, parentPort, workerData, type MessagePort } from "node:worker_threads";
import {
  NO_BYTES,
  packHead,
  packSnapshot,
  plainFault,
  unpackSnapshot,
  unpackWrites,
  type PlainFault,
  type PlainWrite,
  type Reply,
  type Request,
} from "./messages.ts";
import { packed, unpacked, type Packed } from "./packed.ts";
import { openInThread } from "./ports.ts";

export type ToThread =
  { readonly kind: "connect"; readonly port: MessagePort } | { readonly kind: "close" };

export type FromThread =
  | { readonly kind: "opened" }
  | { readonly kind: "refused"; readonly fault: PlainFault }
  | { readonly kind: "closed" };

type Answer = { readonly plain: unknown; readonly bytes: Packed };
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
      return plainly(await ports.commit(unpackWrites(plain as PlainWrite[], bytes)));
    case "loadSnapshot": {
      const snapshot = await ports.loadSnapshot(plain as number);
      return snapshot === undefined ? plainly(undefined) : packSnapshot(snapshot);
    }
    case "saveSnapshot":
      return plainly(await ports.saveSnapshot(unpackSnapshot(plain, bytes)));
    case "putBlock":
      return plainly(await ports.putBlock(plain as string, unpacked(bytes)[0]!));
    case "getBlock": {
      const block = await ports.getBlock(plain as string);
      return { plain: block !== undefined, bytes: packed(block === undefined ? [] : [block]) };
    }
    case "hasBlock":
      return plainly(await ports.hasBlock(plain as string));
  }
};

const serve = (ports: Ports, port: MessagePort): void => {
  port.on("message", (request: Request) => {
    const { id } = request;
    perform(ports, request).then(
      ({ plain, bytes }) => {
        const reply: Reply = { id, plain, bytes };
        port.postMessage(reply, bytes.buffer.byteLength > 0 ? [bytes.buffer] : []);
      },
      (error: unknown) => port.postMessage({ id, fault: plainFault(error) } satisfies Reply),
    );
  });
};

const start = (parent: MessagePort, dir: string): void => {
  const say = (message: FromThread): void => parent.postMessage(message);
  let ports: Ports;
  try {
    ports = openInThread(dir);
  } catch (error) {
    say({ kind: "refused", fault: plainFault(error) });
    return;
  }
  parent.on("message", async (message: ToThread) => {
    if (message.kind === "connect") {
      serve(ports, message.port);
      return;
    }
    await ports.close();
    say({ kind: "closed" });
  });
  say({ kind: "opened" });
};

if (!isMainThread && parentPort !== null) start(parentPort, (workerData as { dir: string }).dir);
