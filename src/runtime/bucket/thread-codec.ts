/**
 * A thread in bytes: who has spoken in it under which nonces, and what was answered. As objects one takes
 * 3 KB of heap, packed about 400 bytes. Senders are told once for all threads and by their number after.
 *
 * K1  What was packed comes out as it was; equal threads are packed into equal bytes, in whichever order
 *     their speakers and answers were remembered (a snapshot sorts them).
 */

import { decode, encode } from "#envelope/canonical.ts";
import { cidOfDigest, codecOf, digestOf, isCid } from "#envelope/cid.ts";
import { PackedBytes, readBlock, readNumber, type Cursor } from "#envelope/packed-bytes.ts";
import type { RestingCodec } from "#envelope/resting-map.ts";
import type { AnswerRow, AnswerState, Thread } from "./threads.ts";

/** Ids are digests and states plain acknowledgements, or else they are spelled out. */
const DIGEST = 0;
const ACKNOWLEDGED = 0;
const SPELLED = 1;

export class ThreadCodec implements RestingCodec<Thread> {
  /** The row that is being written. */
  readonly #packed = new PackedBytes();
  readonly #senders: string[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(senders: readonly string[] = []) {
    for (const sender of senders) this.#numberOf(sender);
  }

  /** As the constructor takes them. */
  get senders(): readonly string[] {
    return this.#senders;
  }

  /** A view, valid until the next is packed. */
  pack(thread: Thread): Uint8Array {
    const packed = this.#packed;
    packed.keepFrom(packed.end);
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
    return packed.view();
  }

  unpack(row: Uint8Array): Thread {
    const from = { at: 0 };
    const next = (): number => readNumber(row, from);
    const [forgetAtMs, keepMs, lamport] = [next(), next(), next()];
    const speakers: Thread["speakers"] = new Map();
    for (let count = next(); count > 0; count -= 1) {
      const sender = this.#senders[next()] ?? "";
      const [highest, low, high] = [next(), next(), next()];
      const answers = new Map<number, AnswerRow>();
      for (let rows = next(); rows > 0; rows -= 1) answers.set(next(), answerAt(row, from));
      speakers.set(sender, { window: { highest, low, high }, answers });
    }
    return { speakers, forgetAtMs, keepMs, lamport };
  }

  #numberOf(sender: string): number {
    const known = this.#numbers.get(sender);
    if (known !== undefined) return known;
    this.#numbers.set(sender, this.#senders.length);
    return this.#senders.push(sender) - 1;
  }

  #row(nonce: number, { envelope, position, record, state }: AnswerRow): void {
    const packed = this.#packed;
    packed.number(nonce);
    const isDigest = isCid(envelope) && codecOf(envelope) === "dag-cbor";
    packed.number(isDigest ? DIGEST : SPELLED);
    packed.block(isDigest ? digestOf(envelope) : TEXT.encode(envelope));
    packed.number(position);
    packed.number(record);
    const isPlain = state.kind === "acknowledged" && state.extra === undefined;
    packed.number(isPlain ? ACKNOWLEDGED : SPELLED);
    if (!isPlain) packed.block(encode(state));
  }
}

/** T at which a packed thread may be forgotten. */
export const forgetAtOf = (row: Uint8Array): number => readNumber(row, { at: 0 });

const answerAt = (row: Uint8Array, from: Cursor): AnswerRow => {
  const isDigest = readNumber(row, from) === DIGEST;
  const id = readBlock(row, from);
  return {
    envelope: isDigest ? cidOfDigest(id) : UNTEXT.decode(id),
    position: readNumber(row, from),
    record: readNumber(row, from),
    state:
      readNumber(row, from) === ACKNOWLEDGED
        ? { kind: "acknowledged" }
        : (decode(readBlock(row, from)) as AnswerState),
  };
};

const byText = (a: string, b: string): number => (a < b ? -1 : 1);
const byNumber = (a: number, b: number): number => a - b;

const inOrder = <K, V>(map: ReadonlyMap<K, V>, order: (a: K, b: K) => number): [K, V][] =>
  [...map].sort(([a], [b]) => order(a, b));

const TEXT = new TextEncoder();
const UNTEXT = new TextDecoder();
