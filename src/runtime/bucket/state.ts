/**
 * Everything a bucket knows: a function of its log's prefix and nothing else (P2). It is changed only
 * by a turn (turn.ts); after a refused commit it is discarded and built again from the log.
 */

import { deserialize, serialize } from "node:v8";
import { MerkleLog, type MerkleFrontier } from "#envelope/merkle.ts";
import { encode } from "#envelope/canonical.ts";
import { sha256 } from "#envelope/cid.ts";
import { Timers, type EncodedTimers } from "../timers/timers.ts";
import { GENESIS_PARENT } from "../log/record.ts";
import { Actors, type EncodedActors } from "./actors.ts";
import type { Application, Pinned } from "./application.ts";
import type { OutgoingAsk } from "./outputs.ts";
import { canonicalPlain } from "./canonical-plain.ts";
import { Equivocations } from "./equivocations.ts";
import type { KeptMap } from "#envelope/packed-map.ts";
import { PackedRows } from "./packed-rows.ts";
import {
  RestingMap,
  type EncodedResting,
  type Rest,
  type RestingCodec,
} from "#envelope/resting-map.ts";
import { Threads, type EncodedThreads } from "./threads.ts";

/** Dead letters remembered in a bucket; each is a bug of ours, so there are few. Oldest go first. */
export const DEAD_REMEMBERED_MAX = 1_024;

/** Of what `encode` gives, below 128. A snapshot of another format is passed over: the log says the same. */
export const STATE_FORMAT = 6;

/** What nothing has happened to for one to two times this long rests, ms of T. */
export const REST_MS = 10_000;

/**
 * Of each kind of thing, so many are put to rest in a turn: each takes 10 to 20 microseconds of it. A bucket
 * in which nothing happens has a turn in ten seconds.
 */
export const RESTING_TOGETHER_MAX = 2_048;

const ROWS: RestingCodec<unknown> = {
  pack: (row) => serialize(row),
  // A copy: what is read from it lies in it.
  unpack: (bytes) => deserialize(bytes.slice()),
};

export interface PendingAsk {
  readonly actor: string;
  readonly name: string;
  readonly to: number;
  readonly number: number;
  readonly payload: unknown;
}

/** An envelope whose receipt waits for an answer from elsewhere. */
export interface Owed {
  readonly thread: string;
  readonly sender: string;
  readonly nonce: number;
}

export interface Pin {
  readonly revision: number;
  readonly hash: string;
  readonly receivedAtMs: number;
}

export class BucketState {
  readonly bucket: number;
  /** T at which what was idle was last put to rest, and what of it is not yet. */
  #restedAtMs = 0;
  #toRest: readonly Rest[] = [];
  /** Number of records and of entries on the chain. */
  records = 0;
  size = 0;
  hash: Uint8Array = GENESIS_PARENT;
  /** RFC 6962 tree over the records' hashes. */
  tree = new MerkleLog();
  /** Log time T of the last record. */
  atMs = 0;
  generation = 0;
  revision = 0;
  actors = new Actors();
  timers = new Timers();
  /** Unanswered asks by `actor|name`, in the order asked. */
  readonly asks = new Map<string, PendingAsk>();
  asked = 0;
  threads = new Threads();
  readonly owed = new Map<string, Owed>();
  pin: Pin | undefined = undefined;
  pinnedDocument: unknown = undefined;
  readonly decided = new Set<string>();
  rows = new RestingMap<unknown>(ROWS);
  /** Rows that will not change any more. */
  archived = new PackedRows();
  /** Names of inputs that were logged as dead letters and may come again. */
  readonly dead = new Set<string>();
  /** Proof of who signed two envelopes under one nonce. */
  equivocations = new Equivocations();

  constructor(bucket: number) {
    this.bucket = bucket;
  }

  get pinned(): Pinned | undefined {
    return this.pin === undefined ? undefined : { ...this.pin, document: this.pinnedDocument };
  }

  /** Every ask below this number has been answered or given up. */
  get floor(): number {
    for (const ask of this.asks.values()) return ask.number;
    return this.asked;
  }

  outgoing({ to, number, payload }: PendingAsk): OutgoingAsk {
    return { to, number, floor: this.floor, payload };
  }

  #row(key: string): unknown {
    return this.rows.peek(key) ?? this.archived.get(key);
  }

  /** At the end of a turn. It shows in memory alone. */
  rest(): void {
    if (this.#toRest.length === 0) {
      if (this.atMs - this.#restedAtMs < REST_MS) return;
      this.#restedAtMs = this.atMs;
      this.#toRest = [
        ...this.actors.rests(),
        (most) => this.threads.rest(most),
        (most) => this.rows.rest(most),
        (most) => this.timers.rest(this.atMs, most),
      ];
    }
    this.#toRest = this.#toRest.filter((rest) => !rest(RESTING_TOGETHER_MAX));
  }

  /** The input is never taken again. */
  bury(input: string): void {
    this.dead.add(input);
    for (const oldest of this.dead) {
      if (this.dead.size <= DEAD_REMEMBERED_MAX) return;
      this.dead.delete(oldest);
    }
  }

  encode(): unknown {
    return {
      records: this.records,
      size: this.size,
      hash: this.hash,
      tree: this.tree.frontier(),
      atMs: this.atMs,
      generation: this.generation,
      revision: this.revision,
      actors: this.actors.encode(),
      timers: this.timers.encode(),
      asks: this.asks,
      asked: this.asked,
      threads: this.threads.encode(),
      owed: this.owed,
      pin: this.pin,
      decided: this.decided,
      rows: this.rows.encode(),
      archived: this.archived.kept(),
      dead: this.dead,
      equivocations: this.equivocations.encode(),
    };
  }

  static decode(bucket: number, plain: unknown, app: Application): BucketState {
    const from = plain as ReturnType<typeof shape>;
    const state = new BucketState(bucket);
    state.records = from.records;
    state.size = from.size;
    state.hash = from.hash;
    // What is deserialized are views of the whole snapshot.
    const { size, roots } = from.tree;
    state.tree = new MerkleLog({ size, roots: roots.map((root) => root.slice()) });
    state.atMs = from.atMs;
    state.generation = from.generation;
    state.revision = from.revision;
    state.actors = new Actors(from.actors, app.kinds);
    state.timers = new Timers(from.timers);
    for (const [key, ask] of from.asks) state.asks.set(key, ask);
    state.asked = from.asked;
    state.threads = new Threads(from.threads);
    for (const [id, owed] of from.owed) state.owed.set(id, owed);
    state.pin = from.pin;
    for (const key of from.decided) state.decided.add(key);
    state.rows = new RestingMap(ROWS, from.rows);
    state.archived = new PackedRows(from.archived);
    for (const name of from.dead) state.dead.add(name);
    state.equivocations = Equivocations.decode(from.equivocations);
    return state;
  }

  /** Canonical state of every actor and row, for `stateHash` (protocol section 16). */
  *canonical(): Iterable<readonly [string, Uint8Array]> {
    const ids = [...this.actors.keys()].sort();
    for (const id of ids) {
      const actor = this.actors.peek(id);
      if (actor === undefined) continue;
      yield [
        id,
        sha256(encode(canonicalPlain([actor.kind.kind, actor.kind.logic.encode(actor.state)]))),
      ];
    }
    for (const key of [...this.rows.keys(), ...this.archived.keys()].sort())
      yield [`row:${key}`, sha256(encode(canonicalPlain(this.#row(key))))];
  }
}

/** Names the type of an encoded state; never called. */
declare const shape: () => {
  records: number;
  size: number;
  hash: Uint8Array;
  tree: MerkleFrontier;
  atMs: number;
  generation: number;
  revision: number;
  actors: EncodedActors;
  timers: EncodedTimers;
  asks: Map<string, PendingAsk>;
  asked: number;
  threads: EncodedThreads;
  owed: Map<string, Owed>;
  pin: Pin | undefined;
  decided: Set<string>;
  rows: EncodedResting<unknown>;
  archived: KeptMap;
  dead: Set<string>;
  equivocations: unknown;
};
