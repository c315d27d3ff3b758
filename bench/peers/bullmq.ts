/**
 * BullMQ over Redis: a job whose three steps are kept one by one, worker in a thread of its own, result
 * heard as an event. Twice: with an append-only file that is fsynced before each answer, and once a second,
 * as most run it.
 */

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker as Thread } from "node:worker_threads";
import { startServer } from "../support/processes.ts";
import { freePort } from "../../test/support/free-port.ts";
import { bringBinary, packageModule, versionOf } from "./install.ts";
import { NOTHING, type Ends, type Peer, type Task } from "./peer.ts";

export const STEPS = 3;
const CONCURRENCY = 256;
const QUEUE = "three";

export interface Connection {
  readonly host: string;
  readonly port: number;
}

export interface StepData {
  readonly step: number;
  readonly value: number;
}

interface Job {
  readonly data: StepData;
  updateData(data: StepData): Promise<void>;
}

interface Closable {
  waitUntilReady(): Promise<unknown>;
  close(isForced?: boolean): Promise<void>;
}

/** What of BullMQ is used here. */
export interface BullMq {
  readonly Queue: new (
    name: string,
    options: { connection: Connection },
  ) => Closable & {
    add(
      name: string,
      data: StepData,
      options: { jobId: string; removeOnComplete: true },
    ): Promise<unknown>;
  };
  readonly QueueEvents: new (
    name: string,
    options: { connection: Connection },
  ) => Closable & {
    on(event: "completed", heard: (event: { jobId: string; returnvalue: unknown }) => void): void;
    on(event: "failed", heard: (event: { jobId: string; failedReason: string }) => void): void;
  };
  readonly Worker: new (
    name: string,
    work: (job: Job) => Promise<number>,
    options: { connection: Connection & { maxRetriesPerRequest: null }; concurrency: number },
  ) => Closable;
}

type Fsync = "always" | "everysec";

const redis = async (fsync: Fsync, ends: Ends): Promise<Connection> => {
  const { path, env } = await bringBinary("redis-server", "redis-server");
  const dir = mkdtempSync(join(tmpdir(), "canswarm-redis-"));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  const port = await freePort();
  const options = {
    bind: "127.0.0.1",
    port: String(port),
    dir,
    appendonly: "yes",
    appendfsync: fsync,
    save: "",
    "maxmemory-policy": "noeviction",
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  ends.use(await startServer({ command: path, args, env, ports: [port] }));
  return { host: "127.0.0.1", port };
};

const startWorker = async (connection: Connection, ends: Ends): Promise<void> => {
  const thread = new Thread(new URL("bullmq-worker.ts", import.meta.url), {
    workerData: { queue: QUEUE, connection, concurrency: CONCURRENCY },
  });
  await once(thread, "message");
  ends.defer(async () => {
    thread.postMessage("end");
    await once(thread, "exit");
  });
};

const open = async (fsync: Fsync, ends: Ends): Promise<Task> => {
  const { Queue, QueueEvents } = await packageModule<BullMq>("bullmq", "bullmq");
  const connection = await redis(fsync, ends);
  const queue = new Queue(QUEUE, { connection });
  ends.defer(() => queue.close());
  const events = new QueueEvents(QUEUE, { connection });
  ends.defer(() => events.close());
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  await startWorker(connection, ends);
  const waiting = new Map<string, { done: () => void; failed: (why: Error) => void }>();
  const ended = (jobId: string, why?: string): void => {
    const { done, failed } = waiting.get(jobId) ?? {};
    waiting.delete(jobId);
    if (why === undefined) done?.();
    else failed?.(new Error(`job ${jobId}: ${why}`));
  };
  events.on("completed", ({ jobId, returnvalue }) =>
    ended(jobId, Number(returnvalue) === 1 + STEPS ? undefined : `gave ${String(returnvalue)}`),
  );
  events.on("failed", ({ jobId, failedReason }) => ended(jobId, failedReason));
  return async (serial) => {
    const jobId = `t${serial}`;
    const end = new Promise<void>((done, failed) => waiting.set(jobId, { done, failed }));
    await queue.add("three", { step: 0, value: 1 }, { jobId, removeOnComplete: true });
    await end;
  };
};

const peer = (fsync: Fsync, durable: string): Peer => ({
  kind: "task",
  name: fsync === "always" ? "bullmq" : "bullmq-everysec",
  what: `BullMQ ${versionOf("bullmq")} over Redis, appendfsync ${fsync}`,
  guarantees: {
    durable,
    signed: NOTHING,
    verified: NOTHING,
    exactlyOnce: "at least once; a stalled job runs again",
  },
  open: (ends) => open(fsync, ends),
});

export const BULLMQ: readonly Peer[] = [
  peer("always", "fsynced before the answer"),
  peer("everysec", "fsynced once a second: the last second can be lost"),
];
