/**
 * Everything a bucket knows: a function of its log's prefix and nothing else (P2). It is changed only
 * by a turn (turn.ts); after a refused commit it is discarded and built again from the log.
 */

import { MerkleLog, type MerkleFrontier } from "#envelope/merkle.ts";
import { encode } from "#envelope/canonical.ts";
import { sha256 } from "#envelope/cid.ts";
import { Timers, type EncodedTimers } from "../timers/timers.ts";
import { GENESIS_PARENT } from "../log/record.ts";
import type { ActorKind, Application, Pinned } from "./application.ts";
import { Threads } from "./threads.ts";

export interface Actor {
  readonly kind: ActorKind;
  readonly id: string;
  state: unknown;
}

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
  readonly actors = new Map<string, Actor>();
  timers = new Timers();
  /** Unanswered asks by `actor|name`, in the order asked. */
  readonly asks = new Map<string, PendingAsk>();
  asked = 0;
  threads = new Threads();
  readonly owed = new Map<string, Owed>();
  pin: Pin | undefined = undefined;
  pinnedDocument: unknown = undefined;
  readonly decided = new Set<string>();
  readonly rows = new Map<string, unknown>();

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

  encode(): unknown {
    const actors = [...this.actors.values()].map((a) => [
      a.kind.kind,
      a.id,
      a.kind.logic.encode(a.state),
    ]);
    return {
      records: this.records,
      size: this.size,
      hash: this.hash,
      tree: this.tree.frontier(),
      atMs: this.atMs,
      generation: this.generation,
      revision: this.revision,
      actors,
      timers: this.timers.encode(),
      asks: this.asks,
      asked: this.asked,
      threads: this.threads.encode(),
      owed: this.owed,
      pin: this.pin,
      decided: this.decided,
      rows: this.rows,
    };
  }

  static decode(bucket: number, plain: unknown, app: Application): BucketState {
    const from = plain as ReturnType<typeof shape>;
    const state = new BucketState(bucket);
    state.records = from.records;
    state.size = from.size;
    state.hash = from.hash;
    state.tree = new MerkleLog(from.tree);
    state.atMs = from.atMs;
    state.generation = from.generation;
    state.revision = from.revision;
    for (const [kind, id, encoded] of from.actors) {
      const actorKind = app.kinds[kind];
      if (actorKind === undefined) throw new Error(`snapshot names an unknown actor kind ${kind}`);
      state.actors.set(id, { kind: actorKind, id, state: actorKind.logic.decode(encoded) });
    }
    state.timers = Timers.decode(from.timers as EncodedTimers);
    for (const [key, ask] of from.asks) state.asks.set(key, ask);
    state.asked = from.asked;
    state.threads = Threads.decode(from.threads);
    for (const [id, owed] of from.owed) state.owed.set(id, owed);
    state.pin = from.pin;
    for (const key of from.decided) state.decided.add(key);
    for (const [key, row] of from.rows) state.rows.set(key, row);
    return state;
  }

  /** Canonical state of every actor and row, for `stateHash` (protocol section 16). */
  *canonical(): Iterable<readonly [string, Uint8Array]> {
    const ids = [...this.actors.keys()].sort();
    for (const id of ids) {
      const actor = this.actors.get(id);
      if (actor === undefined) continue;
      yield [
        id,
        sha256(encode(canonicalPlain([actor.kind.kind, actor.kind.logic.encode(actor.state)]))),
      ];
    }
    for (const key of [...this.rows.keys()].sort())
      yield [`row:${key}`, sha256(encode(canonicalPlain(this.rows.get(key))))];
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
  actors: [string, string, unknown][];
  timers: unknown;
  asks: Map<string, PendingAsk>;
  asked: number;
  threads: unknown;
  owed: Map<string, Owed>;
  pin: Pin | undefined;
  decided: Set<string>;
  rows: Map<string, unknown>;
};

/** Maps and Sets as sorted lists, undefined left out, numbers that are no integers kept as floats. */
export const canonicalPlain = (value: unknown): unknown => {
  if (value instanceof Map) {
    const pairs = [...value].map(([k, v]) => [canonicalPlain(k), canonicalPlain(v)] as const);
    return pairs.sort((a, b) => compareText(String(a[0]), String(b[0])));
  }
  if (value instanceof Set)
    return [...value].map(canonicalPlain).sort((a, b) => compareText(String(a), String(b)));
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(canonicalPlain);
  if (value !== null && typeof value === "object") {
    const out: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value))
      if (inner !== undefined) out[key] = canonicalPlain(inner);
    return out;
  }
  return value === undefined ? null : value;
};

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
