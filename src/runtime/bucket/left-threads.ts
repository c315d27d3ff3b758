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
import { PackedBytes, type Cursor } from "./packed-bytes.ts";
import type { AnswerRow, AnswerState, Thread } from "./threads.ts";

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
  #packed = new PackedBytes();
  /** In the order in which they came. */
  readonly #at = new Map<string, number>();
  readonly #senders: string[] = [];
  readonly #numbers = new Map<string, number>();

  add(name: string, thread: Thread): void {
    this.#at.delete(name);
    const packed = this.#packed;
    this.#at.set(name, packed.end);
    packed.number(thread.forgetAtMs);
    packed.number(thread.keepMs);
    packed.number(thread.lamport);
    packed.number(thread.speakers.size);
    for (const [sender, { window, answers }] of inOrder(thread.speakers, byText)) {
      packed.number(this.#numberOf(sender));
      packed.number(window.highest);
      packed.number(window.low);
      packed.number(window.high);
      packed.number(answers.size);
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
      if (this.#packed.numberAt({ at }) > atMs) {
        this.#packed.keepFrom(at);
        return;
      }
      this.#at.delete(name);
    }
    this.#packed.keepFrom(this.#packed.end);
  }

  encode(): EncodedLeft {
    const { start } = this.#packed;
    return {
      senders: this.#senders,
      threads: [...this.#at].map(([name, at]) => [name, at - start] as const),
      bytes: this.#packed.kept(),
    };
  }

  static decode({ senders, threads, bytes }: EncodedLeft): LeftThreads {
    const left = new LeftThreads();
    for (const sender of senders) left.#numberOf(sender);
    for (const [name, at] of threads) left.#at.set(name, at);
    left.#packed = PackedBytes.of(bytes);
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
    const packed = this.#packed;
    packed.number(nonce);
    packed.block(TEXT.encode(envelope));
    packed.number(position);
    packed.number(record);
    const isPlain = state.kind === "acknowledged" && state.extra === undefined;
    packed.number(isPlain ? ACKNOWLEDGED : SPELLED);
    if (!isPlain) packed.block(encode(state));
  }

  /* ---------------------------------------------------------------------- reading */

  #read(from: Cursor): Thread {
    const forgetAtMs = this.#packed.numberAt(from);
    const keepMs = this.#packed.numberAt(from);
    const lamport = this.#packed.numberAt(from);
    const speakers: Thread["speakers"] = new Map();
    for (let count = this.#packed.numberAt(from); count > 0; count -= 1) {
      const sender = this.#senders[this.#packed.numberAt(from)] ?? "";
      const highest = this.#packed.numberAt(from);
      const low = this.#packed.numberAt(from);
      const high = this.#packed.numberAt(from);
      const answers = new Map<number, AnswerRow>();
      for (let rows = this.#packed.numberAt(from); rows > 0; rows -= 1)
        answers.set(this.#packed.numberAt(from), this.#rowAt(from));
      speakers.set(sender, { window: { highest, low, high }, answers });
    }
    return { speakers, forgetAtMs, keepMs, lamport };
  }

  #rowAt(from: Cursor): AnswerRow {
    const envelope = UNTEXT.decode(this.#packed.blockAt(from));
    const position = this.#packed.numberAt(from);
    const record = this.#packed.numberAt(from);
    const state: AnswerState =
      this.#packed.numberAt(from) === ACKNOWLEDGED
        ? { kind: "acknowledged" }
        : (decode(this.#packed.blockAt(from)) as AnswerState);
    return { envelope, position, record, state };
  }
}

const byText = (a: string, b: string): number => (a < b ? -1 : 1);
const byNumber = (a: number, b: number): number => a - b;

const inOrder = <K, V>(map: ReadonlyMap<K, V>, order: (a: K, b: K) => number): [K, V][] =>
  [...map].sort(([a], [b]) => order(a, b));

const TEXT = new TextEncoder();
const UNTEXT = new TextDecoder();
