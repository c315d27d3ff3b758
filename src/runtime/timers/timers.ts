/**
 * Timers of one bucket: (actor, id) → an absolute deadline in log time.
 *
 * Owns deadlines and their order. Does not own log time (log-time.ts) or what a firing does.
 *
 * T1  At most one timer per (actor, id); arming again replaces it.
 * T2  Timers fall due in the order (deadline, arm sequence), whatever the order of the calls' ids.
 * T3  `decode(encode(t))` behaves as `t` does, and two equal histories encode to equal data.
 * T4  Dead entries in the heap never exceed the live ones by more than GARBAGE_MAX; nor, after each `rest`,
 *     do names of actors that have woken those of actors that rest.
 * T5  An actor whose timers are all far away, and that was not asked for, rests (resting-map.ts). Either all
 *     of its timers are in the heap, or none is and its name stands among the far ones (far-actors.ts). It
 *     shows in `next` alone.
 */
import { deserialize, serialize } from "node:v8";
import { RestingMap, type EncodedResting, type RestingCodec } from "#envelope/resting-map.ts";
import type { Event } from "../logic/logic.ts";
import { FarActors } from "./far-actors.ts";

/** Entries of disarmed timers the heap may hold beyond the number of live ones. */
export const GARBAGE_MAX = 64;

/** Timers that fall due within this do not rest, ms of T. */
export const NEAR_MS = 60_000;

export interface Timer {
  readonly actor: string;
  readonly id: string;
  /** Log time at which it falls due, in ms. */
  readonly atMs: number;
  /** Position in the order of arming; breaks ties between equal deadlines. */
  readonly sequence: number;
  readonly event: Event;
}

/** Of one actor, in the order of arming. Empty where it has disarmed all: it mostly arms another one soon. */
type Own = Held[];

/** Plain data for a snapshot. */
export interface EncodedTimers {
  readonly armed: number;
  readonly actors: EncodedResting<readonly Timer[]>;
}

const before = (a: Timer, b: Timer): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);

/** As it is held here: it says itself whether it was disarmed, so the heap need not look it up. */
interface Held extends Timer {
  isLive: boolean;
  isInHeap: boolean;
}

const plainOf = ({ actor, id, atMs, sequence, event }: Timer): Timer => ({
  actor,
  id,
  atMs,
  sequence,
  event,
});

const heldOf = (timer: Timer): Held => ({ ...plainOf(timer), isLive: true, isInHeap: false });

const earliestOf = (own: readonly Timer[]): number | undefined => {
  let earliest: number | undefined;
  for (const { atMs } of own) if (earliest === undefined || atMs < earliest) earliest = atMs;
  return earliest;
};

export class Timers implements RestingCodec<Own> {
  readonly #actors: RestingMap<Own>;
  #far = new FarActors();
  #heap: Held[] = [];
  /** Live ones in the heap. */
  #queued = 0;
  #count = 0;
  #armed = 0;
  /** What falls due before this does not rest. */
  #nearMs = 0;

  constructor(encoded?: EncodedTimers) {
    const awake = [...(encoded?.actors.awake ?? [])];
    this.#armed = encoded?.armed ?? 0;
    this.#actors = new RestingMap<Own>(
      this,
      encoded && {
        awake: awake.map(([actor, own]) => [actor, own.map(heldOf)]),
        resting: encoded.actors.resting,
      },
    );
    for (const [, own] of this.#actors.awake()) for (const timer of own) this.#push(timer);
    this.#count = this.#nameFar();
  }

  /** Live timers. */
  get size(): number {
    return this.#count;
  }

  /** Entries held one by one, dead ones included. */
  get held(): number {
    return this.#heap.length;
  }

  /** Names held of actors whose timers rest, or have since they were named. */
  get named(): number {
    return this.#far.size;
  }

  /** Actors whose timers rest. */
  get resting(): number {
    return this.#actors.resting;
  }

  arm(timer: Omit<Timer, "sequence">): void {
    if (!Number.isSafeInteger(timer.atMs)) {
      throw new Error(`timer ${timer.actor}/${timer.id}: deadline ${timer.atMs} is not whole ms`);
    }
    const { actor, id } = timer;
    const armed = heldOf({ ...timer, sequence: this.#armed++ });
    const own = this.#own(actor);
    if (own === undefined) this.#actors.set(actor, [armed]);
    else {
      this.#forget(own, id);
      own.push(armed);
    }
    this.#count += 1;
    this.#push(armed);
    this.#compact();
  }

  /** True if it was armed. */
  disarm(actor: string, id: string): boolean {
    const own = this.#own(actor);
    if (own === undefined || !this.#forget(own, id)) return false;
    this.#compact();
    return true;
  }

  /** How many were armed. */
  disarmAll(actor: string): number {
    const own = this.#own(actor);
    if (own === undefined) return 0;
    this.#actors.delete(actor);
    for (const timer of own) timer.isLive = false;
    this.#count -= own.length;
    this.#queued -= own.length;
    this.#compact();
    return own.length;
  }

  /** When this timer is due, or undefined if it is not armed. */
  deadline(actor: string, id: string): number | undefined {
    return this.#actors.peek(actor)?.find((timer) => timer.id === id)?.atMs;
  }

  /** The earliest deadline of one actor, or undefined if it has armed nothing. */
  earliest(actor: string): number | undefined {
    return earliestOf(this.#actors.peek(actor) ?? []);
  }

  /**
   * The earliest deadline, or undefined if nothing is armed. Where timers rest it may be too early: `due`
   * finds nothing then, and the next answer is better.
   */
  next(): number | undefined {
    this.#dropDead();
    const [near, far] = [this.#heap[0]?.atMs, this.#far.next()];
    if (this.#actors.resting === 0 || far === undefined) return near;
    return near === undefined ? far : Math.min(near, far);
  }

  /**
   * Takes the first timer due at `nowMs`, or undefined. One at a time, because the step that it causes
   * may disarm the next one or arm a new one; a caller bounds how many it takes in a turn.
   */
  due(nowMs: number): Timer | undefined {
    for (let names = this.#far.take(nowMs); names.length > 0; names = this.#far.take(nowMs))
      for (const name of names) this.#own(name);
    this.#dropDead();
    const first = this.#heap[0];
    if (first === undefined || first.atMs > nowMs) return undefined;
    this.disarm(first.actor, first.id);
    return plainOf(first);
  }

  /** At the end of a turn at `nowMs`; as `RestingMap.rest`. */
  rest(nowMs: number, most = Number.POSITIVE_INFINITY): boolean {
    this.#nearMs = nowMs + NEAR_MS;
    const isWhole = this.#actors.rest(most);
    this.#compact();
    if (!isWhole) return false;
    for (const actor of this.#withoutTimers()) this.#actors.delete(actor);
    if (this.#far.size > 2 * this.#actors.resting + GARBAGE_MAX) this.#nameFar();
    return true;
  }

  encode(): EncodedTimers {
    const { awake, resting } = this.#actors.encode();
    const plain = [...awake].map(([actor, own]) => [actor, own.map(plainOf)] as const);
    return { armed: this.#armed, actors: { awake: plain, resting } };
  }

  /** For the map of actors: they leave the heap. */
  pack(own: Own): Uint8Array | undefined {
    const [first] = own;
    const atMs = earliestOf(own);
    if (first === undefined || atMs === undefined || atMs < this.#nearMs) return undefined;
    for (const timer of own) timer.isLive = false;
    this.#queued -= own.length;
    this.#far.add(first.actor, atMs);
    return serialize(own.map(({ id, atMs: at, sequence, event }) => [id, at, sequence, event]));
  }

  unpack(bytes: Uint8Array, actor: string): Own {
    // A copy: what is read from it lies in it.
    const rows = deserialize(bytes.slice()) as [string, number, number, Event][];
    return rows.map(([id, atMs, sequence, event]) => heldOf({ actor, id, atMs, sequence, event }));
  }

  /** Of an actor that is awake from now on. */
  #own(actor: string): Own | undefined {
    const own = this.#actors.get(actor);
    if (own?.[0]?.isInHeap === false) for (const timer of own) this.#push(timer);
    return own;
  }

  #withoutTimers(): readonly string[] {
    return [...this.#actors.awake()].flatMap(([actor, own]) => (own.length === 0 ? [actor] : []));
  }

  #forget(own: Own, id: string): boolean {
    const at = own.findIndex((timer) => timer.id === id);
    if (at === -1) return false;
    for (const gone of own.splice(at, 1)) gone.isLive = false;
    this.#count -= 1;
    this.#queued -= 1;
    return true;
  }

  /** Anew, of those that rest: nobody else is to be named. Answers how many timers are live. */
  #nameFar(): number {
    this.#far = new FarActors();
    let count = 0;
    for (const [actor, own] of this.#actors) {
      count += own.length;
      if (own[0]?.isInHeap === false) this.#far.add(actor, earliestOf(own) ?? 0);
    }
    return count;
  }

  #dropDead(): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.isLive) return;
      this.#pop();
    }
  }

  /** Rebuilds the heap once dead entries outnumber live ones: amortised O(1) a disarm. */
  #compact(): void {
    if (this.#heap.length <= 2 * this.#queued + GARBAGE_MAX) return;
    // A sorted array is a heap.
    this.#heap = this.#heap.filter((timer) => timer.isLive).sort((a, b) => (before(a, b) ? -1 : 1));
  }

  #push(timer: Held): void {
    timer.isInHeap = true;
    this.#queued += 1;
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
