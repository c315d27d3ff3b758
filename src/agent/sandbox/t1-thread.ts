/**
 * The thread of one T1 guest: QuickJS in WebAssembly. The script has the language and a console; there
 * is no other function of ours that it could call, and no module that it could load.
 */

import { parentPort, workerData } from "node:worker_threads";
import {
  RELEASE_SYNC,
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
} from "quickjs-emscripten";
import { SCRIPT_STACK_BYTES, type GuestLimits } from "./limits.ts";
import { stopped, type Outcome } from "./outcome.ts";
import { BEGUN } from "./thread.ts";
import { wasm } from "./wasm/engine.ts";
import { PAGE_BYTES } from "./wasm/meter.ts";

const port = parentPort!;
const { script, limits } = workerData as { readonly script: string; readonly limits: GuestLimits };

/** Pages that the engine itself wants at once. */
const ENGINE_PAGES = 256;
/**
 * The engine's own limit counts no more than the bookkeeping of its allocations in this build, so the
 * limit is that of the memory that it lives in.
 */
const pagesMax = Math.max(ENGINE_PAGES, Math.floor(limits.memoryBytes / PAGE_BYTES));
const wasmMemory = new wasm.Memory({ initial: ENGINE_PAGES, maximum: pagesMax });
/** Memory grows by large steps, so the last one may fail long before the end. */
const isNearlyFull = (): boolean => wasmMemory.buffer.byteLength > (pagesMax * PAGE_BYTES) / 2;
const quick = await newQuickJSWASMModuleFromVariant(newVariant(RELEASE_SYNC, { wasmMemory }));
const runtime = quick.newRuntime();
runtime.setMemoryLimit(limits.memoryBytes);
runtime.setMaxStackSize(SCRIPT_STACK_BYTES);

let isTooMuch = false;
let isLate = false;
let deadline = Infinity;
runtime.setInterruptHandler(() => {
  isLate ||= performance.now() > deadline;
  return isLate || isTooMuch; // an interruption cannot be caught by the script
});

const context = runtime.newContext();
const lines: string[] = [];
let bytes = 0;

const print = (...words: QuickJSHandle[]): void => {
  if (isTooMuch) return;
  const line = words.map((word) => context.getString(word)).join(" ");
  bytes += Buffer.byteLength(line) + 1;
  if (bytes > limits.outputBytes) isTooMuch = true;
  else lines.push(`${line}\n`);
};

const addConsole = ({ global }: QuickJSContext): void => {
  const console = context.newObject();
  for (const name of ["log", "info", "warn", "error", "debug"])
    context.newFunction(name, print).consume((one) => context.setProp(console, name, one));
  context.setProp(global, "console", console);
  console.dispose();
};

/** The script's own `JSON.stringify` from before it could be changed. */
const stringify = context.unwrapResult(
  // Memory between threads: there are none, and its bytes are counted nowhere.
  context.evalCode(
    "delete globalThis.SharedArrayBuffer; delete globalThis.Atomics; JSON.stringify",
  ),
);

const told = (error: QuickJSHandle): Outcome => {
  const stdout = lines.join("");
  if (isTooMuch) return stopped("OUTPUT", `it printed more than ${limits.outputBytes} bytes`);
  if (isLate) return stopped("TIME", `it ran longer than ${limits.timeMs} ms`);
  const thrown: unknown = context.dump(error);
  const { name, message } = (
    typeof thrown === "object" && thrown !== null ? thrown : {}
  ) as Partial<Record<string, unknown>>;
  // An engine without memory cannot even tell what it threw.
  const isMute = name === undefined && !thrown && isNearlyFull();
  if (isMute || (name === "InternalError" && message === "out of memory"))
    return stopped("MEMORY", `it wanted more than ${limits.memoryBytes} bytes`);
  if (name === "InternalError" && message === "stack overflow")
    return stopped("STACK", "its calls went too deep");
  const what = name === undefined ? String(thrown) : `${String(name)}: ${String(message)}`;
  return { kind: "failed", detail: what.slice(0, 500), stdout };
};

const finished = (value: QuickJSHandle): Outcome => {
  const text = context.callFunction(stringify, context.undefined, value);
  if (text.error !== undefined) return told(text.error);
  const json = context.typeof(text.value) === "string" ? context.getString(text.value) : undefined;
  const size = bytes + Buffer.byteLength(json ?? "");
  if (isTooMuch || size > limits.outputBytes)
    return stopped("OUTPUT", `it gave more than ${limits.outputBytes} bytes`);
  const stdout = lines.join("");
  return json === undefined ? { kind: "ok", stdout } : { kind: "ok", stdout, value: json };
};

const run = (): Outcome => {
  const result = context.evalCode(script, "script.js", { strict: false });
  if (result.error !== undefined) return told(result.error);
  while (runtime.hasPendingJob()) {
    const jobs = runtime.executePendingJobs(1);
    if (jobs.error !== undefined) return told(jobs.error);
    if (performance.now() > deadline) isLate = true;
    if (isLate || isTooMuch) return told(context.undefined);
  }
  return finished(result.value);
};

addConsole(context);
port.postMessage(BEGUN);
deadline = performance.now() + limits.timeMs;
let outcome: Outcome;
try {
  outcome = run();
} catch (error) {
  // The engine itself gave up; the thread ends with it.
  outcome = stopped("MEMORY", `the engine failed: ${String(error).slice(0, 200)}`);
}
port.postMessage(outcome);
