/** The newest document that was published: kept for whoever comes later, who has to know how old it is. */

import type { Published } from "../threads/protocol.ts";

export class LastPublished {
  readonly #nowMs: () => number;
  #last: { readonly message: Published; readonly toldMs: number } | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** An older one than the newest changes nothing. */
  told(message: Published): void {
    const known = this.#last?.message.publication.revision ?? 0;
    if (message.publication.revision < known) return;
    this.#last = { message, toldMs: this.#nowMs() - (message.ageMs ?? 0) };
  }

  /** To be told now. */
  get again(): Published | undefined {
    if (this.#last === undefined) return undefined;
    const { message, toldMs } = this.#last;
    return { ...message, ageMs: Math.max(0, Math.round(this.#nowMs() - toldMs)) };
  }
}
