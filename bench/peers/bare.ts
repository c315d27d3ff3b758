/** Figures of bare actors, nothing kept: `createActor` of XState, and worker threads without anything. */

import { once } from "node:events";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { assign, createActor, setup } from "xstate";
import { NOTHING, type Guarantees, type Ends, type Peer, type Task } from "./peer.ts";

const STEPS = 3;
const BARE: Guarantees = {
  durable: NOTHING,
  signed: NOTHING,
  verified: NOTHING,
  exactlyOnce: "lost with the process",
};

const three = setup({
  types: { context: {} as { value: number }, events: {} as { type: "STEP" } },
  actions: { add: assign({ value: ({ context }) => context.value + 1 }) },
}).createMachine({
  context: { value: 1 },
  initial: "first",
  states: {
    first: { on: { STEP: { target: "second", actions: "add" } } },
    second: { on: { STEP: { target: "third", actions: "add" } } },
    third: { on: { STEP: { target: "done", actions: "add" } } },
    done: { type: "final" },
  },
});

const actors = async (): Promise<Task> => async () => {
  const actor = createActor(three).start();
  for (let step = 0; step < STEPS; step += 1) actor.send({ type: "STEP" });
  const { status, context } = actor.getSnapshot();
  if (status !== "done" || context.value !== 1 + STEPS) throw new Error("not done");
};

interface Message {
  readonly serial: number;
  readonly value: number;
}

/** Each step is a message to the other thread and one back. */
const threads = async (ends: Ends): Promise<Task> => {
  const worker = new Worker(new URL(import.meta.url));
  ends.defer(async () => void (await worker.terminate()));
  await once(worker, "online");
  const waiting = new Map<number, () => void>();
  worker.on("message", ({ serial, value }: Message) => {
    if (value <= STEPS) {
      worker.postMessage({ serial, value });
      return;
    }
    waiting.get(serial)?.();
    waiting.delete(serial);
  });
  return (serial) =>
    new Promise((resolve) => {
      waiting.set(serial, resolve);
      worker.postMessage({ serial, value: 1 });
    });
};

export const BARE_PEERS: readonly Peer[] = [
  {
    kind: "task",
    name: "xstate",
    what: "createActor of XState in this thread, three events",
    guarantees: BARE,
    open: actors,
  },
  {
    kind: "task",
    name: "threads",
    what: "a worker thread, three messages there and back",
    guarantees: BARE,
    open: threads,
  },
];

if (!isMainThread)
  parentPort?.on("message", ({ serial, value }: Message) =>
    parentPort?.postMessage({ serial, value: value + 1 }),
  );
