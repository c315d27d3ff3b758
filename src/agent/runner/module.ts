/**
 * Module: an agent written as a JavaScript or TypeScript module, in a thread of its own, so that an endless
 * loop or an exhausted heap costs the agent its try and nobody else anything. The module exports, by
 * name or in a default object:
 *
 *   work({need, input}) → {output, telemetry?}
 *   judge({need, input, output, telemetry?}) → {verdict, reason?}
 *   plan?({need, bid}) → {verdict, reason?}            bid?({need, input?}) → {price?, etaMs?} | {pass: true}
 *   close?()                                           each may be async; what it throws is a failed try
 *
 * It is the operator's own code with the operator's own rights: a thread contains accidents, not malice.
 */

import { Worker } from "node:worker_threads";
import type { RunnerLimits } from "./limits.ts";
import type { StartPeer } from "./peer.ts";
import { failed, type Asks, type Failure } from "./runner.ts";
import { MEBIBYTE, mebibytes, tailOf } from "./wording.ts";

export interface ModuleOptions {
  /** Absolute. */
  readonly path: string;
  readonly limits: RunnerLimits;
}

/** How often a thread's memory is looked at, ms. */
const LOOK_MS = 100;
/** Of a module's young generation: a market has many modules, and most of them idle. */
const YOUNG_MIB = 24;
/**
 * Heap beyond the limit that a thread may reach between two looks. Only an engine that hits its own
 * limit in the middle of an allocation ends the whole process, so that limit is not the one that is kept.
 */
const HEADROOM_BYTES = 512 * MEBIBYTE;

const HOST = new URL(import.meta.resolve("#agent/runner/module-host.ts"));

const tooMuchMemory = (limits: RunnerLimits): Failure =>
  failed("MEMORY", `it used more than ${mebibytes(limits.memoryBytesMax)} of memory`);

/** Heap and buffers, looked at until it is told to stop. */
const watchMemory = (worker: Worker, bytesMax: number, onTooMuch: () => void): (() => void) => {
  let isAsked = false;
  const timer = setInterval(() => {
    if (isAsked) return;
    isAsked = true;
    worker.getHeapStatistics().then(
      ({ used_heap_size: heap, external_memory: external }) => {
        isAsked = false;
        if (heap + external > bytesMax) onTooMuch();
      },
      // It is gone.
      () => clearInterval(timer),
    );
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
};

const reasonOf = (error: Error & { readonly code?: string }, limits: RunnerLimits): Failure =>
  error.code === "ERR_WORKER_OUT_OF_MEMORY"
    ? tooMuchMemory(limits)
    : failed("EXIT", `it threw: ${tailOf(error.message)}`);

export const modulePeer =
  ({ path, limits }: ModuleOptions): StartPeer =>
  ({ onText, onGone }) =>
    new Promise((resolve) => {
      const worker = new Worker(HOST, {
        workerData: { path },
        // What a module prints is not a result of ours: it is read and dropped.
        stdout: true,
        stderr: true,
        resourceLimits: {
          maxOldGenerationSizeMb: Math.ceil((limits.memoryBytesMax + HEADROOM_BYTES) / MEBIBYTE),
          maxYoungGenerationSizeMb: YOUNG_MIB,
        },
      });
      worker.stdout.resume();
      worker.stderr.resume();
      let failure: Failure | undefined;
      let ready = false;
      const unwatch = watchMemory(worker, limits.memoryBytesMax, () => {
        failure ??= tooMuchMemory(limits);
        void worker.terminate();
      });
      const gone = new Promise<void>((left) => {
        worker.once("error", (error: Error) => (failure ??= reasonOf(error, limits)));
        worker.once("exit", (code) => {
          unwatch();
          failure ??= failed("EXIT", `its thread ended with code ${code}`);
          if (ready) onGone(failure);
          else resolve(failed("SPAWN", `${path} could not be loaded: ${failure.detail}`));
          left();
        });
      });
      worker.once("message", (asks: Asks) => {
        ready = true;
        worker.on("message", (text: string) => {
          if (text.length <= limits.answerBytesMax) return onText(text);
          failure ??= failed("TOO_LARGE", `it answered more than ${mebibytes(text.length)}`);
          void worker.terminate();
        });
        resolve({
          asks,
          pid: undefined,
          send: (text) => {
            worker.postMessage(text);
          },
          end: () => {
            worker.postMessage(undefined);
          },
          kill: () => void worker.terminate(),
          gone,
        });
      });
    });
