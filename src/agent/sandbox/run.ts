/**
 * One face for all tiers: somebody's code in, a value out. Nothing that the code does makes it throw.
 *
 *   T0  a WebAssembly module: fuel, a memory cap, two functions. The same input takes the same fuel.
 *   T1  a small script in QuickJS: the language and a console.
 *   T2  any program: bubblewrap, a filter of system calls, limits of the kernel.
 *
 * docs/agents/sandbox.md says what each tier stops and what it does not.
 */

import { GUEST_LIMITS, type GuestLimits } from "./limits.ts";
import { stopped, type Outcome } from "./outcome.ts";
import type { ModuleWork } from "./t0-thread.ts";
import { runProgram, type ProgramRequest } from "./t2.ts";
import { runInThread } from "./thread.ts";
import { meter } from "./wasm/meter.ts";

export interface ModuleRequest {
  readonly tier: "T0";
  readonly module: Uint8Array;
  /** The exported function to call. */
  readonly entry: string;
  readonly args?: readonly (number | bigint)[];
  /** What the imported `read` hands out. */
  readonly input?: Uint8Array;
}

export interface ScriptRequest {
  readonly tier: "T1";
  readonly script: string;
  /**
   * A second script, in a realm of its own with an engine's runtime of its own: its last value is a
   * function of one text. `script` calls it as `ask(text)`. Only texts pass, and what it throws.
   */
  readonly asked?: string;
}

export type UntrustedRequest = ModuleRequest | ScriptRequest | ProgramRequest;

// By name, not by relative address: the published files end in .js.
const T0_THREAD = new URL(import.meta.resolve("#agent/sandbox/t0-thread.ts"));
const T1_THREAD = new URL(import.meta.resolve("#agent/sandbox/t1-thread.ts"));

const runModule = async (request: ModuleRequest, limits: GuestLimits): Promise<Outcome> => {
  const metered = meter(request.module, limits);
  if (metered.kind === "refused")
    return stopped(metered.isMemory ? "MEMORY" : "REFUSED", metered.why);
  const { entry, args = [], input = new Uint8Array() } = request;
  const work: ModuleWork = { metered: metered.bytes, entry, args, input };
  return runInThread(T0_THREAD, work, limits);
};

/** Run code of somebody who is not trusted, within `limits` (those not given are GUEST_LIMITS). */
export const runUntrusted = (
  request: UntrustedRequest,
  limits: Partial<GuestLimits> = {},
): Promise<Outcome> => {
  const all = { ...GUEST_LIMITS, ...limits };
  switch (request.tier) {
    case "T0":
      return runModule(request, all);
    case "T1":
      return runInThread(T1_THREAD, { script: request.script, asked: request.asked }, all);
    case "T2":
      return runProgram(request, all);
  }
};
