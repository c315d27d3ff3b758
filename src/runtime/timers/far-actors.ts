/**
 * Actors whose timers rest, by the minute in which the first of them falls due. Names lie one after another
 * in bytes: a hundred thousand needs that wait for tomorrow are no objects here.
 *
 * F1  An actor that was added is named by the first `take` at or after its time. It may have woken meanwhile,
 *     and may be named more than once: whoever takes looks it up.
 * F2  `next` is never later than the first time of those that still rest.
 */

import { Buffer } from "node:buffer";
import { PackedBytes } from "#envelope/packed-bytes.ts";

/** ms of T. */
const SLOT_MS = 60_000;

interface Slot {
  firstMs: number;
  readonly names: PackedBytes;
}

export class FarActors {
  readonly #slots = new Map<number, Slot>();
  /** The earliest of them. */
  #first = Number.POSITIVE_INFINITY;
  #size = 0;

  /** Names held, those of actors that have woken too. */
  get size(): number {
    return this.#size;
  }

  add(actor: string, atMs: number): void {
    const number = Math.floor(atMs / SLOT_MS);
    const slot = this.#slots.get(number);
    const { names } = slot ?? this.#open(number, atMs);
    if (slot !== undefined) slot.firstMs = Math.min(slot.firstMs, atMs);
    names.block(Buffer.from(actor, "utf8"));
    this.#size += 1;
  }

  /** Undefined: there is none. */
  next(): number | undefined {
    return this.#slots.get(this.#first)?.firstMs;
  }

  /** The names of the earliest minute, if its first is due at `nowMs`; they are held no more. */
  take(nowMs: number): readonly string[] {
    const slot = this.#slots.get(this.#first);
    if (slot === undefined || slot.firstMs > nowMs) return [];
    this.#slots.delete(this.#first);
    this.#first = Number.POSITIVE_INFINITY;
    for (const number of this.#slots.keys()) this.#first = Math.min(this.#first, number);
    const taken: string[] = [];
    const { names } = slot;
    const from = { at: names.start };
    while (from.at < names.end) {
      const { buffer, byteOffset, length } = names.blockAt(from);
      taken.push(Buffer.from(buffer, byteOffset, length).toString("utf8"));
    }
    this.#size -= taken.length;
    return taken;
  }

  #open(number: number, firstMs: number): Slot {
    const slot = { firstMs, names: new PackedBytes() };
    this.#slots.set(number, slot);
    this.#first = Math.min(this.#first, number);
    return slot;
  }
}
