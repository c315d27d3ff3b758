/** The thread of one T0 guest: a metered WebAssembly module and the two functions that it may import. */

import { parentPort, workerData } from "node:worker_threads";
import type { GuestLimits } from "./limits.ts";
import { stopped, type Outcome } from "./outcome.ts";
import { BEGUN } from "./thread.ts";
import { wasm, type WasmInstance, type WasmMemory } from "./wasm/engine.ts";
import { FUEL_EXPORT, IMPORT_MODULE } from "./wasm/meter.ts";

export interface ModuleWork {
  readonly metered: Uint8Array<ArrayBuffer>;
  readonly entry: string;
  readonly args: readonly (number | bigint)[];
  readonly input: Uint8Array;
}

const port = parentPort!;
const { metered, entry, args, input, limits } = workerData as ModuleWork & {
  readonly limits: GuestLimits;
};

class TooMuch extends Error {}

const printed: Uint8Array[] = [];
let bytes = 0;
let taken = 0;
let memory: WasmMemory | undefined;

/** A piece of the guest's memory; a piece that is not in it is a trap. */
const pieceOf = (at: number, length: number): Uint8Array => {
  const whole = new Uint8Array(memory?.buffer ?? new ArrayBuffer(0));
  const [start, size] = [at >>> 0, length >>> 0];
  if (start + size > whole.length) throw new wasm.RuntimeError("memory access out of bounds");
  return whole.subarray(start, start + size);
};

const imports = {
  [IMPORT_MODULE]: {
    /** Prints `length` bytes of memory. */
    write: (at: number, length: number): void => {
      const piece = pieceOf(at, length);
      bytes += piece.length;
      if (bytes > limits.outputBytes) throw new TooMuch();
      printed.push(piece.slice());
    },
    /** Puts up to `length` bytes of the input into memory, the next ones each time; how many. */
    read: (at: number, length: number): number => {
      const piece = input.subarray(taken, taken + pieceOf(at, length).length);
      pieceOf(at, piece.length).set(piece);
      taken += piece.length;
      return piece.length;
    },
  },
};

const stdoutOf = (): string => Buffer.concat(printed).toString("utf8");

const failure = (error: unknown, left: bigint): Outcome => {
  if (error instanceof TooMuch)
    return stopped("OUTPUT", `it printed more than ${limits.outputBytes} bytes`);
  if (left < 0n) return stopped("FUEL", `it took more than ${limits.fuel} instructions`);
  if (error instanceof RangeError) return stopped("STACK", "its calls went too deep");
  const detail = error instanceof Error ? error.message : String(error);
  return { kind: "failed", detail: `it trapped: ${detail}`, stdout: stdoutOf() };
};

const run = (): Outcome => {
  let instance: WasmInstance;
  try {
    instance = new wasm.Instance(new wasm.Module(metered), imports);
  } catch (error) {
    return stopped("REFUSED", `it is no valid module: ${(error as Error).message}`);
  }
  const { exports } = instance;
  const call = exports[entry];
  if (typeof call !== "function") return stopped("REFUSED", `it exports no function "${entry}"`);
  if (exports["memory"] instanceof wasm.Memory) memory = exports["memory"];
  const fuel = exports[FUEL_EXPORT] as { readonly value: bigint };
  port.postMessage(BEGUN);
  try {
    const result: unknown = call(...args);
    const value = result === undefined ? {} : { value: String(result) };
    return { kind: "ok", stdout: stdoutOf(), ...value, fuel: limits.fuel - fuel.value };
  } catch (error) {
    return failure(error, fuel.value);
  }
};

port.postMessage(run());
