/**
 * Packed frames beside bare postMessage: small messages a second from this thread to another one, which
 * counts them and answers at the end.
 * Run: node bench/micro/frames.ts
 */
import { once } from "node:events";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { FrameWriter, unframe } from "#runtime/threads/frames.ts";

const MESSAGES = 100_000;
const MESSAGE_BYTES = 700;
/** Messages of one turn: the end of a turn flushes. */
const TURN_MESSAGES = 64;
/** Messages under way, so that the sender does not fill memory. */
const WINDOW_MESSAGES = 4_096;

const countIn = (message: unknown): number => {
  if (message instanceof ArrayBuffer) {
    const unframed = unframe(message);
    if (unframed.kind === "malformed") throw new Error(unframed.reason);
    return unframed.messages.length;
  }
  return 1;
};

const answerEveryWindow = (): void => {
  let count = 0;
  parentPort?.on("message", (message: unknown) => {
    const before = Math.floor(count / WINDOW_MESSAGES);
    count += countIn(message);
    if (Math.floor(count / WINDOW_MESSAGES) > before) parentPort?.postMessage(count);
  });
};

type Send = (worker: Worker, bytes: Uint8Array) => void;

const measure = async (name: string, makeSend: (worker: Worker) => [Send, () => void]) => {
  const worker = new Worker(new URL(import.meta.url));
  await once(worker, "online");
  const [send, flush] = makeSend(worker);
  const bytes = new Uint8Array(MESSAGE_BYTES);
  const begin = performance.now();
  for (let sent = 0; sent < MESSAGES; sent += WINDOW_MESSAGES) {
    for (let n = 0; n < WINDOW_MESSAGES; n++) {
      send(worker, bytes);
      if (n % TURN_MESSAGES === TURN_MESSAGES - 1) flush();
    }
    await once(worker, "message");
  }
  const seconds = (performance.now() - begin) / 1_000;
  await worker.terminate();
  const sent = Math.ceil(MESSAGES / WINDOW_MESSAGES) * WINDOW_MESSAGES;
  const rate = Math.round(sent / seconds).toLocaleString("en");
  console.log(`${name.padEnd(36)} ${rate.padStart(11)} messages/s`);
};

if (isMainThread) {
  await measure("postMessage, cloned", (worker) => [
    (_, bytes) => worker.postMessage(bytes),
    () => {},
  ]);
  await measure("postMessage, each transferred", (worker) => [
    (_, bytes) => {
      const own = bytes.slice();
      worker.postMessage(own, [own.buffer]);
    },
    () => {},
  ]);
  await measure("packed frames", (worker) => {
    const writer = new FrameWriter((frame) => worker.postMessage(frame, [frame]));
    return [(_, bytes) => writer.push(1, bytes), () => writer.flush()];
  });
} else {
  answerEveryWindow();
}
