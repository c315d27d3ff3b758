/**
 * Inputs that kill what takes them. A poison message may end its thread before anything is logged, so
 * the main thread counts, per input, how often a host died with it in hand.
 *
 * Q1  Only a death with the input alone in hand proves anything. After a death with several in hand all
 *     of them are suspects with one try each, and suspects are handed out one at a time.
 * Q2  POISON_TRIES_MAX tries, the last of them alone, and the verdict is a dead letter: a logged input,
 *     which replay skips.
 * Q3  At most POISON_IDS_MAX inputs are remembered; the one longest without a death is forgotten first.
 */

/** Deaths with one input in hand before it is set aside. */
export const POISON_TRIES_MAX = 3;
/** Inputs remembered: many times what all hosts hold in hand together. */
export const POISON_IDS_MAX = 4_096;

export type PoisonVerdict =
  | { readonly kind: "retry-alone"; readonly id: string; readonly tries: number }
  | { readonly kind: "dead-letter"; readonly id: string; readonly tries: number };

export class PoisonCounts {
  /** Tries by input, oldest death first. */
  readonly #tries = new Map<string, number>();

  get size(): number {
    return this.#tries.size;
  }

  /** The input must be handed out alone. */
  isSuspect(id: string): boolean {
    return this.#tries.has(id);
  }

  /** A host died with these inputs in hand. A dead letter is forgotten here: its log entry remembers. */
  died(ids: readonly string[]): readonly PoisonVerdict[] {
    const alone = ids.length === 1;
    return ids.map((id): PoisonVerdict => {
      const before = this.#tries.get(id) ?? 0;
      const tries = alone ? before + 1 : Math.max(before, 1);
      this.#tries.delete(id);
      if (tries >= POISON_TRIES_MAX) return { kind: "dead-letter", id, tries };
      this.#tries.set(id, tries);
      this.#bound();
      return { kind: "retry-alone", id, tries };
    });
  }

  /** The input went through: its effect is committed, or it was refused. */
  settled(id: string): void {
    this.#tries.delete(id);
  }

  #bound(): void {
    for (const id of this.#tries.keys()) {
      if (this.#tries.size <= POISON_IDS_MAX) return;
      this.#tries.delete(id);
    }
  }
}
