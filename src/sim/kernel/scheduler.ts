/**
 * The one queue of everything that happens in a simulated world.
 *
 * K1  A run is a function of its seed: tasks run one after another, by true time, and those of the same
 *     millisecond in an order that the seed draws.
 * K2  Between two tasks every promise that can go on has gone on (`settled`), so what a task has caused
 *     is there before the next one runs.
 * K3  Nothing in the world waits for anything outside it.
 */

import type { Prng } from "./prng.ts";

interface Task {
  readonly atMs: number;
  /** Order among those of the same millisecond. */
  readonly rank: number;
  readonly number: number;
  run: (() => void) | undefined;
}

/** Tasks of one run; more is a loop that feeds itself. */
export const TASKS_MAX = 20_000_000;

const before = (a: Task, b: Task): boolean =>
  a.atMs !== b.atMs ? a.atMs < b.atMs : a.rank !== b.rank ? a.rank < b.rank : a.number < b.number;

export class Scheduler {
  readonly #chance: Prng;
  readonly #settled: () => Promise<void>;
  readonly #heap: Task[] = [];
  #nowMs = 0;
  #tasks = 0;

  /** `settled` resolves when no promise can go on by itself. */
  constructor(chance: Prng, settled: () => Promise<void>) {
    this.#chance = chance;
    this.#settled = settled;
  }

  /** True time, whole ms from 0. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get tasks(): number {
    return this.#tasks;
  }

  /** Returns a function that takes it back. */
  after(delayMs: number, run: () => void): () => void {
    this.#tasks += 1;
    if (this.#tasks > TASKS_MAX) throw new Error(`more than ${TASKS_MAX} tasks in one run`);
    const atMs = this.#nowMs + Math.max(0, Math.ceil(delayMs));
    const task: Task = { atMs, rank: this.#chance.u32(), number: this.#tasks, run };
    this.#push(task);
    return () => {
      task.run = undefined;
    };
  }

  /** Resolves in true time `delayMs` later. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  /** Runs until `isDone` (asked between tasks), or true time `endMs`, or nothing is left to do. */
  async run(endMs: number, isDone: () => boolean = () => false): Promise<void> {
    await this.#settled();
    while (!isDone()) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > endMs) {
        this.#nowMs = Math.max(this.#nowMs, endMs);
        return;
      }
      this.#pop();
      if (next.run === undefined) continue;
      this.#nowMs = next.atMs;
      next.run();
      await this.#settled();
    }
  }

  #push(task: Task): void {
    const heap = this.#heap;
    let at = heap.push(task) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Task;
      if (!before(task, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = task;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Task, heap[child] as Task))
        child += 1;
      if (!before(heap[child] as Task, last)) break;
      heap[at] = heap[child] as Task;
      at = child;
    }
    heap[at] = last;
  }
}
