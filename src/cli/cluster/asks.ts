/**
 * Questions between the machines of a cluster, over the bus. Everybody hears his own subject, which only
 * supervisors may publish to; an answer goes to the subject that the question names.
 *
 * Nothing is promised: what is lost on the way has no answer, and whoever asks asks again. So whatever
 * is asked for may be done twice and must not mind. An answer that is larger than a message of the bus goes
 * in parts: what hosts tell of their state grows with all needs that have ended.
 */

import { deserialize, serialize } from "node:v8";
import { MESSAGE_BYTES_MAX, type Bus } from "#ports/bus.ts";
import type { Clock } from "#ports/clock.ts";
import type { LabelAttestation, LimitBody, SpendLimits } from "#protocol/bodies.ts";
import type { Credits, Did } from "#protocol/words.ts";
import { toldError, type ToldError } from "../errors.ts";

/** What the operator says, as it travels to the one who speaks for it. */
export type OperatorWord =
  | {
      readonly do: "grant" | "grant-first";
      readonly to: Did;
      readonly amount: Credits;
      readonly key: string;
    }
  | { readonly do: "pause" | "resume"; readonly who: Did | "all" }
  | { readonly do: "limit"; readonly of: LimitBody["of"]; readonly limits: SpendLimits }
  | {
      readonly do: "attest";
      readonly member: Did;
      readonly label: LabelAttestation["label"];
      readonly value: string;
    };

export type Asked =
  /** Of the leader of the bucket. */
  | {
      readonly what: "query";
      readonly bucket: number;
      readonly name: string;
      readonly about: unknown;
    }
  /** Of each host of a supervisor. */
  | { readonly what: "hosts"; readonly name: string }
  | { readonly what: "settle" }
  | { readonly what: "operator"; readonly word: OperatorWord }
  | { readonly what: "status" };

export type Said =
  | { readonly kind: "ok"; readonly value: unknown }
  /** Not here: somebody else leads it. */
  | { readonly kind: "elsewhere" }
  | { readonly kind: "failed"; readonly told: ToldError };

interface Question {
  readonly id: string;
  readonly reply: string;
  readonly asked: Asked;
}

/** This form stays: by it supervisors of different builds tell each other what they are. */
interface Reply {
  readonly id: string;
  readonly said: Said;
}

interface ReplyPart {
  readonly id: string;
  /** Of how many, and which: from 0. */
  readonly parts: number;
  readonly part: number;
  /** Of what was said. */
  readonly bytes: Uint8Array;
}

/** Bytes of one part: half of what a bus carries. */
export const REPLY_PART_BYTES = MESSAGE_BYTES_MAX / 2;
/** Parts of one answer: 256 MiB. */
export const REPLY_PARTS_MAX = 512;

interface Waiting {
  readonly heard: (said: Said) => void;
  readonly parts: Map<number, Uint8Array>;
}

const subjectOf = (member: string): string => `supervisor.${member}`;
const inboxOf = (name: string): string => `inbox.${name}`;

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
      bus.subscribe(subjectOf(name), (bytes) => void this.#answer(deserialize(bytes) as Question)),
      bus.subscribe(inboxOf(name), (bytes) => this.#heard(deserialize(bytes) as Heard)),
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
      bus.publish(subjectOf(member), serialize({ id, reply: inboxOf(name), asked }));
    });
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #heard(reply: Heard): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    if ("said" in reply) {
      waiting.heard(reply.said);
      return;
    }
    waiting.parts.set(reply.part, reply.bytes);
    if (waiting.parts.size < reply.parts) return;
    const inOrder = Array.from({ length: reply.parts }, (_, at) => waiting.parts.get(at)!);
    waiting.heard(deserialize(Buffer.concat(inOrder)) as Said);
  }

  async #answer({ id, reply, asked }: Question): Promise<void> {
    const said = await this.#o.answer(asked).catch(failed);
    for (const one of repliesOf(id, said)) this.#o.bus.publish(reply, serialize(one));
  }
}

type Heard = Reply | ReplyPart;

const repliesOf = (id: string, said: Said): readonly Heard[] => {
  const bytes = serialize(said);
  const parts = Math.ceil(bytes.length / REPLY_PART_BYTES);
  if (parts === 1) return [{ id, said }];
  if (parts > REPLY_PARTS_MAX)
    return [{ id, said: failed(new Error(`an answer of ${bytes.length} bytes is too long`)) }];
  return Array.from({ length: parts }, (_, part) => ({
    id,
    parts,
    part,
    bytes: bytes.subarray(part * REPLY_PART_BYTES, (part + 1) * REPLY_PART_BYTES),
  }));
};

const failed = (error: unknown): Said => ({ kind: "failed", told: toldError(error) });
