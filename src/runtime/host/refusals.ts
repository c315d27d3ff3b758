/**
 * What this host has refused for good, so that the same bytes get the same answer: whoever has heard an
 * envelope that was refused cannot send it again when it would pass. Refusals are not logged, so this
 * lasts as long as the host does and its room; an envelope's own expiry bounds what is beyond.
 */

import type { Refused } from "../bucket/application.ts";

/** Refusals remembered at most; the last half of them always are. */
export const REFUSALS_KEPT_MAX = 32_768;

export class Refusals {
  // Two generations: the older is let go as a whole. To delete the oldest of one Map each time walks over
  // the holes of those deleted before.
  #young = new Map<string, Refused>();
  #old = new Map<string, Refused>();
  readonly #half: number;

  constructor(max = REFUSALS_KEPT_MAX) {
    this.#half = max / 2;
  }

  /** What the envelope was told before, if it was refused for good. */
  of(envelope: string): Refused | undefined {
    return this.#young.get(envelope) ?? this.#old.get(envelope);
  }

  remember(envelope: string, refused: Refused): void {
    this.#young.set(envelope, refused);
    if (this.#young.size < this.#half) return;
    [this.#old, this.#young] = [this.#young, new Map()];
  }
}
