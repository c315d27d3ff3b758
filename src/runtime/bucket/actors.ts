/**
 * The actors of a bucket by their ids. One that no event has reached for a while rests as bytes
 * (resting-map.ts): a need that waits for its deadline costs no objects.
 */

import { Buffer } from "node:buffer";
import { deserialize, serialize } from "node:v8";
import type { ActorKind, Application } from "./application.ts";
import {
  RestingMap,
  type EncodedResting,
  type Rest,
  type RestingCodec,
} from "#envelope/resting-map.ts";

export interface Actor {
  readonly kind: ActorKind;
  readonly id: string;
  state: unknown;
}

/** Its kind and its state, as plain data. */
type Plain = readonly [kind: string, state: unknown];

export type EncodedActors = EncodedResting<Plain>;

const plainOf = ({ kind, state }: Actor): Plain => [kind.kind, kind.kept(state)];

/** Packed, an actor begins with its kind's name behind the name's length: ASCII, below 256. */
const kindIn = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + 1, bytes[0]).toString("latin1");

export class Actors implements RestingCodec<Actor> {
  readonly #kinds = new Map<string, ActorKind>();
  readonly #actors: RestingMap<Actor>;

  constructor(encoded?: EncodedActors, kinds: Application["kinds"] = {}) {
    for (const [name, kind] of Object.entries(kinds)) this.#kinds.set(name, kind);
    const awake = [...(encoded?.awake ?? [])].map(
      ([id, plain]) => [id, this.#actorOf(plain, id)] as const,
    );
    this.#actors = new RestingMap(this, encoded && { ...encoded, awake });
  }

  get size(): number {
    return this.#actors.size;
  }

  get resting(): number {
    return this.#actors.resting;
  }

  /** To be stepped: its state may be replaced until the turn ends. */
  get(id: string): Actor | undefined {
    return this.#actors.get(id);
  }

  /** To be read. */
  peek(id: string): Actor | undefined {
    return this.#actors.peek(id);
  }

  has(id: string): boolean {
    return this.#actors.has(id);
  }

  add(actor: Actor): void {
    this.#kinds.set(actor.kind.kind, actor.kind);
    this.#actors.set(actor.id, actor);
  }

  delete(id: string): boolean {
    return this.#actors.delete(id);
  }

  keys(): Iterable<string> {
    return this.#actors.keys();
  }

  /** To be read, and nothing may be stepped meanwhile. */
  *values(): Iterable<Actor> {
    for (const [, actor] of this.#actors) yield actor;
  }

  /** To be read, and nothing may be stepped meanwhile. */
  ofKind(kind: string): Iterable<Actor> {
    return this.#actors.where(
      (actor) => actor.kind.kind === kind,
      (bytes) => kindIn(bytes) === kind,
    );
  }

  /** Of the idle ones, and of what is idle in those that do not rest as a whole. */
  rests(): readonly Rest[] {
    const inside = Array.from(this.#actors.awake(), ([, { kind, state }]) => kind.idle(state));
    return [(most) => this.#actors.rest(most), ...inside.flat()];
  }

  /** Rows that a snapshot writes anew for these actors; of those that may rest none. */
  get weight(): number {
    let weight = 0;
    for (const [, { kind, state }] of this.#actors.awake()) weight += kind.weight(state);
    return weight;
  }

  /** As the constructor takes it. */
  encode(): EncodedActors {
    const { awake, resting } = this.#actors.encode();
    return { awake: [...awake].map(([id, actor]) => [id, plainOf(actor)]), resting };
  }

  pack(actor: Actor): Uint8Array | undefined {
    const { kind, state } = actor;
    if (!kind.rests) return undefined;
    const name = Buffer.from(kind.kind, "utf8");
    return Buffer.concat([Uint8Array.of(name.length), name, serialize(kind.logic.encode(state))]);
  }

  unpack(bytes: Uint8Array, id: string): Actor {
    const kind = kindIn(bytes);
    // A copy: what is read from it lies in it.
    return this.#actorOf([kind, deserialize(bytes.slice(1 + kind.length))], id);
  }

  #actorOf([name, state]: Plain, id: string): Actor {
    const kind = this.#kinds.get(name);
    if (kind === undefined) throw new Error(`a snapshot names an unknown actor kind ${name}`);
    return { kind, id, state: kind.logic.decode(state) };
  }
}
