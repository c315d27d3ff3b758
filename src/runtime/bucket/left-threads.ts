/**
 * Threads whose owner has ended, packed: there are as many as needs that ended in the last minutes, and
 * what is kept of them is read again only when somebody repeats an envelope. As objects one takes 3 KB
 * of heap, packed about 700 bytes of one array that no collector walks.
 *
 * K1  What was packed comes out as it was; equal threads are packed into equal bytes, in whichever order
 *     their speakers and answers were remembered (a snapshot sorts them).
 * K2  Threads are forgotten in the order in which they came: one that may go earlier waits for those
 *     before it. A thread that was changed comes again, as the last.
 */

import { decode, encode } from "#envelope/canonical.ts";
import type { AnswerRow, AnswerState, Thread } from "./threads.ts";

const BYTES_START = 4_096;
/** Bytes of the longest number: 53 bits, seven a byte. */
const NUMBER_BYTES_MAX = 8;
const LOW_BITS = 128;

/** State codes. Anything but a plain acknowledgement is spelled out. */
const ACKNOWLEDGED = 0;
const SPELLED = 1;

export interface EncodedLeft {
  readonly senders: readonly string[];
  /** Each thread's name and where it begins in `bytes`. */
  readonly threads: readonly (readonly [string, number])[];
  readonly bytes: Uint8Array;
}

export class LeftThreads {
  #bytes = new Uint8Array(BYTES_START);
  /** Where the next thread goes; before `#start` nothing is kept. */
  #end = 0;
  #start = 0;
  /** In the order in which they came. */
  readonly #at = new Map<string, number>();
  readonly #senders: string[] = [];
  readonly #numbers = new Map<string, number>();

  add(name: string, thread: Thread): void {
    this.#at.delete(name);
    this.#at.set(name, this.#end);
    this.#number(thread.forgetAtMs);
    this.#number(thread.keepMs);
    this.#number(thread.lamport);
    this.#number(thread.speakers.size);
    for (const [sender, { window, answers }] of inOrder(thread.speakers, byText)) {
      this.#number(this.#numberOf(sender));
      this.#number(window.highest);
      this.#number(window.low);
      this.#number(window.high);
      this.#number(answers.size);
      for (const [nonce, row] of inOrder(answers, byNumber)) this.#row(nonce, row);
    }
  }

  /** A copy: what is changed in it has to be added again. */
  get(name: string): Thread | undefined {
    const at = this.#at.get(name);
    return at === undefined ? undefined : this.#read({ at });
  }

  forget(atMs: number): void {
    for (const [name, at] of this.#at) {
      if (this.#numberAt({ at }) > atMs) {
        this.#start = at;
        return;
      }
      this.#at.delete(name);
    }
    this.#start = this.#end;
  }

  encode(): EncodedLeft {
    return {
      senders: this.#senders,
      threads: [...this.#at].map(([name, at]) => [name, at - this.#start] as const),
      bytes: this.#bytes.slice(this.#start, this.#end),
    };
  }

  static decode({ senders, threads, bytes }: EncodedLeft): LeftThreads {
    const left = new LeftThreads();
    for (const sender of senders) left.#numberOf(sender);
    for (const [name, at] of threads) left.#at.set(name, at);
    left.#room(bytes.length);
    left.#bytes.set(bytes, 0);
    left.#end = bytes.length;
    return left;
  }

  /* ---------------------------------------------------------------------- writing */

  #numberOf(sender: string): number {
    const known = this.#numbers.get(sender);
    if (known !== undefined) return known;
    this.#numbers.set(sender, this.#senders.length);
    return this.#senders.push(sender) - 1;
  }

  #row(nonce: number, { envelope, position, record, state }: AnswerRow): void {
    this.#number(nonce);
    this.#block(TEXT.encode(envelope));
    this.#number(position);
    this.#number(record);
    const isPlain = state.kind === "acknowledged" && state.extra === undefined;
    this.#number(isPlain ? ACKNOWLEDGED : SPELLED);
    if (!isPlain) this.#block(encode(state));
  }

  #block(bytes: Uint8Array): void {
    this.#number(bytes.length);
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #number(value: number): void {
    this.#room(NUMBER_BYTES_MAX);
    let rest = value;
    for (; rest >= LOW_BITS; rest = Math.floor(rest / LOW_BITS))
      this.#bytes[this.#end++] = (rest % LOW_BITS) + LOW_BITS;
    this.#bytes[this.#end++] = rest;
  }

  /** Room for so many bytes more: first what is not kept any more goes, then the array grows. */
  #room(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const kept = this.#end - this.#start;
    const isHalfEmpty = this.#start >= this.#bytes.length / 2 && kept + bytes <= this.#start;
    const to = isHalfEmpty
      ? this.#bytes
      : new Uint8Array(Math.max(this.#bytes.length * 2, kept + bytes));
    to.set(this.#bytes.subarray(this.#start, this.#end), 0);
    for (const [name, at] of this.#at) this.#at.set(name, at - this.#start);
    [this.#bytes, this.#end, this.#start] = [to, kept, 0];
  }

  /* ---------------------------------------------------------------------- reading */

  #read(from: Place): Thread {
    const forgetAtMs = this.#numberAt(from);
    const keepMs = this.#numberAt(from);
    const lamport = this.#numberAt(from);
    const speakers: Thread["speakers"] = new Map();
    for (let count = this.#numberAt(from); count > 0; count -= 1) {
      const sender = this.#senders[this.#numberAt(from)] ?? "";
      const highest = this.#numberAt(from);
      const low = this.#numberAt(from);
      const high = this.#numberAt(from);
      const answers = new Map<number, AnswerRow>();
      for (let rows = this.#numberAt(from); rows > 0; rows -= 1)
        answers.set(this.#numberAt(from), this.#rowAt(from));
      speakers.set(sender, { window: { highest, low, high }, answers });
    }
    return { speakers, forgetAtMs, keepMs, lamport };
  }

  #rowAt(from: Place): AnswerRow {
    const envelope = UNTEXT.decode(this.#blockAt(from));
    const position = this.#numberAt(from);
    const record = this.#numberAt(from);
    const state: AnswerState =
      this.#numberAt(from) === ACKNOWLEDGED
        ? { kind: "acknowledged" }
        : (decode(this.#blockAt(from)) as AnswerState);
    return { envelope, position, record, state };
  }

  #blockAt(from: Place): Uint8Array {
    const length = this.#numberAt(from);
    from.at += length;
    return this.#bytes.subarray(from.at - length, from.at);
  }

  #numberAt(from: Place): number {
    let value = 0;
    for (let worth = 1; ; worth *= LOW_BITS) {
      const byte = this.#bytes[from.at++] ?? 0;
      if (byte < LOW_BITS) return value + byte * worth;
      value += (byte - LOW_BITS) * worth;
    }
  }
}

interface Place {
  at: number;
}

const byText = (a: string, b: string): number => (a < b ? -1 : 1);
const byNumber = (a: number, b: number): number => a - b;

const inOrder = <K, V>(map: ReadonlyMap<K, V>, order: (a: K, b: K) => number): [K, V][] =>
  [...map].sort(([a], [b]) => order(a, b));

const TEXT = new TextEncoder();
const UNTEXT = new TextDecoder();
