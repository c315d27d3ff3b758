/**
 * Timers of one bucket: (actor, id) → an absolute deadline in log time.
 *
 * Owns deadlines and their order. Does not own log time (log-time.ts) or what a firing does.
 *
 * T1  At most one timer per (actor, id); arming again replaces it.
 * T2  Timers fall due in the order (deadline, arm sequence), whatever the order of the calls' ids.
 * T3  `decode(encode(t))` behaves as `t` does, and two equal histories encode to equal data.
 * T4  Dead entries in the heap never exceed the live ones by more than GARBAGE_MAX.
 */
import type { Event } from "../logic/logic.ts";

/** Entries of disarmed timers the heap may hold beyond the number of live ones. */
export const GARBAGE_MAX = 64;

export interface Timer {
  readonly actor: string;
  readonly id: string;
  /** Log time at which it falls due, in ms. */
  readonly atMs: number;
  /** Position in the order of arming; breaks ties between equal deadlines. */
  readonly sequence: number;
  readonly event: Event;
}

/** Plain data for a snapshot. `timers` stands in order of falling due. */
export interface EncodedTimers {
  readonly armed: number;
  readonly timers: readonly Timer[];
}

const before = (a: Timer, b: Timer): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);

/** As it is held here: it says itself whether it was disarmed, so the heap need not look it up. */
interface Held extends Timer {
  isLive: boolean;
}

const NONE: readonly Held[] = [];
const isList = (own: Held | readonly Held[]): own is readonly Held[] => Array.isArray(own);

const plainOf = ({ actor, id, atMs, sequence, event }: Held): Timer => ({
  actor,
  id,
  atMs,
  sequence,
  event,
});

export class Timers {
  /** Of each actor: most have one, and any list of one would take more than it does. */
  readonly #live = new Map<string, Held | readonly Held[]>();
  #heap: Held[] = [];
  #count = 0;
  #armed = 0;

  /** Live timers. */
  get size(): number {
    return this.#count;
  }

  /** Entries held, dead ones included. */
  get held(): number {
    return this.#heap.length;
  }

  arm(timer: Omit<Timer, "sequence">): void {
    if (!Number.isSafeInteger(timer.atMs)) {
      throw new Error(`timer ${timer.actor}/${timer.id}: deadline ${timer.atMs} is not whole ms`);
    }
    this.#forget(timer.actor, timer.id);
    const { actor, id, atMs, event } = timer;
    this.#add({ actor, id, atMs, sequence: this.#armed++, event, isLive: true });
    this.#compact();
  }

  /** True if it was armed. */
  disarm(actor: string, id: string): boolean {
    const was = this.#forget(actor, id);
    this.#compact();
    return was;
  }

  /** How many were armed. */
  disarmAll(actor: string): number {
    const own = this.#of(actor);
    if (own.length === 0) return 0;
    this.#live.delete(actor);
    for (const timer of own) timer.isLive = false;
    this.#count -= own.length;
    this.#compact();
    return own.length;
  }

  /** When this timer is due, or undefined if it is not armed. */
  deadline(actor: string, id: string): number | undefined {
    return this.#of(actor).find((timer) => timer.id === id)?.atMs;
  }

  /** The earliest deadline of one actor, or undefined if it has armed nothing. */
  earliest(actor: string): number | undefined {
    let earliest: number | undefined;
    for (const { atMs } of this.#of(actor))
      if (earliest === undefined || atMs < earliest) earliest = atMs;
    return earliest;
  }

  /** The earliest deadline, or undefined if nothing is armed. */
  next(): number | undefined {
    this.#dropDead();
    return this.#heap[0]?.atMs;
  }

  /**
   * Takes the first timer due at `nowMs`, or undefined. One at a time, because the step that it causes
   * may disarm the next one or arm a new one; a caller bounds how many it takes in a turn.
   */
  due(nowMs: number): Timer | undefined {
    this.#dropDead();
    const first = this.#heap[0];
    if (first === undefined || first.atMs > nowMs) return undefined;
    this.#forget(first.actor, first.id);
    this.#pop();
    this.#compact();
    return plainOf(first);
  }

  encode(): EncodedTimers {
    return { armed: this.#armed, timers: this.#inOrder().map(plainOf) };
  }

  static decode(plain: EncodedTimers): Timers {
    const timers = new Timers();
    for (const timer of plain.timers) timers.#add({ ...timer, isLive: true });
    timers.#armed = plain.armed;
    return timers;
  }

  #inOrder(): Held[] {
    const live = this.#heap.filter((timer) => timer.isLive);
    return live.sort((a, b) => (before(a, b) ? -1 : 1));
  }

  #add(timer: Held): void {
    const own = this.#live.get(timer.actor);
    if (own === undefined) this.#live.set(timer.actor, timer);
    else this.#live.set(timer.actor, isList(own) ? [...own, timer] : [own, timer]);
    this.#count += 1;
    this.#push(timer);
  }

  #forget(actor: string, id: string): boolean {
    const own = this.#live.get(actor);
    if (own === undefined) return false;
    if (isList(own)) {
      const gone = own.find((timer) => timer.id === id);
      if (gone === undefined) return false;
      gone.isLive = false;
      this.#keep(
        actor,
        own.filter((timer) => timer !== gone),
      );
    } else if (own.id === id) {
      own.isLive = false;
      this.#live.delete(actor);
    } else return false;
    this.#count -= 1;
    return true;
  }

  #of(actor: string): readonly Held[] {
    const own = this.#live.get(actor);
    if (own === undefined) return NONE;
    return isList(own) ? own : [own];
  }

  #keep(actor: string, own: readonly Held[]): void {
    const [first] = own;
    if (first === undefined) this.#live.delete(actor);
    else this.#live.set(actor, own.length === 1 ? first : own);
  }

  #dropDead(): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.isLive) return;
      this.#pop();
    }
  }

  /** Rebuilds the heap once dead entries outnumber live ones: amortised O(1) a disarm. */
  #compact(): void {
    if (this.#heap.length <= 2 * this.#count + GARBAGE_MAX) return;
    // A sorted array is a heap.
    this.#heap = this.#inOrder();
  }

  #push(timer: Held): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up]!;
      if (!before(timer, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      if (left >= heap.length) break;
      const child = right < heap.length && before(heap[right]!, heap[left]!) ? right : left;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}
