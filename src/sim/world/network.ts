/**
 * The simulated network between machines: datagrams that are late, lost, doubled and out of order, and
 * cuts in one direction or both.
 */

import type { Prng } from "../kernel/prng.ts";
import type { Machine } from "./machine.ts";

export interface NetworkWeather {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  /** Parts per million of datagrams. */
  readonly lostPpm: number;
  readonly doubledPpm: number;
  /** This often a datagram waits up to `clogMs` more. */
  readonly cloggedPpm: number;
  readonly clogMs: number;
}

export const FAIR_WEATHER: NetworkWeather = {
  delayMinMs: 1,
  delayMaxMs: 3,
  lostPpm: 0,
  doubledPpm: 0,
  cloggedPpm: 0,
  clogMs: 0,
};

type Handler = (from: string, message: unknown) => void;

export class SimNetwork {
  readonly #chance: Prng;
  readonly #handlers = new Map<string, { machine: Machine; life: number; handler: Handler }>();
  /** `from to` of each cut direction. */
  readonly #cuts = new Set<string>();
  /** Machines that nothing reaches, and from which nothing comes. */
  readonly #isolated = new Set<string>();
  weather: NetworkWeather = FAIR_WEATHER;
  sent = 0;
  lost = 0;
  doubled = 0;

  constructor(chance: Prng) {
    this.#chance = chance;
  }

  /** From now on `machine` hears what is sent to its name, until it crashes. */
  listen(machine: Machine, handler: Handler): void {
    this.#handlers.set(machine.name, { machine, life: machine.life, handler });
  }

  send(from: string, to: string, message: unknown): void {
    const { weather } = this;
    this.sent += 1;
    // Drawn before anything is looked at: a cut changes nothing of what is drawn later.
    const isLost = this.#chance.chance(weather.lostPpm);
    const isDoubled = this.#chance.chance(weather.doubledPpm);
    const delays = [this.#delayMs(), this.#delayMs()];
    if (isLost || this.#isCut(from, to)) {
      this.lost += 1;
      return;
    }
    if (isDoubled) this.doubled += 1;
    for (const delayMs of isDoubled ? delays : delays.slice(0, 1)) {
      const there = this.#handlers.get(to);
      there?.machine.afterTrue(delayMs, () => {
        if (this.#isCut(from, to)) return;
        // Who listens by then: it may have started again meanwhile, or be dead.
        const listener = this.#handlers.get(to);
        if (listener?.life === listener?.machine.life) listener?.handler(from, message);
      });
    }
  }

  /** Nothing goes from `from` to `to` until it is healed. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from} ${to}`);
  }

  heal(from: string, to: string): void {
    this.#cuts.delete(`${from} ${to}`);
  }

  /** Nothing goes to or from `name` until it is joined. */
  isolate(name: string): void {
    this.#isolated.add(name);
  }

  join(name: string): void {
    this.#isolated.delete(name);
  }

  healAll(): void {
    this.#cuts.clear();
    this.#isolated.clear();
  }

  #isCut(from: string, to: string): boolean {
    return this.#cuts.has(`${from} ${to}`) || this.#isolated.has(from) || this.#isolated.has(to);
  }

  #delayMs(): number {
    const { delayMinMs, delayMaxMs, cloggedPpm, clogMs } = this.weather;
    const clog = this.#chance.chance(cloggedPpm) ? this.#chance.below(clogMs + 1) : 0;
    return this.#chance.between(delayMinMs, delayMaxMs) + clog;
  }
}
