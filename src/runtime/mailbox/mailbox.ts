/**
 * The queue between senders and one host.
 *
 * Owns the waiting messages, their order and their room. Does not own delivery over a network or what
 * becomes of a refused message: that goes back to its sender with MAILBOX_FULL.
 *
 * M1  Messages of one sender leave in the order they arrived.
 * M2  Never more than `messagesMax` wait, nor more than `senderMessagesMax` of one sender, or what is told
 *     with the message where that is less; the one too many is handed back.
 * M3  Senders take turns, message by message, across batches: one that floods delays the others by at
 *     most one message of its own per message of theirs. Answers and senders take turns likewise.
 * M4  An answer has the room that was reserved when its request was made: it is never refused, however
 *     full the rest is. Reserved room is bounded by refusing the *request*: at most `reservedMax`
 *     requests are open or answered and not yet taken. So two hosts whose mailboxes are full of each
 *     other's requests still get their answers through.
 */

/** Messages that wait in one mailbox. 1,024 is about a second of work; 64 MiB of the largest. */
export const MAILBOX_MESSAGES_MAX = 1_024;
/** Messages of one sender that wait: a quarter, so that a flood leaves room for others. */
export const SENDER_MESSAGES_MAX = MAILBOX_MESSAGES_MAX / 4;
/** Requests of one host that are open, or answered and not taken. */
export const RESERVED_MAX = 4_096;
/** Messages of one batch. */
export const BATCH_MESSAGES_MAX = 64;

export interface MailboxLimits {
  readonly messagesMax: number;
  readonly senderMessagesMax: number;
  readonly reservedMax: number;
}

export const MAILBOX_LIMITS: MailboxLimits = {
  messagesMax: MAILBOX_MESSAGES_MAX,
  senderMessagesMax: SENDER_MESSAGES_MAX,
  reservedMax: RESERVED_MAX,
};

export type Offered<M> =
  | { readonly kind: "queued" }
  | { readonly kind: "full"; readonly code: "MAILBOX_FULL"; readonly message: M };

export type Answered<M> =
  | { readonly kind: "queued" }
  /** Nobody waits for it: answered already, or never asked. Handed back. */
  | { readonly kind: "unreserved"; readonly message: M };

/** First in, first out in amortised constant time. */
class Line<T> {
  #items: T[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head]!;
    this.#head += 1;
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

export class Mailbox<M> {
  readonly #limits: MailboxLimits;
  /** Senders with waiting messages; the first in the map's order has its turn. */
  readonly #senders = new Map<string, Line<M>>();
  readonly #answers = new Line<M>();
  /** Requests whose answer has not come. */
  readonly #open = new Set<string>();
  #waiting = 0;
  #answersTurn = true;

  constructor(limits: MailboxLimits = MAILBOX_LIMITS) {
    const { messagesMax, senderMessagesMax, reservedMax } = limits;
    const ordered = 0 < senderMessagesMax && senderMessagesMax <= messagesMax && 0 < reservedMax;
    if (!ordered) throw new Error(`mailbox limits make no sense: ${JSON.stringify(limits)}`);
    this.#limits = limits;
  }

  /** Messages that wait, answers included. */
  get size(): number {
    return this.#waiting + this.#answers.length;
  }

  /** Requests open, or answered and not taken. */
  get reserved(): number {
    return this.#open.size + this.#answers.length;
  }

  /** Senders of whom something waits. */
  get senders(): number {
    return this.#senders.size;
  }

  hasOf(sender: string): boolean {
    return this.#senders.has(sender);
  }

  /** `senderRoom`: of this sender no more than so many may wait now, whatever the limits allow. */
  offer(sender: string, message: M, senderRoom = Infinity): Offered<M> {
    const line = this.#senders.get(sender);
    const { messagesMax, senderMessagesMax } = this.#limits;
    const senderMax = Math.min(senderMessagesMax, senderRoom);
    if (this.#waiting >= messagesMax || (line?.length ?? 0) >= senderMax) {
      return { kind: "full", code: "MAILBOX_FULL", message };
    }
    if (line !== undefined) line.push(message);
    else {
      const own = new Line<M>();
      own.push(message);
      this.#senders.set(sender, own);
    }
    this.#waiting += 1;
    return { kind: "queued" };
  }

  /** Each sender of whom something waits, and how much. */
  *waiting(): Generator<readonly [sender: string, messages: number], void> {
    for (const [sender, line] of this.#senders) yield [sender, line.length];
  }

  /**
   * Room for the answer to `request`, before the request is made. False: no room; do not make it.
   * True again for a request that is open already: it may be sent as often as needed.
   */
  reserve(request: string): boolean {
    if (this.#open.has(request)) return true;
    if (this.reserved >= this.#limits.reservedMax) return false;
    this.#open.add(request);
    return true;
  }

  /** The request will get no answer. True if it was open. */
  release(request: string): boolean {
    return this.#open.delete(request);
  }

  /** The answer to an open request, or a timer or store result reserved under that name. */
  answer(request: string, message: M): Answered<M> {
    if (!this.#open.delete(request)) return { kind: "unreserved", message };
    this.#answers.push(message);
    return { kind: "queued" };
  }

  /** At most `max` messages, in turns (M3). */
  take(max: number = BATCH_MESSAGES_MAX): readonly M[] {
    const batch: M[] = [];
    while (batch.length < max && this.size > 0) {
      const answer = this.#answersTurn && this.#answers.length > 0;
      const message = answer || this.#waiting === 0 ? this.#answers.shift() : this.#fromSender();
      this.#answersTurn = !this.#answersTurn;
      batch.push(message!);
    }
    return batch;
  }

  #fromSender(): M | undefined {
    for (const [sender, line] of this.#senders) {
      const message = line.shift();
      this.#waiting -= 1;
      if (line.length > 0 && this.#senders.size === 1) return message;
      this.#senders.delete(sender);
      if (line.length > 0) this.#senders.set(sender, line); // to the end of the turn order
      return message;
    }
    return undefined;
  }
}
