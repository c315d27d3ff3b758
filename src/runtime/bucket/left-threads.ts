/**
 * Threads whose owner has ended, packed (thread-codec.ts): there are as many as needs that ended in the last
 * minutes, and what is kept of them is read again only when somebody repeats an envelope.
 *
 * K2  Threads are forgotten in the order in which they came: one that may go earlier waits for those
 *     before it. A thread that was changed comes again, as the last.
 */

import { PackedMap } from "#envelope/packed-map.ts";
import { forgetAtOf, ThreadCodec } from "./thread-codec.ts";
import type { Thread } from "./threads.ts";

export class LeftThreads {
  readonly #threads: PackedMap;
  readonly #codec: ThreadCodec;

  constructor(codec = new ThreadCodec(), kept?: Uint8Array) {
    this.#codec = codec;
    this.#threads = new PackedMap(kept);
  }

  add(name: string, thread: Thread): void {
    this.#threads.set(name, this.#codec.pack(thread));
  }

  /** A copy: what is changed in it has to be added again. */
  get(name: string): Thread | undefined {
    const row = this.#threads.get(name);
    return row === undefined ? undefined : this.#codec.unpack(row);
  }

  forget(atMs: number): void {
    this.#threads.forgetWhile((row) => forgetAtOf(row) <= atMs);
  }

  /** All of them, as the constructor takes them, beside the senders of the codec. */
  kept(): Uint8Array {
    return this.#threads.kept();
  }
}
