/**
 * Gate: how many calls run at a time; the others wait in the order they came.
 *
 * G1  Never more than `runningMax` passes are out; a pass is given back exactly once.
 * G2  Those who wait are let in first come, first served; one who leaves the queue is never let in.
 */

export type Pass = () => void;
export type Entry =
  | { readonly kind: "in"; readonly leave: Pass }
  | { readonly kind: "full" }
  | { readonly kind: "gone" };

interface Waiting {
  readonly enter: (entry: Entry) => void;
  readonly onAlive: (() => void) | undefined;
}

export class Gate {
  readonly #runningMax: number;
  readonly #queueMax: number;
  readonly #queue = new Set<Waiting>();
  #running = 0;
  #closed = false;

  constructor(runningMax: number, queueMax: number) {
    this.#runningMax = runningMax;
    this.#queueMax = queueMax;
  }

  get running(): number {
    return this.#running;
  }
  get queued(): number {
    return this.#queue.size;
  }

  /** Resolves with a pass; `gone` once the signal fires or the gate closes; `full` at once. */
  enter(signal?: AbortSignal, onAlive?: () => void): Promise<Entry> {
    if (this.#closed || signal?.aborted) return Promise.resolve({ kind: "gone" });
    if (this.#running < this.#runningMax) return Promise.resolve(this.#letIn());
    if (this.#queue.size >= this.#queueMax) return Promise.resolve({ kind: "full" });
    return new Promise((resolve) => {
      const leaveQueue = (): void => {
        if (this.#queue.delete(waiting)) waiting.enter({ kind: "gone" });
      };
      const waiting: Waiting = {
        enter: (entry) => {
          signal?.removeEventListener("abort", leaveQueue);
          resolve(entry);
        },
        onAlive,
      };
      this.#queue.add(waiting);
      signal?.addEventListener("abort", leaveQueue, { once: true });
    });
  }

  /** The program that those in the queue wait for has shown life. */
  alive(): void {
    for (const waiting of this.#queue) waiting.onAlive?.();
  }

  /** Everybody who waits is sent away; who is in stays in. */
  close(): void {
    this.#closed = true;
    for (const waiting of this.#queue) {
      this.#queue.delete(waiting);
      waiting.enter({ kind: "gone" });
    }
  }

  #letIn(): Entry {
    this.#running += 1;
    let out = false;
    return {
      kind: "in",
      leave: () => {
        if (out) return;
        out = true;
        this.#running -= 1;
        const [next] = this.#queue;
        if (next === undefined) return;
        this.#queue.delete(next);
        next.enter(this.#letIn());
      },
    };
  }
}
