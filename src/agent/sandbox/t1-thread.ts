/**
 * The thread of one T1 guest: QuickJS in WebAssembly. The script has the language and a console; there
 * is no other function of ours that it could call, and no module that it could load. Where a second
 * script is given, the first can also ask that one, which lives in a runtime of its own: no object of
 * either is ever seen by the other, and both share one clock, one memory and one limit of output.
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
const { script, asked, limits } = workerData as {
  readonly script: string;
  readonly asked: string | undefined;
  readonly limits: GuestLimits;
};

/** Of what is told about an exception. */
const DETAIL_LENGTH_MAX = 500;
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

let isTooMuch = false;
let isLate = false;
let deadline = Infinity;
const isStopped = (): boolean => {
  isLate ||= performance.now() > deadline;
  return isLate || isTooMuch; // an interruption cannot be caught by the script
};

/** Memory between threads: there are none, and its bytes are counted nowhere. */
const UNSHARED = "delete globalThis.SharedArrayBuffer; delete globalThis.Atomics; JSON.stringify";

/** A runtime with one context; `stringify` is its own from before it could be changed. */
const newRealm = (): { readonly context: QuickJSContext; readonly stringify: QuickJSHandle } => {
  const runtime = quick.newRuntime();
  runtime.setMemoryLimit(limits.memoryBytes);
  runtime.setMaxStackSize(SCRIPT_STACK_BYTES);
  runtime.setInterruptHandler(isStopped);
  const made = runtime.newContext();
  return { context: made, stringify: made.unwrapResult(made.evalCode(UNSHARED)) };
};

const { context, stringify } = newRealm();
const { runtime } = context;
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

/** What was thrown, as one line. It may be anything. */
const thrownText = (thrown: unknown): string => {
  const { name, message } = (Object(thrown) ?? {}) as Partial<Record<string, unknown>>;
  const isError = typeof name === "string" && typeof message === "string";
  const what = isError ? `${name}: ${message}` : (JSON.stringify(thrown) ?? "nothing");
  return what.slice(0, DETAIL_LENGTH_MAX);
};

/** Gives `context` the function `ask`, answered by a script that shares nothing with it. */
const addAsk = (code: string): void => {
  const other = newRealm().context;
  /** The value, or a throw of what the other script threw. */
  const valueOf = (result: ReturnType<QuickJSContext["callFunction"]>): QuickJSHandle => {
    if (result.error === undefined) return result.value;
    throw new Error(result.error.consume((error) => thrownText(other.dump(error))));
  };
  const textOf = (answer: QuickJSHandle): string => {
    if (other.typeof(answer) !== "string") throw new Error("the answer is no text");
    const length = other.getProp(answer, "length").consume((one) => other.getNumber(one));
    if (length > limits.outputBytes) throw new Error("the answer is too long");
    return other.getString(answer);
  };
  let answering: QuickJSHandle | undefined;
  const ask = (question: QuickJSHandle): QuickJSHandle => {
    answering ??= valueOf(other.evalCode(code, "asked.js", { strict: false }));
    const answer = other
      .newString(context.getString(question))
      .consume((text) => valueOf(other.callFunction(answering!, other.undefined, text)));
    return context.newString(answer.consume(textOf));
  };
  context.newFunction("ask", ask).consume((one) => context.setProp(context.global, "ask", one));
};

const told = (error: QuickJSHandle): Outcome => {
  const stdout = lines.join("");
  if (isTooMuch) return stopped("OUTPUT", `it printed more than ${limits.outputBytes} bytes`);
  if (isLate) return stopped("TIME", `it ran longer than ${limits.timeMs} ms`);
  const thrown: unknown = context.dump(error);
  const what = thrownText(thrown);
  // An engine without memory cannot even tell what it threw.
  const isMute = !thrown && isNearlyFull();
  if (isMute || what === "InternalError: out of memory")
    return stopped("MEMORY", `it wanted more than ${limits.memoryBytes} bytes`);
  if (what === "InternalError: stack overflow") return stopped("STACK", "its calls went too deep");
  return { kind: "failed", detail: what, stdout };
};

const finished = (value: QuickJSHandle): Outcome => {
  // The script may have caught what stopped the one that it asked.
  if (isStopped()) return told(context.undefined);
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
if (asked !== undefined) addAsk(asked);
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
