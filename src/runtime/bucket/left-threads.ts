/**
 * Threads whose owner has ended, packed (thread-codec.ts): there are as many as needs that ended in the last
 * minutes, and what is kept of them is read again only when somebody repeats an envelope.
 *
 * K2  Threads are forgotten in the order in which they came: one that may go earlier waits for those
 *     before it. A thread that was changed comes again, as the last.
 */

import { PackedMap, type KeptMap } from "#envelope/packed-map.ts";
import { forgetAtOf, ThreadCodec } from "./thread-codec.ts";
import type { Thread } from "./threads.ts";

export class LeftThreads {
  readonly #threads: PackedMap;
  readonly #codec: ThreadCodec;
  /** When the first of them may go, where it is still the first as when that was read; else 0. */
  #nextMs = 0;

  constructor(codec = new ThreadCodec(), kept?: KeptMap) {
    this.#codec = codec;
    this.#threads = new PackedMap(kept);
  }

  add(name: string, thread: Thread): void {
    // One that comes again is the last: another one may be the first now.
    if (this.#threads.set(name, this.#codec.pack(thread))) this.#nextMs = 0;
  }

  /** A copy: what is changed in it has to be added again. */
  get(name: string): Thread | undefined {
    const row = this.#threads.get(name);
    return row === undefined ? undefined : this.#codec.unpack(row);
  }

  forget(atMs: number): void {
    if (atMs < this.#nextMs) return;
    this.#nextMs = 0;
    this.#threads.forgetWhile((row) => {
      const forgetAtMs = forgetAtOf(row);
      if (forgetAtMs > atMs) this.#nextMs = forgetAtMs;
      return forgetAtMs <= atMs;
    });
  }

  /** All of them, as the constructor takes them, beside the senders of the codec. */
  kept(): KeptMap {
    return this.#threads.kept();
  }
}
