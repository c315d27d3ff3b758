/**
 * The thread in which a T0 or T1 guest lives: nothing of ours is in it, and it is ended when its time is
 * over, whatever it does.
 */

import { Worker } from "node:worker_threads";
import { tailOf } from "../runner/wording.ts";
import { THREAD_GRACE_MS, type GuestLimits } from "./limits.ts";
import { stopped, type Outcome } from "./outcome.ts";

/** Until the guest begins: loading the engine. */
const LOAD_MS_MAX = 30_000;
/** Of the thread's own JavaScript heap; the guest's memory lies beside it. */
const HEAP_MIB_MAX = 256;

/** Posted by the thread just before the guest's first instruction. */
export const BEGUN = "begun";

/** Resolves with what the thread posts, or with why it is gone; never rejects. */
export const runInThread = (url: URL, data: object, limits: GuestLimits): Promise<Outcome> =>
  new Promise((resolve) => {
    const worker = new Worker(url, {
      workerData: { ...data, limits },
      env: {},
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
    });
    worker.stdout.resume();
    worker.stderr.resume();
    const late = (ms: number): NodeJS.Timeout =>
      setTimeout(() => end(stopped("TIME", `it ran longer than ${limits.timeMs} ms`)), ms);
    let timer = late(LOAD_MS_MAX);
    let isOver = false;
    const end = (outcome: Outcome): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      void worker.terminate().then(() => resolve(outcome));
    };
    worker.on("message", (message: typeof BEGUN | Outcome) => {
      if (message !== BEGUN) return end(message);
      clearTimeout(timer);
      timer = late(limits.timeMs + THREAD_GRACE_MS);
    });
    worker.on("error", (error: Error & { readonly code?: string }) =>
      end(
        error.code === "ERR_WORKER_OUT_OF_MEMORY"
          ? stopped("MEMORY", "its thread ran out of memory")
          : { kind: "failed", detail: `its thread failed: ${tailOf(error.message)}`, stdout: "" },
      ),
    );
    worker.on("exit", () => end({ kind: "failed", detail: "its thread ended", stdout: "" }));
  });
