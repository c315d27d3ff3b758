/** Time that only tests move: timers fire as it passes them, each at its own moment. */

import type { Clock } from "#ports/clock.ts";

/** Lets everything run that is ready to run. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class ManualClock implements Clock {
  #nowMs = 0;
  #due: { readonly atMs: number; readonly wake: () => void }[] = [];

  wallMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, wake: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, wake };
    this.#due.push(timer);
    return () => void (this.#due = this.#due.filter((other) => other !== timer));
  }

  async pass(ms: number): Promise<void> {
    for (const untilMs = this.#nowMs + ms; this.#nowMs < untilMs;) {
      await settled();
      this.#nowMs = Math.min(untilMs, ...this.#due.map(({ atMs }) => atMs));
      const ready = this.#due.filter(({ atMs }) => atMs <= this.#nowMs);
      this.#due = this.#due.filter(({ atMs }) => atMs > this.#nowMs);
      for (const { wake } of ready) wake();
    }
    await settled();
  }
}
