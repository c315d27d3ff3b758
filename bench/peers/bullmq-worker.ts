/** BullMQ's side that works, in a thread of its own: the documented pattern of a job with steps. */

import { parentPort, workerData } from "node:worker_threads";
import { packageModule } from "./install.ts";
import { STEPS, type BullMq, type Connection, type StepData } from "./bullmq.ts";

const { queue, connection, concurrency } = workerData as {
  readonly queue: string;
  readonly connection: Connection;
  readonly concurrency: number;
};
const { Worker } = await packageModule<BullMq>("bullmq", "bullmq");
const worker = new Worker(
  queue,
  async (job) => {
    let { step, value }: StepData = job.data;
    while (step < STEPS) {
      value += 1;
      step += 1;
      await job.updateData({ step, value });
    }
    return value;
  },
  { connection: { ...connection, maxRetriesPerRequest: null }, concurrency },
);
await worker.waitUntilReady();
parentPort?.once("message", () => {
  void worker.close(true).then(() => process.exit(0));
});
parentPort?.postMessage("ready");
