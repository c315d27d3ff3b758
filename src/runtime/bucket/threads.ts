/**
 * What a bucket remembers of who has spoken in a thread: nonce windows and the answers given.
 *
 * N1  A nonce of (sender, thread) is used once; two ids for one nonce are equivocation.
 * N2  The same envelope again gets the earlier answer for as long as its thread is remembered.
 * N3  A thread is remembered while its owner lives and `KEEP_MS` longer; account threads for ever,
 *     with the answers of the nonces inside the window.
 * N4  The highest lamport number taken in a thread is kept; nothing but the bound of the next is told by it.
 */

import {
  accept,
  check,
  EMPTY_WINDOW,
  WINDOW_NONCES,
  type NonceWindow,
} from "#envelope/nonce-window.ts";

/** Remembered after the owner's end: the longest validity an envelope may claim. */
export const KEEP_MS = 24 * 60 * 60 * 1000;

export type AnswerState =
  | { readonly kind: "acknowledged"; readonly extra?: object }
  | { readonly kind: "owed" }
  | { readonly kind: "refused"; readonly code: string; readonly detail?: string };

export interface AnswerRow {
  readonly envelope: string;
  readonly position: number;
  readonly record: number;
  readonly state: AnswerState;
}

interface Speaker {
  window: NonceWindow;
  answers: Map<number, AnswerRow>;
}

interface Thread {
  speakers: Map<string, Speaker>;
  /** T at which the thread is forgotten; Infinity while its owner lives. */
  forgetAtMs: number;
  /** Highest of all speakers; 0 before the first. */
  lamport: number;
}

export type Heard =
  | { readonly kind: "fresh" }
  | { readonly kind: "again"; readonly row: AnswerRow }
  | { readonly kind: "equivocation"; readonly first: AnswerRow | undefined }
  | { readonly kind: "old" };

export class Threads {
  readonly #threads = new Map<string, Thread>();
  /** Threads in the order in which they will be forgotten (all keep equally long). */
  readonly #leaving: string[] = [];

  hear(thread: string, sender: string, nonce: number, envelope: string): Heard {
    const speaker = this.#threads.get(thread)?.speakers.get(sender);
    if (speaker === undefined) return { kind: "fresh" };
    const row = speaker.answers.get(nonce);
    if (row !== undefined && row.envelope === envelope) return { kind: "again", row };
    const verdict = check(speaker.window, nonce);
    if (verdict === "fresh") return { kind: "fresh" };
    if (verdict === "old") return { kind: "old" };
    return { kind: "equivocation", first: row };
  }

  admit(
    thread: string,
    sender: string,
    said: { readonly nonce: number; readonly lamport: number },
    row: AnswerRow,
  ): void {
    let owner = this.#threads.get(thread);
    if (owner === undefined) {
      owner = { speakers: new Map(), forgetAtMs: Number.POSITIVE_INFINITY, lamport: 0 };
      this.#threads.set(thread, owner);
    }
    let speaker = owner.speakers.get(sender);
    if (speaker === undefined) {
      speaker = { window: EMPTY_WINDOW, answers: new Map() };
      owner.speakers.set(sender, speaker);
    }
    owner.lamport = Math.max(owner.lamport, said.lamport);
    speaker.window = accept(speaker.window, said.nonce);
    speaker.answers.set(said.nonce, row);
    if (speaker.answers.size > 2 * WINDOW_NONCES) prune(speaker);
  }

  answer(thread: string, sender: string, nonce: number, state: AnswerState): AnswerRow | undefined {
    const answers = this.#threads.get(thread)?.speakers.get(sender)?.answers;
    const row = answers?.get(nonce);
    if (answers === undefined || row === undefined) return undefined;
    const next = { ...row, state };
    answers.set(nonce, next);
    return next;
  }

  highest(thread: string, sender: string): number {
    return this.#threads.get(thread)?.speakers.get(sender)?.window.highest ?? 0;
  }

  /** The highest lamport number taken in the thread; 0 where nobody has spoken. */
  lamport(thread: string): number {
    return this.#threads.get(thread)?.lamport ?? 0;
  }

  /** The thread's owner has ended at `atMs`. */
  leave(thread: string, atMs: number): void {
    const owner = this.#threads.get(thread);
    if (owner === undefined || owner.forgetAtMs !== Number.POSITIVE_INFINITY) return;
    owner.forgetAtMs = atMs + KEEP_MS;
    this.#leaving.push(thread);
  }

  forget(atMs: number): void {
    let count = 0;
    for (const thread of this.#leaving) {
      const owner = this.#threads.get(thread);
      if (owner !== undefined && owner.forgetAtMs > atMs) break;
      this.#threads.delete(thread);
      count += 1;
    }
    if (count > 0) this.#leaving.splice(0, count);
  }

  encode(): unknown {
    return { threads: this.#threads, leaving: this.#leaving };
  }

  static decode(plain: unknown): Threads {
    const { threads, leaving } = plain as { threads: Map<string, Thread>; leaving: string[] };
    const restored = new Threads();
    for (const [id, thread] of threads) restored.#threads.set(id, thread);
    restored.#leaving.push(...leaving);
    return restored;
  }
}

const prune = (speaker: Speaker): void => {
  const floor = speaker.window.highest - WINDOW_NONCES;
  for (const [nonce, row] of speaker.answers)
    if (nonce <= floor && row.state.kind !== "owed") speaker.answers.delete(nonce);
};
