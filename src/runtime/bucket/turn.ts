/**
 * One turn of one bucket: inputs in, a record and held outputs out; or, in replay, a record in and the
 * same changes of state.
 *
 * T1  Timers due at T fire first, in (deadline, arm) order; then the inputs, one after another; what
 *     an input causes inside the bucket is worked off before the next input.
 * T2  Replay appends nothing: each derived entry must equal, byte for byte, the one the log has next (P2).
 * T3  A throw leaves the state unusable: whoever called discards it and builds it again from the log.
 */

import { encode } from "#envelope/canonical.ts";
import { leafHash } from "#envelope/merkle.ts";
import type { Event, Step } from "../logic/logic.ts";
import {
  encodeEntry,
  encodeRecord,
  hashRecord,
  type Entry,
  type LogRecord,
} from "../log/record.ts";
import type {
  ActorRef,
  Admitted,
  Application,
  BucketView,
  Pinned,
  Refused,
  Turn,
} from "./application.ts";
import { noOutputs, type Outputs } from "./outputs.ts";
import type { Actor, BucketState } from "./state.ts";

/** Events inside one bucket that one input may cause; more is a loop between actors, a bug. */
export const TELLS_PER_INPUT_MAX = 10_000;
/** Timers of one bucket that may fire in one turn (a timer may arm one that is due at once). */
export const TIMERS_PER_TURN_MAX = 100_000;

export type TurnInput =
  | { readonly kind: "envelope"; readonly admitted: Admitted }
  | {
      readonly kind: "ask";
      readonly from: number;
      readonly number: number;
      readonly floor: number;
      readonly payload: unknown;
    }
  | {
      readonly kind: "answer";
      readonly from: number;
      readonly number: number;
      readonly payload: unknown;
    }
  | { readonly kind: "given"; readonly verb: string; readonly body: unknown };

export class ReplayDiverged extends Error {
  readonly code = "REPLAY_DIVERGED";
  readonly bucket: number;
  readonly position: number;
  constructor(bucket: number, position: number, why: string) {
    super(`bucket ${bucket}, position ${position}: ${why}`);
    this.bucket = bucket;
    this.position = position;
  }
}

/** Where a turn's entries come from: built as they happen, or read from a record. */
interface Source {
  append(entry: Entry): void;
  chance(
    label: Uint8Array,
    logged: (verb: string, body: unknown) => Uint8Array | undefined,
  ): Uint8Array;
}

export class BucketTurn implements Turn {
  readonly #app: Application;
  readonly #state: BucketState;
  readonly #source: Source;
  readonly #queue: { actor: string; event: Event }[] = [];
  readonly outputs: Outputs = noOutputs();
  readonly first: number;
  readonly record: number;
  count = 0;

  constructor(app: Application, state: BucketState, source: Source) {
    this.#app = app;
    this.#state = state;
    this.#source = source;
    this.first = state.size;
    this.record = state.records;
  }

  /* --------------------------------------------------------------- the read side */
  get bucket(): number {
    return this.#state.bucket;
  }
  get atMs(): number {
    return this.#state.atMs;
  }
  get position(): number {
    return this.first + this.count;
  }
  get pinned(): Pinned | undefined {
    return this.#state.pinned;
  }
  state(actor: string): unknown {
    return this.#state.actors.get(actor)?.state;
  }
  has(actor: string): boolean {
    return this.#state.actors.has(actor);
  }
  row(key: string): unknown {
    return this.#state.rows.get(key);
  }
  nonce(sender: string, thread: string): number {
    return this.#state.threads.highest(thread, sender);
  }
  earliestMs(actor: string): number | undefined {
    const dueMs = this.#state.timers.earliest(actor);
    return dueMs === undefined ? undefined : Math.max(0, dueMs - this.atMs);
  }
  *actors(kind: string): Iterable<ActorRef> {
    for (const actor of this.#state.actors.values()) if (actor.kind.kind === kind) yield actor;
  }

  /* ----------------------------------------------------------------- the turn itself */
  fireTimers(): number {
    for (let fired = 0; ; fired += 1) {
      const timer = this.#state.timers.due(this.atMs);
      if (timer === undefined) return fired;
      if (fired >= TIMERS_PER_TURN_MAX) throw new Error("timers re-arm themselves without end");
      this.tell(timer.actor, timer.event);
      this.#work();
    }
  }

  /** Log and apply one input that admission has let in. */
  take(input: TurnInput): void {
    const position = this.position;
    switch (input.kind) {
      case "envelope": {
        const { admitted } = input;
        const { envelope, signed, thread } = admitted;
        this.#log({ kind: "envelope", signed });
        this.#state.threads.admit(thread, envelope.from, envelope.nonce, {
          envelope: signed.id,
          position,
          record: this.record,
          state: { kind: "owed" },
        });
        this.#state.owed.set(signed.id, { thread, sender: envelope.from, nonce: envelope.nonce });
        this.#deferred.delete(signed.id);
        this.#app.envelope(admitted, this, position);
        this.#work();
        if (!this.#deferred.has(signed.id)) this.acknowledge(signed.id);
        break;
      }
      case "ask": {
        const { from, number, floor, payload } = input;
        this.#log({ kind: "message", role: "ask", from, number, floor, payload });
        this.#app.ask({ from, number, floor, payload }, this);
        this.#work();
        break;
      }
      case "answer":
        this.#log({
          kind: "message",
          role: "answer",
          from: input.from,
          number: input.number,
          floor: 0,
          payload: input.payload,
        });
        this.#answered(input.number, input.payload);
        this.#work();
        break;
      case "given": {
        this.#log({ kind: "given", verb: input.verb, body: input.body });
        const pin = this.#app.pins(input.verb, input.body);
        if (pin !== undefined)
          this.#state.pin = {
            revision: pin.revision,
            hash: pin.hash,
            receivedAtMs: this.atMs - pin.ageMs,
          };
        this.#app.given(input.verb, input.body, this, position);
        this.#work();
        break;
      }
      default:
        input satisfies never;
    }
  }

  #log(entry: Entry): void {
    this.#source.append(entry);
    this.count += 1;
  }

  #answered(number: number, payload: unknown): void {
    for (const [key, ask] of this.#state.asks) {
      if (ask.number !== number) continue;
      this.#state.asks.delete(key);
      const actor = this.#state.actors.get(ask.actor);
      if (actor !== undefined) actor.kind.answered(ask.name, payload, actor, this);
      return;
    }
    throw new Error(`an answer to ask ${number}, which is not open, was logged`);
  }

  #work(): void {
    let handled = 0;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      handled += 1;
      if (handled > TELLS_PER_INPUT_MAX) throw new Error("actors tell each other without end");
      const actor = this.#state.actors.get(next.actor);
      if (actor === undefined) continue;
      this.#perform(actor, actor.kind.logic.step(actor.state, next.event));
    }
  }

  #perform(actor: Actor, step: Step<unknown>): void {
    actor.state = step.state;
    for (const timer of step.timers) {
      if (timer.kind === "arm") {
        this.#state.timers.arm({
          actor: actor.id,
          id: timer.id,
          atMs: this.atMs + timer.afterMs,
          event: timer.event,
        });
      } else this.#state.timers.disarm(actor.id, timer.id);
    }
    for (const command of step.commands) actor.kind.perform(command, actor, this);
    if (actor.kind.logic.done(actor.state)) this.stop(actor.id);
  }

  /* -------------------------------------------------------------- what handlers may do */
  readonly #deferred = new Set<string>();

  spawn(kind: string, id: string, input: unknown): void {
    const actorKind = this.#app.kinds[kind];
    if (actorKind === undefined) throw new Error(`no actor kind ${kind}`);
    if (this.#state.actors.has(id)) throw new Error(`actor ${id} exists`);
    const step = actorKind.logic.initial(input);
    const actor: Actor = { kind: actorKind, id, state: step.state };
    this.#state.actors.set(id, actor);
    this.#perform(actor, step);
  }

  tell(actor: string, event: Event): void {
    this.#queue.push({ actor, event });
  }

  stop(id: string): void {
    if (!this.#state.actors.delete(id)) return;
    this.#state.timers.disarmAll(id);
    for (const [key, ask] of this.#state.asks) if (ask.actor === id) this.#state.asks.delete(key);
  }

  append(verb: string, thread: string, body: unknown): number {
    const position = this.position;
    this.#log({ kind: "derived", verb, thread, body });
    return position;
  }

  ask(actor: string, name: string, bucket: number, payload: unknown): void {
    const key = `${actor}|${name}`;
    let ask = this.#state.asks.get(key);
    if (ask === undefined) {
      ask = { actor, name, to: bucket, number: this.#state.asked, payload };
      this.#state.asked += 1;
      this.#state.asks.set(key, ask);
    }
    this.outputs.asks.push({
      to: ask.to,
      number: ask.number,
      floor: this.#state.floor,
      payload: ask.payload,
    });
  }

  resend(actor: string, name: string): void {
    const ask = this.#state.asks.get(`${actor}|${name}`);
    if (ask !== undefined)
      this.outputs.asks.push({
        to: ask.to,
        number: ask.number,
        floor: this.#state.floor,
        payload: ask.payload,
      });
  }

  answer(to: { readonly from: number; readonly number: number }, payload: unknown): void {
    this.outputs.answers.push({ to: to.from, number: to.number, payload });
  }

  owe(envelope: string): void {
    this.#deferred.add(envelope);
  }

  acknowledge(envelope: string, extra?: object): void {
    const owed = this.#state.owed.get(envelope);
    if (owed === undefined) return;
    this.#state.owed.delete(envelope);
    const answer =
      extra === undefined
        ? { kind: "acknowledged" as const }
        : { kind: "acknowledged" as const, extra };
    const row = this.#state.threads.answer(owed.thread, owed.sender, owed.nonce, answer);
    if (row === undefined) return;
    this.outputs.receipts.push({
      to: owed.sender,
      envelope,
      answer: {
        kind: "ack",
        position: row.position,
        record: row.record,
        ...(extra === undefined ? {} : { extra }),
      },
    });
  }

  refuse(envelope: string, refused: Refused): void {
    const owed = this.#state.owed.get(envelope);
    if (owed === undefined) return;
    this.#state.owed.delete(envelope);
    this.#state.threads.answer(owed.thread, owed.sender, owed.nonce, {
      kind: "refused",
      ...refused,
    });
    this.outputs.receipts.push({ to: owed.sender, envelope, answer: { kind: "nack", ...refused } });
  }

  notify(to: string, notice: object): void {
    this.outputs.told.push({ to, notice });
  }

  chance(
    label: Uint8Array,
    logged: (verb: string, body: unknown) => Uint8Array | undefined,
  ): Uint8Array {
    return this.#source.chance(label, logged);
  }

  decide(key: string): boolean {
    if (this.#state.decided.has(key)) return false;
    this.#state.decided.add(key);
    this.outputs.decides.push(key);
    return true;
  }

  undecide(key: string): void {
    if (this.#state.decided.delete(key)) this.outputs.undecides.push(key);
  }

  put(key: string, row: unknown): void {
    this.#state.rows.set(key, row);
  }

  drop(key: string): void {
    this.#state.rows.delete(key);
  }

  leave(thread: string): void {
    this.#state.threads.leave(thread, this.atMs);
  }

  publish(revision: number, hash: string, document: Uint8Array): void {
    this.outputs.publications.push({ revision, hash, document });
  }
}

/** A record that was built and waits for its commit. */
export interface Built {
  readonly bucket: number;
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  readonly parent: Uint8Array;
  readonly records: number;
  readonly size: number;
  readonly atMs: number;
  readonly outputs: Outputs;
}

export interface BuildOptions {
  /** Log time T of this batch; not below the state's. */
  readonly atMs: number;
  readonly epoch: { readonly generation: number; readonly revision: number };
  /** A keyed hash of the epoch's secret. */
  readonly chance: (label: Uint8Array) => Uint8Array;
  /** Lets an input in, answers it outside the log, or drops it: on the state as it is at its turn. */
  readonly admit: (input: TurnInput, view: BucketView, outputs: Outputs) => boolean;
  /** What must be fetched for a pin before the turn's handlers read it. */
  readonly document: (hash: string) => unknown;
}

/** Build one record; undefined where nothing was to be logged (`outputs` may still hold refusals). */
export const buildTurn = (
  app: Application,
  state: BucketState,
  inputs: readonly TurnInput[],
  options: BuildOptions,
): { readonly built: Built | undefined; readonly outputs: Outputs } => {
  const entries: Entry[] = [];
  state.atMs = Math.max(state.atMs, options.atMs);
  state.threads.forget(state.atMs);
  const turn = new BucketTurn(app, state, {
    append: (entry) => void entries.push(entry),
    chance: options.chance,
  });
  const fired = turn.fireTimers();
  for (const input of inputs) {
    if (!options.admit(input, turn, turn.outputs)) continue;
    if (input.kind === "given") {
      const pin = app.pins(input.verb, input.body);
      if (pin !== undefined) state.pinnedDocument = options.document(pin.hash);
    }
    turn.take(input);
  }
  if (entries.length === 0) {
    if (fired === 0) return { built: undefined, outputs: turn.outputs };
    turn.take({ kind: "given", verb: "TICK", body: {} });
  }
  const parent = state.hash;
  const record: LogRecord = {
    bucket: state.bucket,
    index: state.records,
    first: turn.first,
    parent,
    generation: options.epoch.generation,
    revision: options.epoch.revision,
    atMs: state.atMs,
    entries,
  };
  const bytes = encodeRecord(record);
  const hash = hashRecord(bytes);
  advance(state, record, hash);
  return {
    built: {
      bucket: state.bucket,
      bytes,
      hash,
      parent,
      records: state.records,
      size: state.size,
      atMs: state.atMs,
      outputs: turn.outputs,
    },
    outputs: turn.outputs,
  };
};

const advance = (state: BucketState, record: LogRecord, hash: Uint8Array): void => {
  state.records += 1;
  state.size += record.entries.length;
  state.hash = hash;
  state.tree.append(leafHash(hash));
  state.generation = record.generation;
  state.revision = record.revision;
};

export interface ReplayOptions {
  readonly document: (hash: string) => unknown;
  /** Decodes an envelope entry as admission did; its signature is not checked again. */
  readonly admitted: (entry: Extract<Entry, { kind: "envelope" }>) => Admitted;
}

/** Apply a record of the log. Throws ReplayDiverged where the log is not what these inputs lead to. */
export const replayRecord = (
  app: Application,
  state: BucketState,
  record: LogRecord,
  hash: Uint8Array,
  options: ReplayOptions,
): Outputs => {
  const diverged = (position: number, why: string): ReplayDiverged =>
    new ReplayDiverged(state.bucket, position, why);
  if (
    record.bucket !== state.bucket ||
    record.index !== state.records ||
    record.first !== state.size
  )
    throw diverged(record.first, "the record does not continue the log");
  if (!equalBytes(record.parent, state.hash))
    throw diverged(record.first, "the record names another parent");
  if (record.atMs < state.atMs) throw diverged(record.first, "log time runs backwards");
  if (record.entries.length === 0) throw diverged(record.first, "the record is empty");
  if (
    record.generation < state.generation ||
    (record.generation === state.generation && record.revision < state.revision)
  )
    throw diverged(record.first, "the record's epoch is older than the log's");
  let cursor = 0;
  state.atMs = record.atMs;
  state.threads.forget(state.atMs);
  let taking = false;
  const turn = new BucketTurn(app, state, {
    append: (entry) => {
      if (taking) {
        taking = false;
        return;
      }
      const logged = record.entries[cursor];
      const position = record.first + cursor;
      cursor += 1;
      if (logged === undefined)
        throw diverged(position, `${nameOf(entry)} follows, but the record ends`);
      if (logged.kind !== "derived" || !equalBytes(encodeEntry(logged), encodeEntry(entry)))
        throw diverged(
          position,
          `${nameOf(entry)} follows from the log, which has ${nameOf(logged)}`,
        );
    },
    chance: (_label, logged) => {
      for (const entry of record.entries.slice(cursor)) {
        if (entry.kind !== "derived") continue;
        const value = logged(entry.verb, entry.body);
        if (value !== undefined) return value;
      }
      throw diverged(record.first + cursor, "the log lacks the entry that holds a drawn secret");
    },
  });
  turn.fireTimers();
  while (cursor < record.entries.length) {
    const entry = record.entries[cursor] as Entry;
    const position = record.first + cursor;
    cursor += 1;
    taking = true;
    turn.take(inputOf(entry, position, options, diverged, state, app));
  }
  advance(state, record, hash);
  return turn.outputs;
};

const inputOf = (
  entry: Entry,
  position: number,
  options: ReplayOptions,
  diverged: (position: number, why: string) => ReplayDiverged,
  state: BucketState,
  app: Application,
): TurnInput => {
  switch (entry.kind) {
    case "envelope":
      return { kind: "envelope", admitted: options.admitted(entry) };
    case "message": {
      const { from, number, floor, payload } = entry;
      if (entry.role === "ask") return { kind: "ask", from, number, floor, payload };
      return { kind: "answer", from, number, payload };
    }
    case "given": {
      const pin = app.pins(entry.verb, entry.body);
      if (pin !== undefined) state.pinnedDocument = options.document(pin.hash);
      return { kind: "given", verb: entry.verb, body: entry.body };
    }
    case "derived":
      throw diverged(position, `the log has ${nameOf(entry)}, which does not follow from it`);
    default:
      return entry satisfies never;
  }
};

const nameOf = (entry: Entry): string =>
  entry.kind === "given" || entry.kind === "derived" ? entry.verb : `an ${entry.kind}`;

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
};

/** SHA-256 over DAG-CBOR of the sorted (bucket, actor, canonical state) of all buckets. */
export const canonicalBytes = (buckets: Iterable<BucketState>): Uint8Array => {
  const rows: unknown[] = [];
  for (const state of [...buckets].sort((a, b) => a.bucket - b.bucket))
    for (const [actor, digest] of state.canonical()) rows.push([state.bucket, actor, digest]);
  return encode(rows);
};
