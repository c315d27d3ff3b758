/**
 * A simulated machine: a clock of its own, and work that dies with it and waits while it is frozen.
 */

import type { Clock } from "#ports/clock.ts";
import type { Scheduler } from "../kernel/scheduler.ts";

/** Wall time at true time 0: 2026-01-01. */
const WALL_START_MS = 1_767_225_600_000;

export interface ClockFaults {
  /** How much faster than true time its clock runs, in parts per million. */
  readonly driftPpm: number;
  /** How far its wall clock is off at the start, ms. */
  readonly skewMs: number;
  /** A broken clock: how many times as fast it runs. */
  readonly factor?: number;
}

export class Machine {
  readonly name: string;
  readonly clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #driftPpm: number;
  readonly #factor: number;
  #skewMs: number;
  /** Work of an older life never runs. */
  #life = 0;
  #frozenUntilMs = 0;

  constructor(scheduler: Scheduler, name: string, { driftPpm, skewMs, factor = 1 }: ClockFaults) {
    this.#factor = factor;
    this.name = name;
    this.#scheduler = scheduler;
    this.#driftPpm = driftPpm;
    this.#skewMs = skewMs;
    this.clock = {
      monotonicMs: () => this.#ownMs(),
      wallMs: () => WALL_START_MS + this.#ownMs() + this.#skewMs,
      after: (delayMs, wake) => this.after(delayMs, wake),
    };
  }

  #ownMs(): number {
    const { nowMs } = this.#scheduler;
    return (nowMs + Math.floor((nowMs * this.#driftPpm) / 1_000_000)) * this.#factor;
  }

  /** After so long by its own clock, unless it has died by then. Returns a function that takes it back. */
  after(delayMs: number, run: () => void): () => void {
    const perSecond = (1_000_000 + this.#driftPpm) * this.#factor;
    const trueMs = Math.ceil((delayMs * 1_000_000) / perSecond);
    return this.afterTrue(trueMs, run);
  }

  /** The same by true time: what the world brings to it. */
  afterTrue(delayMs: number, run: () => void): () => void {
    const life = this.#life;
    let cancel = (): void => {};
    const come = (): void => {
      if (life !== this.#life) return;
      const leftMs = this.#frozenUntilMs - this.#scheduler.nowMs;
      if (leftMs > 0) cancel = this.#scheduler.after(leftMs, come);
      else run();
    };
    cancel = this.#scheduler.after(delayMs, come);
    return () => cancel();
  }

  /** How often it has crashed: what began in an older life is gone. */
  get life(): number {
    return this.#life;
  }

  get isFrozen(): boolean {
    return this.#frozenUntilMs > this.#scheduler.nowMs;
  }

  /** Nothing on it runs for so long; its clocks go on. */
  freeze(forMs: number): void {
    this.#frozenUntilMs = Math.max(this.#frozenUntilMs, this.#scheduler.nowMs + forMs);
  }

  /** Its wall clock jumps. */
  step(byMs: number): void {
    this.#skewMs += byMs;
  }

  /** Everything that was to run on it is gone. */
  crash(): void {
    this.#life += 1;
    this.#frozenUntilMs = 0;
  }
}
