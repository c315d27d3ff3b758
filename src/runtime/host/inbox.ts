/**
 * What waits for a host: envelopes by connection, and what buckets say to each other. Two mailboxes,
 * because the first is open to anybody and the second must go on however full the first is.
 */

import type { TurnInput } from "../bucket/input.ts";
import { Mailbox } from "../mailbox/mailbox.ts";
import type { BucketMessage, HostLimits } from "./environment.ts";
import type { Addressed, Wire } from "./verify.ts";

const answerName = (bucket: number, number: number): string => `${bucket}:${number}`;

/** Envelopes of one connection. */
interface Taken {
  all: number;
  /** Of senders who may speak. */
  known: number;
}

export class Inbox {
  readonly #turnInputsMax: number;
  readonly #outside: Mailbox<Wire>;
  readonly #inside: Mailbox<Addressed>;
  #given = 0;
  /** Of the last turn that took any, by connection; and what part of the ones before was work. */
  readonly #taken = new Map<string, Taken>();
  readonly #shares = new Map<string, number>();

  constructor({ outside, inside, turnInputsMax }: HostLimits) {
    this.#outside = new Mailbox(outside);
    this.#inside = new Mailbox(inside);
    this.#turnInputsMax = turnInputsMax;
  }

  get size(): number {
    return this.#outside.size + this.#inside.size;
  }

  /** An envelope that was taken turned out to be of a sender who may speak: it is work. */
  known(connection: number | undefined): void {
    const taken = this.#taken.get(`${connection}`);
    if (taken !== undefined) taken.known += 1;
  }

  /**
   * More waits than the next turn takes: what is under way goes first, and nothing new is begun. Bytes that
   * are no envelopes, strangers' and copies are no work: of those of a connection, as many count as were of
   * its last ones.
   */
  get isCrowded(): boolean {
    let work = this.#inside.size;
    for (const [connection, waiting] of this.#outside.waiting())
      work += waiting * (this.#shares.get(connection) ?? 1);
    return work > this.#turnInputsMax;
  }

  /** False: MAILBOX_FULL. */
  envelope(wire: Wire): boolean {
    return this.#outside.offer(`${wire.connection}`, wire).kind === "queued";
  }

  /** False: an ask without room (it comes again), or an answer that nobody waits for. */
  message({ to: bucket, from, number, role, floor, payload }: BucketMessage): boolean {
    if (role === "ask") {
      const input: TurnInput = { kind: "ask", from, number, floor, payload };
      return this.#inside.offer(`${from}`, { bucket, input }).kind === "queued";
    }
    const input: TurnInput = { kind: "answer", from, number, payload };
    return this.#inside.answer(answerName(bucket, number), { bucket, input }).kind === "queued";
  }

  /** False: there is no room. */
  given(bucket: number, verb: string, body: unknown): boolean {
    this.#given += 1;
    const name = `given:${this.#given}`;
    if (!this.#inside.reserve(name)) return false;
    this.#inside.answer(name, { bucket, input: { kind: "given", verb, body } });
    return true;
  }

  /** Room for the answer to this ask; false: the ask may not leave now. */
  reserve(bucket: number, number: number): boolean {
    return this.#inside.reserve(answerName(bucket, number));
  }

  /** Nobody waits for this answer any more. */
  release(bucket: number, number: number): void {
    this.#inside.release(answerName(bucket, number));
  }

  takeMessages(): readonly Addressed[] {
    return this.#inside.take(this.#turnInputsMax);
  }

  takeWires(): readonly Wire[] {
    const wires = this.#outside.take(this.#turnInputsMax);
    if (wires.length === 0) return wires;
    // The turn that has gone is whole now; in the one to come, what is known grows as it is judged.
    this.#shares.clear();
    for (const [connection, { all, known }] of this.#taken)
      this.#shares.set(connection, Math.min(1, known / all));
    this.#taken.clear();
    for (const { connection } of wires) {
      const name = `${connection}`;
      const taken = this.#taken.get(name);
      if (taken === undefined) this.#taken.set(name, { all: 1, known: 0 });
      else taken.all += 1;
    }
    return wires;
  }
}
