/**
 * Two ids for one (sender, thread, nonce): refused, and the first such pair of a sender is kept as
 * evidence (protocol section 2). The second envelope is nowhere else in the log, so its whole signed
 * form is logged; the first is at its position.
 */

import { decodeSigned, encodeSigned } from "#envelope/envelope.ts";
import type { Admitted } from "./application.ts";
import type { AnswerRow } from "./threads.ts";

/** The given entry that holds a pair; the body is an Equivocation. */
export const EQUIVOCATION = "EQUIVOCATION";

/**
 * Pairs a bucket keeps, one of each sender: one is proof enough, and 1,024 of 64 KiB at most are what a
 * crowd of liars may make a log hold. Those after them are refused all the same.
 */
export const EQUIVOCATIONS_MAX = 1_024;

export interface Equivocation {
  readonly from: string;
  readonly thread: string;
  readonly nonce: number;
  /** The envelope that was taken, and its position in this log. */
  readonly first: string;
  readonly position: number;
  /** The other one as it came on the wire: it verifies alone. */
  readonly second: Uint8Array;
}

export const pairOf = ({ envelope, signed, thread }: Admitted, first: AnswerRow): Equivocation => ({
  from: envelope.from,
  thread,
  nonce: envelope.nonce,
  first: first.envelope,
  position: first.position,
  // Kept as long as the log: a copy with memory of its own.
  second: encodeSigned(signed).slice(),
});

export const secondOf = ({ second }: Equivocation): string => decodeSigned(second).id;

export class Equivocations {
  readonly #bySender = new Map<string, Equivocation>();

  /** Would a pair of this sender be kept? */
  wants(sender: string): boolean {
    return !this.#bySender.has(sender) && this.#bySender.size < EQUIVOCATIONS_MAX;
  }

  keep(pair: Equivocation): void {
    if (this.wants(pair.from)) this.#bySender.set(pair.from, pair);
  }

  *[Symbol.iterator](): Iterator<Equivocation> {
    yield* this.#bySender.values();
  }

  encode(): unknown {
    return [...this.#bySender.values()];
  }

  static decode(plain: unknown): Equivocations {
    const kept = new Equivocations();
    for (const pair of plain as readonly Equivocation[]) kept.keep(pair);
    return kept;
  }
}
