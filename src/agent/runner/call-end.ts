/**
 * The end of one call over the network: its time is over, it was aborted, its runner closes, or whoever
 * runs it gives up. One signal tells all of them, and its reason is the call's Failure.
 */

import type { RunnerLimits } from "./limits.ts";
import { failed, type CallOptions, type Failure } from "./runner.ts";

export class CallEnd {
  readonly #controller = new AbortController();
  readonly #release: () => void;
  #failure: Failure | undefined;
  /** When the call's time is over, on the monotonic clock. */
  readonly atMs: number;

  constructor(options: CallOptions, limits: RunnerLimits, closing: AbortSignal) {
    const timeoutMs = Math.min(options.timeoutMs, limits.callMsMax);
    this.atMs = performance.now() + timeoutMs;
    const timer = setTimeout(() => {
      this.stop(failed("TIMEOUT", `it gave no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    const abort = (): void => this.stop(failed("STOPPED", "the call was stopped"));
    const signals = options.signal === undefined ? [closing] : [closing, options.signal];
    for (const signal of signals) {
      if (signal.aborted) abort();
      signal.addEventListener("abort", abort, { once: true });
    }
    this.#release = () => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", abort);
    };
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  /** Why the call is over; undefined while it is not. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** The first reason is the reason. */
  stop(why: Failure): void {
    this.#failure ??= why;
    this.#controller.abort();
  }

  /** Let go of timer and signals: the call has its result. */
  release(): void {
    this.#release();
  }
}
