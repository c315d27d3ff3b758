/**
 * Needs that were posted here and that no bucket's leader has answered, while this supervisor is cut off from
 * the consensus store. They are foretold: those who could bid are told of them, so that their offers are
 * ready when bids are called for. It plans what nobody can decide yet; planning binds nobody.
 *
 * F1  Nothing is signed, logged or sent to a bucket because of it. The need is taken, refused or expires as
 *     if nothing had been foretold.
 * F2  Who is told is who could bid by the newest registry seen here (cli/cluster/foreteller.ts).
 * F3  A need is foretold once, after FORETELL_MS without an answer, and only while this supervisor is cut
 *     off: one that is alone or well, and a store that is merely slow, foretell nothing.
 * F4  At most FORETOLD_MAX that have no answer are foretold at a time, FORETOLD_EACH_MAX of one requester,
 *     TOGETHER_MAX at one look: whoever posts much leaves room for others.
 * F5  What has its answer, whichever it is, is forgotten here; those told forget by themselves
 *     (agent/offers.ts).
 */

import type { Clock } from "#ports/clock.ts";
import type { Did, NeedId } from "#protocol/words.ts";
import type { Foreteller, Held } from "./swarm.ts";

/**
 * Without an answer for so long a need may be foretold, ms: as long as the store must be silent before
 * nothing is decided here (SILENT_MS_MAX of leadership).
 */
export const FORETELL_MS = 2_000;
/** While a need waits it is looked at this often, ms. */
export const FORETELL_LOOK_MS = 500;
/** Needs that are foretold and have no answer: so much a program is asked for beside its work. */
export const FORETOLD_MAX = 32;
/** The same of one requester. */
export const FORETOLD_EACH_MAX = 8;
/** Foretold at one look: as large as needs can be, they fill half of what the bus holds for its server. */
export const TOGETHER_MAX = 4;

interface Waiting {
  readonly held: Held;
  /** By the monotonic clock, ms. */
  readonly sinceMs: number;
}

export class Foretelling {
  readonly #clock: Clock;
  readonly #foreteller: Foreteller | undefined;
  /** Not foretold yet, in the order in which they came. */
  readonly #waiting = new Map<NeedId, Waiting>();
  /** Foretold, and without an answer. */
  readonly #foretold = new Map<NeedId, Did>();
  /** Undefined: nothing waits. */
  #cancel: (() => void) | undefined;
  /** Foretold since the start, for metrics. */
  count = 0;

  /** Without a foreteller nothing is ever foretold. */
  constructor(clock: Clock, foreteller: Foreteller | undefined) {
    [this.#clock, this.#foreteller] = [clock, foreteller];
  }

  /** It was said to its bucket. */
  posted(held: Held): void {
    if (this.#foreteller === undefined) return;
    this.#waiting.set(held.need, { held, sinceMs: this.#clock.monotonicMs() });
    if (this.#cancel === undefined) this.#lookAfter(FORETELL_MS, this.#foreteller);
  }

  /** F5. */
  answered(need: NeedId): void {
    this.#waiting.delete(need);
    this.#foretold.delete(need);
  }

  close(): void {
    this.#cancel?.();
  }

  #lookAfter(ms: number, foreteller: Foreteller): void {
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined;
      if (foreteller.isCutOff()) for (const held of this.#due()) this.#foretell(held, foreteller);
      if (this.#waiting.size > 0) this.#lookAfter(FORETELL_LOOK_MS, foreteller);
    });
  }

  /** F3, F4. */
  #due(): readonly Held[] {
    const sinceMs = this.#clock.monotonicMs() - FORETELL_MS;
    const room = Math.min(TOGETHER_MAX, FORETOLD_MAX - this.#foretold.size);
    const due: Held[] = [];
    const counts = new Map<Did, number>();
    const count = (requester: Did): number => {
      const next = (counts.get(requester) ?? 0) + 1;
      counts.set(requester, next);
      return next;
    };
    for (const requester of this.#foretold.values()) count(requester);
    for (const { held, sinceMs: heldMs } of this.#waiting.values()) {
      if (heldMs > sinceMs || due.length >= room) break;
      if (count(held.requester) <= FORETOLD_EACH_MAX) due.push(held);
    }
    return due;
  }

  #foretell(held: Held, foreteller: Foreteller): void {
    this.#waiting.delete(held.need);
    this.#foretold.set(held.need, held.requester);
    this.count += 1;
    void foreteller.tell(held);
  }
}
