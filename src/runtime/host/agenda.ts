/** When each bucket of a host has something to do by itself. */

import { TICK_MS } from "../timers/log-time.ts";
import { dueOf, type Led } from "./led.ts";

export class Agenda {
  /** The first `dueMs` of all buckets, or earlier. */
  #earliestMs = Infinity;

  /** `ranMs`: the host's run time. */
  schedule(led: Led, ranMs: number): void {
    led.dueMs = dueOf(led, ranMs);
    this.#earliestMs = Math.min(this.#earliestMs, led.dueMs);
  }

  /** Live buckets whose time has come. Each has to be scheduled again. */
  due(all: Iterable<Led>, ranMs: number): readonly Led[] {
    if (ranMs < this.#earliestMs) return [];
    this.#earliestMs = Infinity;
    const due: Led[] = [];
    for (const led of all) {
      if (led.status !== "live" || led.dueMs === Infinity) continue;
      if (led.dueMs > ranMs) this.#earliestMs = Math.min(this.#earliestMs, led.dueMs);
      else due.push(led);
    }
    return due;
  }

  /** Milliseconds until the next is due, a tick's at most. */
  waitMs(ranMs: number): number {
    return Math.min(TICK_MS, Math.max(0, this.#earliestMs - ranMs));
  }
}
