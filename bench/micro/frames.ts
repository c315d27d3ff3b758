/**
 * Packed frames beside bare postMessage: small messages a second from this thread to another one, which
 * counts them and answers at the end.
 * Run: node bench/micro/frames.ts [--messages 100000] [--json]
 */
import { once } from "node:events";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { FrameWriter, unframe } from "#runtime/threads/frames.ts";
import { microFlags } from "../support/flags.ts";
import { tellFigures } from "../support/report.ts";

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

const rateOf = async (
  messages: number,
  makeSend: (worker: Worker) => [Send, () => void],
): Promise<number> => {
  const worker = new Worker(new URL(import.meta.url));
  await once(worker, "online");
  const [send, flush] = makeSend(worker);
  const bytes = new Uint8Array(MESSAGE_BYTES);
  const begin = performance.now();
  for (let sent = 0; sent < messages; sent += WINDOW_MESSAGES) {
    for (let n = 0; n < WINDOW_MESSAGES; n++) {
      send(worker, bytes);
      if (n % TURN_MESSAGES === TURN_MESSAGES - 1) flush();
    }
    await once(worker, "message");
  }
  const seconds = (performance.now() - begin) / 1_000;
  await worker.terminate();
  return (Math.ceil(messages / WINDOW_MESSAGES) * WINDOW_MESSAGES) / seconds;
};

if (isMainThread) {
  const { messages, isJson } = microFlags({ messages: 100_000 });
  const cloned = await rateOf(messages, (worker) => [
    (_, bytes) => worker.postMessage(bytes),
    () => {},
  ]);
  const transferred = await rateOf(messages, (worker) => [
    (_, bytes) => {
      const own = bytes.slice();
      worker.postMessage(own, [own.buffer]);
    },
    () => {},
  ]);
  const packed = await rateOf(messages, (worker) => {
    const writer = new FrameWriter((frame) => worker.postMessage(frame, [frame]));
    return [(_, bytes) => writer.push(1, bytes), () => writer.flush()];
  });
  const floor = { name: "postMessage of each, cloned", value: cloned };
  tellFigures(
    "frames",
    [
      { name: "packed frames", value: packed, unit: "messages/s", floor },
      { name: "each transferred", value: transferred, unit: "messages/s", floor },
    ],
    { isJson },
  );
} else {
  answerEveryWindow();
}
