/**
 * What a bucket remembers of who has spoken in a thread: nonce windows and the answers given.
 *
 * N1  A nonce of (sender, thread) is used once; two ids for one nonce are equivocation.
 * N2  The same envelope again gets the earlier answer for as long as its thread is remembered.
 * N3  A thread is remembered while its owner lives, and after that for as long as the longest validity
 *     that one of its envelopes claims, KEEP_MS_MAX at most; account threads for ever, with the answers
 *     of the nonces inside the window. Log time never runs faster than real time, so what is forgotten
 *     has expired.
 * N4  The highest lamport number taken in a thread is kept; nothing but the bound of the next is told by it.
 */

import {
  accept,
  check,
  EMPTY_WINDOW,
  WINDOW_NONCES,
  type NonceWindow,
} from "#envelope/nonce-window.ts";
import type { KeptMap } from "#envelope/packed-map.ts";
import { LeftThreads } from "./left-threads.ts";
import { RestingMap, type EncodedResting } from "#envelope/resting-map.ts";
import { ThreadCodec } from "./thread-codec.ts";

/** The longest that an ended thread is remembered: the longest validity an envelope may claim. */
export const KEEP_MS_MAX = 24 * 60 * 60 * 1000;

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

export interface Thread {
  readonly speakers: Map<string, Speaker>;
  /** T at which the thread may be forgotten; 0 while its owner lives. */
  forgetAtMs: number;
  /** The longest validity of its envelopes, ms. */
  keepMs: number;
  /** Highest of all speakers; 0 before the first. */
  lamport: number;
}

/** What the threads have to know of an envelope that is admitted. */
export interface Said {
  readonly nonce: number;
  readonly lamport: number;
  readonly sentAtMs: number;
  readonly expiresAtMs: number;
}

export type Heard =
  | { readonly kind: "fresh" }
  | { readonly kind: "again"; readonly row: AnswerRow }
  | { readonly kind: "equivocation"; readonly first: AnswerRow | undefined }
  | { readonly kind: "old" };

export interface EncodedThreads {
  readonly senders: readonly string[];
  readonly threads: EncodedResting<Thread>;
  readonly left: KeptMap;
}

export class Threads {
  readonly #codec: ThreadCodec;
  readonly #threads: RestingMap<Thread>;
  readonly #left: LeftThreads;

  constructor(encoded?: EncodedThreads) {
    this.#codec = new ThreadCodec(encoded?.senders);
    this.#threads = new RestingMap(this.#codec, encoded?.threads);
    this.#left = new LeftThreads(this.#codec, encoded?.left);
  }

  hear(thread: string, sender: string, nonce: number, envelope: string): Heard {
    const speaker = this.#find(thread)?.speakers.get(sender);
    if (speaker === undefined) return { kind: "fresh" };
    const row = speaker.answers.get(nonce);
    if (row !== undefined && row.envelope === envelope) return { kind: "again", row };
    const verdict = check(speaker.window, nonce);
    if (verdict === "fresh") return { kind: "fresh" };
    if (verdict === "old") return { kind: "old" };
    return { kind: "equivocation", first: row };
  }

  admit(thread: string, sender: string, said: Said, row: AnswerRow): void {
    const owner = this.#find(thread) ?? this.#open(thread);
    let speaker = owner.speakers.get(sender);
    if (speaker === undefined) {
      speaker = { window: EMPTY_WINDOW, answers: new Map() };
      owner.speakers.set(sender, speaker);
    }
    const validMs = Math.min(Math.max(0, said.expiresAtMs - said.sentAtMs), KEEP_MS_MAX);
    owner.forgetAtMs += owner.forgetAtMs === 0 ? 0 : Math.max(0, validMs - owner.keepMs);
    owner.keepMs = Math.max(owner.keepMs, validMs);
    owner.lamport = Math.max(owner.lamport, said.lamport);
    speaker.window = accept(speaker.window, said.nonce);
    speaker.answers.set(said.nonce, row);
    if (speaker.answers.size > 2 * WINDOW_NONCES) prune(speaker);
    this.#changed(thread, owner);
  }

  answer(thread: string, sender: string, nonce: number, state: AnswerState): AnswerRow | undefined {
    const owner = this.#find(thread);
    const answers = owner?.speakers.get(sender)?.answers;
    const row = answers?.get(nonce);
    if (owner === undefined || answers === undefined || row === undefined) return undefined;
    const next = { ...row, state };
    answers.set(nonce, next);
    this.#changed(thread, owner);
    return next;
  }

  highest(thread: string, sender: string): number {
    return this.#find(thread)?.speakers.get(sender)?.window.highest ?? 0;
  }

  /** The highest lamport number taken in the thread; 0 where nobody has spoken. */
  lamport(thread: string): number {
    return this.#find(thread)?.lamport ?? 0;
  }

  /** The thread's owner has ended at `atMs`. */
  leave(thread: string, atMs: number): void {
    const owner = this.#threads.get(thread);
    if (owner === undefined) return;
    owner.forgetAtMs = Math.max(1, atMs + owner.keepMs);
    this.#threads.delete(thread);
    this.#left.add(thread, owner);
  }

  forget(atMs: number): void {
    this.#left.forget(atMs);
  }

  /** Those that nobody has spoken in for a while rest. */
  rest(most: number): boolean {
    return this.#threads.rest(most);
  }

  /** As the constructor takes it. */
  encode(): EncodedThreads {
    const threads = this.#threads.encode();
    const left = this.#left.kept();
    return { senders: this.#codec.senders, threads, left };
  }

  #find(thread: string): Thread | undefined {
    return this.#threads.get(thread) ?? this.#left.get(thread);
  }

  #open(thread: string): Thread {
    const owner: Thread = { speakers: new Map(), forgetAtMs: 0, keepMs: 0, lamport: 0 };
    this.#threads.set(thread, owner);
    return owner;
  }

  /** One that has been left is a copy. */
  #changed(thread: string, owner: Thread): void {
    if (owner.forgetAtMs !== 0) this.#left.add(thread, owner);
  }
}

const prune = (speaker: Speaker): void => {
  const floor = speaker.window.highest - WINDOW_NONCES;
  for (const [nonce, row] of speaker.answers)
    if (nonce <= floor && row.state.kind !== "owed") speaker.answers.delete(nonce);
};
