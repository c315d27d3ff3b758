/**
 * Agents that say over the bus that they are there, and are told again what they are asked. Anybody may say
 * it of anybody, and to find what a host asks of somebody is a walk over all that lives there:
 *
 * P1  One walk serves all that have come since the last one, and so long lies between two.
 * P2  An agent is told once in PRESENT_AGAIN_MS. Who comes sooner is told when that is over: it may have been
 *     away meanwhile and have missed what it was told.
 * P3  Strangers are told nothing. For whom there is no room, the next time that it says so serves.
 */

import type { Clock } from "#ports/clock.ts";

/** Between two walks, ms: an agent that comes back waits so long at most, where it was not told just now. */
export const PRESENCE_WALK_MS = 250;
/** An agent is told again no sooner, ms: a third of the time between two signs of life of an honest one. */
export const PRESENT_AGAIN_MS = 1_000;
/** Agents that wait to be told or were told just now: so many in a second. Honest ones come every 3 s. */
export const PRESENT_MAX = 4_096;

export interface PresenceOptions {
  readonly clock: Pick<Clock, "monotonicMs" | "after">;
  readonly isKnown: (agent: string) => boolean;
  /** Tells these, in one walk. */
  readonly tell: (agents: ReadonlySet<string>) => void;
}

export class Presence {
  readonly #o: PresenceOptions;
  readonly #waiting = new Set<string>();
  /** When each was told, the first ones first. */
  readonly #told = new Map<string, number>();
  /** Of those, who has come again. */
  readonly #back = new Set<string>();
  #walkMs = -Infinity;
  #isPlanned = false;

  constructor(options: PresenceOptions) {
    this.#o = options;
  }

  came(agents: readonly string[]): void {
    this.#forget();
    for (const agent of agents) {
      if (this.#told.has(agent)) this.#back.add(agent);
      else if (this.#waiting.size + this.#told.size < PRESENT_MAX && this.#o.isKnown(agent))
        this.#waiting.add(agent);
    }
    this.#walkSoon();
  }

  #walkSoon(): void {
    const { clock } = this.#o;
    const isOver = this.#walkMs + PRESENCE_WALK_MS <= clock.monotonicMs();
    if (isOver && this.#waiting.size > 0) this.#walk();
    if (this.#isPlanned || this.#waiting.size + this.#back.size === 0) return;
    this.#isPlanned = true;
    clock.after(PRESENCE_WALK_MS, () => {
      this.#isPlanned = false;
      this.#forget();
      this.#walkSoon();
    });
  }

  #walk(): void {
    this.#walkMs = this.#o.clock.monotonicMs();
    const agents = new Set(this.#waiting);
    this.#waiting.clear();
    for (const agent of agents) this.#told.set(agent, this.#walkMs);
    this.#o.tell(agents);
  }

  /** Those who may be told again, and are to be where they have come again. */
  #forget(): void {
    const beforeMs = this.#o.clock.monotonicMs() - PRESENT_AGAIN_MS;
    for (const [agent, toldMs] of this.#told) {
      if (toldMs > beforeMs) return;
      this.#told.delete(agent);
      if (this.#back.delete(agent)) this.#waiting.add(agent);
    }
  }
}
