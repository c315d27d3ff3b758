/**
 * What waits for a host: envelopes in lanes, and what buckets say to each other. Two mailboxes, because
 * the first is open to anybody and the second must go on however full the first is.
 *
 * I1  A connection of this process is one lane. Of the bus, which is one connection for all that is
 *     elsewhere, each agent that the registry knows has a lane, and all others share one.
 * I2  Whose lane it is says the envelope, before its signature is looked at. So whoever speaks in another's
 *     name fills that one's lane and no other, and the more names it takes the less room it leaves (I3). A
 *     lane that was not heard of before is taken to bring what the bus brings as a whole: forged names make
 *     no crowd.
 * I3  All lanes of the bus have the room of one connection, and each as much as is left free of it: of n that
 *     flood each fills a part of n + 1, and the last part is there for whoever comes.
 */

import { claimedSender } from "#envelope/claimed-sender.ts";
import type { TurnInput } from "../bucket/input.ts";
import { Mailbox } from "../mailbox/mailbox.ts";
import {
  BUS_CONNECTION,
  BUS_LANES_MAX,
  type BucketMessage,
  type HostLimits,
} from "./environment.ts";
import type { Documents } from "./documents.ts";
import type { Addressed, Waited } from "./verify.ts";

const answerName = (bucket: number, number: number): string => `${bucket}:${number}`;

/** The lane of those on the bus who are not known. */
const STRANGERS = "strangers";

/** Connections of this process are numbers. */
const isOfBus = (lane: string): boolean => !/^\d/.test(lane);

/** Envelopes of one lane. */
interface Taken {
  all: number;
  /** Of senders who may speak. */
  known: number;
}

export class Inbox {
  readonly #turnInputsMax: number;
  readonly #crowdInputs: number;
  readonly #busMax: number;
  readonly #registry: Pick<Documents, "knows">;
  readonly #outside: Mailbox<Waited>;
  readonly #inside: Mailbox<Addressed>;
  #given = 0;
  /** Envelopes of the bus that wait. */
  #ofBus = 0;
  /** Of the last turn that took any, by lane; and what part of the ones before was work. */
  readonly #taken = new Map<string, Taken>();
  readonly #shares = new Map<string, number>();
  /** The same of all lanes of the bus together. */
  #busShare = 1;
  /** Of what waits outside; undefined: not counted since something came or was taken. */
  #outsideWork: number | undefined;

  constructor(limits: HostLimits, registry: Pick<Documents, "knows">) {
    const { outside, inside, turnInputsMax, crowdInputs } = limits;
    this.#outside = new Mailbox(outside);
    this.#inside = new Mailbox(inside);
    this.#turnInputsMax = turnInputsMax;
    this.#crowdInputs = crowdInputs;
    this.#busMax = outside.senderMessagesMax;
    this.#registry = registry;
  }

  get size(): number {
    return this.#outside.size + this.#inside.size;
  }

  /** An envelope that was taken turned out to be of a sender who may speak: it is work. */
  known(lane: string | undefined): void {
    const taken = lane === undefined ? undefined : this.#taken.get(lane);
    if (taken !== undefined) taken.known += 1;
  }

  /**
   * A turn has left much behind: what is under way goes first, and nothing new is begun. Bytes that are no
   * envelopes, strangers' and copies are no work: of those of a lane, as many count as were of its last ones.
   */
  get isCrowded(): boolean {
    this.#outsideWork ??= this.#countWork();
    return this.#inside.size + this.#outsideWork > this.#crowdInputs;
  }

  /** Once for all needs of a turn: lanes are many. */
  #countWork(): number {
    let work = 0;
    for (const [lane, waiting] of this.#outside.waiting())
      work += waiting * (this.#shares.get(lane) ?? (isOfBus(lane) ? this.#busShare : 1));
    return work;
  }

  /** False: MAILBOX_FULL. */
  envelope(connection: number, wire: Uint8Array): boolean {
    const isFromBus = connection === BUS_CONNECTION;
    const room = isFromBus ? this.#busMax - this.#ofBus : Infinity;
    if (room <= 0) return false;
    const lane = isFromBus ? this.#busLane(wire) : `${connection}`;
    if (this.#outside.offer(lane, { connection, wire, lane }, room).kind === "full") return false;
    if (isFromBus) this.#ofBus += 1;
    this.#outsideWork = undefined;
    return true;
  }

  #busLane(wire: Uint8Array): string {
    const claimed = claimedSender(wire);
    if (claimed === undefined || !this.#registry.knows(claimed)) return STRANGERS;
    const isRoom = this.#outside.senders < BUS_LANES_MAX || this.#outside.hasOf(claimed);
    return isRoom ? claimed : STRANGERS;
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

  takeWires(): readonly Waited[] {
    const wires = this.#outside.take(this.#turnInputsMax);
    if (wires.length === 0) return wires;
    // The turn that has gone is whole now; in the one to come, what is known grows as it is judged.
    this.#shares.clear();
    const bus: Taken = { all: 0, known: 0 };
    for (const [lane, { all, known }] of this.#taken) {
      this.#shares.set(lane, Math.min(1, known / all));
      if (!isOfBus(lane)) continue;
      bus.all += all;
      bus.known += known;
    }
    if (bus.all > 0) this.#busShare = Math.min(1, bus.known / bus.all);
    this.#taken.clear();
    for (const { connection, lane } of wires) {
      if (connection === BUS_CONNECTION) this.#ofBus -= 1;
      const taken = this.#taken.get(lane);
      if (taken === undefined) this.#taken.set(lane, { all: 1, known: 0 });
      else taken.all += 1;
    }
    this.#passOver();
    this.#outsideWork = undefined;
    return wires;
  }

  /** Where more lanes wait than a turn has inputs, those that had no turn are what they were. */
  #passOver(): void {
    for (const [lane] of this.#outside.waiting()) {
      const share = this.#shares.get(lane);
      if (share !== undefined && !this.#taken.has(lane))
        this.#taken.set(lane, { all: 1, known: share });
    }
  }
}
