/**
 * What this host has refused for good, so that the same bytes get the same answer: whoever has heard an
 * envelope that was refused cannot send it again when it would pass. Refusals are not logged, so this
 * lasts as long as the host does and its room; an envelope's own expiry bounds what is beyond.
 */

import type { Refused } from "../bucket/application.ts";

/** Refusals remembered; the oldest is forgotten first. */
export const REFUSALS_KEPT_MAX = 32_768;

export class Refusals {
  readonly #kept = new Map<string, Refused>();
  readonly #max: number;

  constructor(max = REFUSALS_KEPT_MAX) {
    this.#max = max;
  }

  /** What the envelope was told before, if it was refused for good. */
  of(envelope: string): Refused | undefined {
    return this.#kept.get(envelope);
  }

  remember(envelope: string, refused: Refused): void {
    this.#kept.set(envelope, refused);
    if (this.#kept.size <= this.#max) return;
    const oldest = this.#kept.keys().next();
    if (oldest.done !== true) this.#kept.delete(oldest.value);
  }
}
