/**
 * Questions between the machines of a cluster, over the bus. Everybody hears his own subject, which only
 * supervisors may publish to; an answer goes to the subject that the question names.
 *
 * Nothing is promised: what is lost on the way has no answer, and whoever asks asks again. So whatever
 * is asked for may be done twice and must not mind. An answer that is larger than a message of the bus goes
 * in parts: what hosts tell of their state grows with all needs that have ended.
 */

import { serialize } from "node:v8";
import type { Bus } from "#ports/bus.ts";
import type { Clock } from "#ports/clock.ts";
import { toldError } from "../errors.ts";
import {
  inboxOf,
  readQuestion,
  readReply,
  readSaid,
  REPLY_PART_BYTES,
  REPLY_PARTS_MAX,
  supervisorSubject,
  type Asked,
  type Question,
  type Reply,
  type ReplyPart,
  type Said,
} from "./ask-messages.ts";

interface Waiting {
  readonly heard: (said: Said) => void;
  /** By their place, of as many as the first of them said. */
  readonly parts: Map<number, ReplyPart>;
}

export interface AsksOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  /** Nobody else of the cluster has it. */
  readonly name: string;
  readonly answer: (asked: Asked) => Promise<Said>;
}

export class Asks {
  readonly #o: AsksOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #stops: readonly (() => void)[];
  #count = 0;

  constructor(options: AsksOptions) {
    this.#o = options;
    const { bus, name } = options;
    this.#stops = [
      bus.subscribe(supervisorSubject(name), (bytes) => {
        const question = readQuestion(bytes);
        if (question !== undefined) void this.#answer(question);
      }),
      bus.subscribe(inboxOf(name), (bytes) => {
        const reply = readReply(bytes);
        if (reply !== undefined) this.#heard(reply);
      }),
    ];
  }

  /** Undefined: no answer in time. */
  ask(member: string, asked: Asked, waitMs: number): Promise<Said | undefined> {
    const { bus, clock, name } = this.#o;
    const id = `${name}/${(this.#count += 1)}`;
    return new Promise((resolve) => {
      const ended = (said: Said | undefined): void => {
        this.#waiting.delete(id);
        cancel();
        resolve(said);
      };
      const cancel = clock.after(waitMs, () => ended(undefined));
      this.#waiting.set(id, { heard: ended, parts: new Map() });
      bus.publish(supervisorSubject(member), serialize({ id, reply: inboxOf(name), asked }));
    });
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #heard(reply: Heard): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    if ("said" in reply) waiting.heard(reply.said);
    else this.#gather(waiting, reply);
  }

  /** What does not fit to the parts before it is none of them; parts that make no answer are forgotten. */
  #gather({ parts, heard }: Waiting, reply: ReplyPart): void {
    const [first = reply] = parts.values();
    if (reply.parts !== first.parts) return;
    parts.set(reply.part, reply);
    if (parts.size < reply.parts) return;
    const inOrder = [...parts.values()].toSorted((one, other) => one.part - other.part);
    const said = readSaid(Buffer.concat(inOrder.map(({ bytes }) => bytes)));
    if (said === undefined) parts.clear();
    else heard(said);
  }

  /** Never rejects: what cannot be said is told as a failure. */
  async #answer({ id, reply, asked }: Question): Promise<void> {
    const replies = await this.#o
      .answer(asked)
      .then((said) => repliesOf(id, said))
      .catch((error: unknown) => repliesOf(id, failed(error)));
    for (const one of replies) this.#o.bus.publish(reply, one);
  }
}

type Heard = Reply | ReplyPart;

const repliesOf = (id: string, said: Said): readonly Uint8Array[] => {
  const bytes = serialize(said);
  const parts = Math.ceil(bytes.length / REPLY_PART_BYTES);
  if (parts === 1) return [messageOf({ id, said })];
  if (parts > REPLY_PARTS_MAX)
    throw new Error(`an answer of ${bytes.length} bytes is too long to be told`);
  return Array.from({ length: parts }, (_, part) => {
    const own = bytes.subarray(part * REPLY_PART_BYTES, (part + 1) * REPLY_PART_BYTES);
    return messageOf({ id, parts, part, bytes: own });
  });
};

const messageOf = (heard: Heard): Uint8Array => serialize(heard);

const failed = (error: unknown): Said => ({ kind: "failed", told: toldError(error) });
