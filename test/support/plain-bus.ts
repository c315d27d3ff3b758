/** A bus of one process: what is published is heard at once, and what NATS would not carry is dropped. */

import { MESSAGE_BYTES_MAX, type Bus } from "#ports/bus.ts";

export class PlainBus implements Bus {
  dropped = 0;
  readonly #hearers = new Map<string, Set<(bytes: Uint8Array) => void>>();

  publish(subject: string, bytes: Uint8Array): void {
    if (bytes.length > MESSAGE_BYTES_MAX) this.dropped += 1;
    else for (const hear of this.#hearers.get(subject) ?? []) hear(bytes);
  }

  subscribe(subject: string, hear: (bytes: Uint8Array) => void): () => void {
    const hearers = this.#hearers.get(subject) ?? new Set();
    this.#hearers.set(subject, hearers.add(hear));
    return () => void hearers.delete(hear);
  }

  async close(): Promise<void> {}
}
