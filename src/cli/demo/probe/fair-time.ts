/**
 * Time limits for code of which two runs are compared, on a machine that may be busy with other things:
 * what counts is the processor's time, which is the code's own, not the clock's.
 *
 * V8 ends code by the clock only. Where that was sooner than the processor's time allows, nothing is known of
 * the code: all of it is run again, with twice the clock's time.
 */

/** What one step (loading a file, or one call) may take of the processor, ms. */
export const STEP_MS = 250;
/** By the clock a step is ended after this, however little it had of the processor, ms. */
const STEP_CLOCK_MS_MAX = 8_000;

export interface FairTimeOptions {
  /** What all steps together may take of the processor, ms. */
  readonly allMs: number;
  /** The processor's time of this process so far, ms. */
  readonly usedMs: () => number;
  readonly isTimeout: (error: unknown) => boolean;
}

/** The clock ended a step that might have gone on. */
class Starved extends Error {}

/** All steps together have had their time: nothing is begun any more. */
export class Spent extends Error {}

export class FairTime {
  readonly #o: FairTimeOptions;
  #clockMs = STEP_MS;

  constructor(options: FairTimeOptions) {
    this.#o = options;
  }

  /** One step of what `whole` runs, under the clock's limit that it is given. Throws what it throws. */
  step<T>(run: (clockMs: number) => T): T {
    const beforeMs = this.#begun();
    try {
      return run(this.#clockMs);
    } catch (error) {
      throw this.#judged(error, beforeMs);
    }
  }

  /** The same of a step that is not over when it returns. */
  async stepAsync<T>(run: (clockMs: number) => Promise<T>): Promise<T> {
    const beforeMs = this.#begun();
    try {
      return await run(this.#clockMs);
    } catch (error) {
      throw this.#judged(error, beforeMs);
    }
  }

  #begun(): number {
    const usedMs = this.#o.usedMs();
    if (usedMs > this.#o.allMs) throw new Spent();
    return usedMs;
  }

  #judged(error: unknown, beforeMs: number): unknown {
    const { isTimeout, usedMs } = this.#o;
    const isStarved =
      isTimeout(error) && usedMs() - beforeMs < STEP_MS && this.#clockMs < STEP_CLOCK_MS_MAX;
    return isStarved ? new Starved() : error;
  }

  /** Whether whoever runs steps has to let this pass: it says nothing of the code. */
  isEnd(error: unknown): boolean {
    return error instanceof Starved || error instanceof Spent || this.#o.isTimeout(error);
  }

  /** Runs it from its beginning until none of its steps was ended too soon; `attempt` counts from 1. */
  async whole<T>(run: (attempt: number) => Promise<T>): Promise<T> {
    this.#clockMs = STEP_MS;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await run(attempt);
      } catch (error) {
        if (!(error instanceof Starved)) throw error;
        this.#clockMs *= 2;
      }
    }
  }
}
