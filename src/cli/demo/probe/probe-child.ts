/**
 * The process in which probes run: one JSON request on standard input, one answer on standard output, then
 * it ends. Started by probe.ts with an empty environment, without the right to read or write files, to
 * start processes or threads, and with limits on time and memory. It has no key and no connection.
 *
 * Every variant of a file runs in a context of its own, with a clock that stands still and chance that
 * always says the same, and gives a list of observations: what it exports, and what came of each call.
 */

import { Session } from "node:inspector";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import vm from "node:vm";
import { FairTime, Spent } from "./fair-time.ts";
import { argumentsFor, describe } from "./observe.ts";

export interface ProbeRequest {
  readonly module: boolean;
  readonly original: string;
  readonly delivered: string;
  /** Small changes of the original: probes that do not see them see too little. */
  readonly changed: readonly string[];
}

export interface ProbeAnswer {
  /** Undefined: the original cannot be run here. */
  readonly calls: number | undefined;
  /** Where delivered and original first differ. */
  readonly difference: string | undefined;
  /** Percent of the code's units that ran, rounded down: of the original and of what was delivered. */
  readonly covered: readonly [number, number];
  /** Whether one of `changed` looked just like the original. */
  readonly blind: boolean;
  readonly why?: string;
}

/** Without files, network, processes or a way to our own code: everything else cannot be imported. */
const IMPORTABLE = new Set(["path", "util", "url", "querystring", "assert", "events", "punycode"]);
/** What all variants of a file may take of the processor, ms. */
const PROBES_MS = 10_000;
const MICROS = 1_000;
const CALLS_MAX = 2_000;
const EXPORTS_MAX = 100;
const DEPTH_MAX = 2;
const HUNDRED = 100;

const require = createRequire(import.meta.url);

const imported = (name: string): unknown => {
  const plain = name.replace(/^node:/, "");
  if (!IMPORTABLE.has(plain)) throw new Error(`it imports ${name}`);
  return require(`node:${plain}`);
};

/** No stacks: they tell lines, which a minifier may change. */
const PRELUDE = `"use strict";
Error.stackTraceLimit = 0;
Math.random = () => 0.5;
Date = class extends Date {
  constructor(...given) { super(...(given.length > 0 ? given : [0])); }
  static now() { return 0; }
};
globalThis.global = globalThis;
delete globalThis.WebAssembly; delete globalThis.SharedArrayBuffer; delete globalThis.Atomics;`;

const freshContext = (): vm.Context => {
  const context = vm.createContext(
    {},
    { codeGeneration: { strings: false, wasm: false }, microtaskMode: "afterEvaluate" },
  );
  vm.runInContext(PRELUDE, context, { filename: "prelude" });
  return context;
};

/** The names and values that a file exports. Throws what loading throws. */
const load = async (code: string, module: boolean, filename: string) => {
  const context = freshContext();
  if (!module) {
    const head = "(function (exports, require, module, __filename, __dirname) {";
    const script = new vm.Script(`${head}${code.replace(/^#!.*/, "")}\n})`, {
      filename,
      columnOffset: -head.length,
    });
    const wrapper = time.step(
      (timeout) => script.runInContext(context, { timeout }) as (...args: unknown[]) => void,
    );
    const holder = vm.runInContext("({ exports: {} })", context) as { exports: unknown };
    context["args"] = [holder.exports, imported, holder, "file.js", "/"];
    context["wrapper"] = wrapper;
    time.step(
      (timeout) => void vm.runInContext("wrapper(...args)", context, { timeout, filename: "call" }),
    );
    return { context, exports: holder.exports };
  }
  const entry = new vm.SourceTextModule(code.replace(/^#!.*/, ""), {
    context,
    identifier: filename,
  });
  await entry.link((name) => {
    const value = imported(name) as Record<string, unknown>;
    const names = [...new Set(["default", ...Object.keys(value)])];
    return new vm.SyntheticModule(
      names,
      function () {
        for (const one of names) this.setExport(one, one === "default" ? value : value[one]);
      },
      { context },
    );
  });
  await time.stepAsync((timeout) => entry.evaluate({ timeout }));
  return { context, exports: { ...entry.namespace } as unknown };
};

/** All that can be seen of a file from outside. Throws where it cannot be loaded. */
const observe = async (
  code: string,
  { module, filename, probes }: { module: boolean; filename: string; probes: readonly unknown[][] },
): Promise<string[]> => {
  const { context, exports } = await load(code, module, filename);
  const seen: string[] = [];
  /** One call: what can be told of it, and the value for looking further. */
  const tried = (how: string): { readonly out: string; readonly value?: unknown } => {
    try {
      const value = time.step((timeout): unknown =>
        vm.runInContext(how, context, { timeout, filename: "call" }),
      );
      return { out: describe(value), value };
    } catch (error) {
      if (time.isEnd(error)) throw error;
      return { out: `throws ${describe(error)}` };
    }
  };
  const call = (path: string, target: unknown, self: unknown, depth: number): void => {
    const isClass = /^class\b/.test(String(target));
    for (const args of probes) {
      if (seen.length >= CALLS_MAX) return;
      Object.assign(context, { target, self, given: structuredClone(args) });
      const { out, value } = tried(
        isClass ? "Reflect.construct(target, given)" : "Reflect.apply(target, self, given)",
      );
      seen.push(`${path}(${describe(args)}) = ${out} given ${describe(context["given"])}`);
      if (depth < DEPTH_MAX) walk(`${path}()`, value, depth + 1);
    }
  };
  const walk = (path: string, value: unknown, depth: number): void => {
    if (typeof value === "function") call(path, value, undefined, depth);
    if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
    const holders: object[] = [value];
    const above: unknown = Object.getPrototypeOf(value);
    // Methods of a class's instance, and of the class that a file exports.
    if (depth > 0 && above !== null && typeof above === "object") holders.push(above);
    for (const holder of holders)
      for (const name of Object.getOwnPropertyNames(holder).slice(0, EXPORTS_MAX)) {
        if (["constructor", "prototype", "length", "name", "caller", "arguments"].includes(name))
          continue;
        const own = Object.getOwnPropertyDescriptor(holder, name);
        if (typeof own?.value === "function" && !isBuiltIn(own.value))
          call(`${path}.${name}`, own.value, value, depth + 1);
      }
  };
  seen.push(`exports ${describe(exports)}`);
  walk("", exports, 0);
  return seen;
};

/** A slow machine is no difference: whoever meets this tells nothing of the file. */
const isTimeout = (error: unknown): boolean =>
  (error as { readonly code?: unknown } | null | undefined)?.code ===
  "ERR_SCRIPT_EXECUTION_TIMEOUT";

const usedMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / MICROS;
};

const time = new FairTime({ allMs: PROBES_MS, usedMs, isTimeout });

const isBuiltIn = (value: object): boolean =>
  /\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(value));

const session = new Session();
session.connect();
session.post("Profiler.enable");
session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });

type Range = { startOffset: number; endOffset: number; count: number };

/** What ran so far, by file. Asking sets V8's counters to zero, so it is asked once. */
const countersByFile = (): Map<string, Range[]> => {
  const found = new Map<string, Range[]>();
  session.post("Profiler.takePreciseCoverage", (_, taken) => {
    for (const { url, functions } of taken?.result ?? [])
      found.set(url, [...(found.get(url) ?? []), ...functions.flatMap((one) => one.ranges)]);
  });
  session.post("Profiler.stopPreciseCoverage");
  return found;
};

/** Percent of a file's units, but white space, that ran at least once. */
const coverageOf = (code: string, ranges: readonly Range[] = []): number => {
  const ran = new Uint8Array(code.length).fill(1);
  const size = (range: Range): number => range.endOffset - range.startOffset;
  // Outer ranges first, so that what lies inside has the last word.
  for (const range of ranges.toSorted((a, b) => size(b) - size(a) || a.count - b.count))
    ran.fill(range.count > 0 ? 1 : 0, Math.max(0, range.startOffset), range.endOffset);
  let [all, done] = [0, 0];
  for (let at = 0; at < code.length; at += 1) {
    if (/\s/.test(code[at]!)) continue;
    all += 1;
    done += ran[at]!;
  }
  return all === 0 || ranges.length === 0 ? 0 : Math.floor((HUNDRED * done) / all);
};

const NONE = { calls: undefined, difference: undefined, covered: [0, 0], blind: true } as const;

const answer = async ({
  module,
  original,
  delivered,
  changed,
}: ProbeRequest): Promise<ProbeAnswer> => {
  const probes = argumentsFor(original);
  /** The name under which V8 counts what ran: of the attempt that was not ended too soon. */
  const counted = new Map<string, string>();
  const run = (code: string, name: string): Promise<string[]> =>
    time.whole((attempt) => {
      const filename = `${name} ${attempt}`;
      counted.set(name, filename);
      return observe(code, { module, filename, probes });
    });
  let expected: string[];
  try {
    expected = await run(original, "original");
  } catch (error) {
    if (error instanceof Spent) throw error;
    return { ...NONE, why: String((error as Error | undefined)?.message ?? error) };
  }
  let found: string[];
  try {
    found = await run(delivered, "delivered");
  } catch (error) {
    if (error instanceof Spent) throw error;
    if (isTimeout(error)) return { ...NONE, why: "what was delivered takes too long" };
    found = [`cannot be loaded: ${describe(error)}`];
  }
  const at = expected.findIndex((one, n) => one !== found[n]);
  const counters = countersByFile();
  const answered = {
    calls: expected.length - 1,
    covered: [
      coverageOf(original, counters.get(counted.get("original") ?? "")),
      coverageOf(delivered, counters.get(counted.get("delivered") ?? "")),
    ],
  } as const;
  if (at >= 0 || found.length !== expected.length)
    return { ...answered, difference: found[Math.max(0, at)] ?? "nothing", blind: true };
  const whole = expected.join("\n");
  for (const code of changed) {
    const other = await run(code, "changed").catch(noneUnlessSpent);
    if (other.join("\n") === whole) return { ...answered, difference: undefined, blind: true };
  }
  return { ...answered, difference: undefined, blind: false };
};

/** A change that throws, or never ends, is seen. */
const noneUnlessSpent = (error: unknown): string[] => {
  if (error instanceof Spent) throw error;
  return [];
};

const inTime = async (request: ProbeRequest): Promise<ProbeAnswer> => {
  try {
    return await answer(request);
  } catch (error) {
    if (error instanceof Spent) return { ...NONE, why: "its probes take too long" };
    throw error;
  }
};

const request = JSON.parse(readFileSync(0, "utf8")) as ProbeRequest;
process.stdout.write(JSON.stringify(await inTime(request)), () => process.exit(0));
