/** Counts of one runner's calls. */

import type { Call, CallResult, FailureCode, RunnerStats } from "./runner.ts";

export class Tally {
  #calls = 0;
  #ok = 0;
  readonly #failed: Partial<Record<FailureCode, number>> = {};
  restarts = 0;

  /** Count a call and its result, and hand the result on. */
  async count<T>(result: Promise<CallResult<T>>): Promise<CallResult<T>> {
    this.#calls += 1;
    const settled = await result;
    if (settled.kind === "ok") this.#ok += 1;
    else this.#failed[settled.code] = (this.#failed[settled.code] ?? 0) + 1;
    return settled;
  }

  read(gates: readonly { readonly running: number; readonly queued: number }[]): RunnerStats {
    const sum = (of: "running" | "queued"): number => gates.reduce((n, gate) => n + gate[of], 0);
    return {
      calls: this.#calls,
      ok: this.#ok,
      failed: { ...this.#failed },
      running: sum("running"),
      queued: sum("queued"),
      restarts: this.restarts,
    };
  }
}

/** Calls that an auction or a plan waits for; they never stand behind work. */
export const isQuick = (call: Call): boolean => call.kind === "bid" || call.kind === "plan";
