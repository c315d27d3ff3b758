/**
 * One turn of one bucket: inputs in, entries and held outputs out. Where the entries go, or with what
 * they are compared, is its source's affair: build.ts makes a record of them, replay-record.ts holds
 * them against one.
 *
 * T1  Timers due at T fire first, in (deadline, arm) order; then the inputs, one after another; what
 *     an input causes inside the bucket is worked off before the next input.
 * T2  Everything a turn does follows from the state, T, the inputs and `chance` (P2).
 * T3  A throw leaves the state unusable: whoever called discards it and builds it again from the log.
 */

import { mark } from "#ports/marks.ts";
import type { Event, Step } from "../logic/logic.ts";
import type { Entry } from "../log/record.ts";
import type { Application, Refused, Turn } from "./application.ts";
import { EQUIVOCATION, secondOf, type Equivocation } from "./equivocations.ts";
import type { TurnInput } from "./input.ts";
import { noOutputs, type Outputs } from "./outputs.ts";
import type { Actor } from "./actors.ts";
import type { BucketState } from "./state.ts";
import { BucketReader } from "./view.ts";

/** Events inside one bucket that one input may cause; more is a loop between actors, a bug. */
export const TELLS_PER_INPUT_MAX = 10_000;
/** Timers of one bucket that may fire in one turn (a timer may arm one that is due at once). */
export const TIMERS_PER_TURN_MAX = 100_000;

/** The given entry by which an input is set aside for ever; the body names it. */
export const DEAD_LETTER = "DEAD_LETTER";
export interface DeadLetter {
  readonly input: string;
  readonly reason: string;
}

/** Where a turn's entries come from: built as they happen, or read from a record. */
export interface Source {
  append(entry: Entry): void;
  chance(
    label: Uint8Array,
    logged: (verb: string, body: unknown) => Uint8Array | undefined,
  ): Uint8Array;
}

export class BucketTurn extends BucketReader implements Turn {
  readonly #app: Application;
  readonly #state: BucketState;
  readonly #source: Source;
  readonly #queue: { actor: string; event: Event }[] = [];
  readonly outputs: Outputs = noOutputs();
  readonly first: number;
  readonly record: number;
  count = 0;

  constructor(app: Application, state: BucketState, source: Source) {
    super(state);
    this.#app = app;
    this.#state = state;
    this.#source = source;
    this.first = state.size;
    this.record = state.records;
  }

  override get position(): number {
    return this.first + this.count;
  }

  /** What a turn reads is about to be used: it does not rest. */
  override state(actor: string): unknown {
    return this.#state.actors.get(actor)?.state;
  }

  override row(key: string): unknown {
    return this.#state.rows.get(key);
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
        this.#state.threads.admit(thread, envelope.from, envelope, {
          envelope: signed.id,
          position,
          record: this.record,
          state: { kind: "owed" },
        });
        this.#state.owed.set(signed.id, { thread, sender: envelope.from, nonce: envelope.nonce });
        this.#deferred?.delete(signed.id);
        this.#app.envelope(admitted, this, position);
        this.#work();
        if (this.#deferred?.has(signed.id) !== true) this.acknowledge(signed.id);
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
        if (input.verb === DEAD_LETTER) this.#state.bury((input.body as DeadLetter).input);
        if (input.verb === EQUIVOCATION) this.#equivocated(input.body as Equivocation);
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

  /** Throws where the log has taken no such first envelope: nobody is accused by a forged log. */
  #equivocated(pair: Equivocation): void {
    const { thread, from, nonce, first, position } = pair;
    const heard = this.#state.threads.hear(thread, from, nonce, secondOf(pair));
    const isPair =
      heard.kind === "equivocation" &&
      heard.first?.envelope === first &&
      heard.first.position === position;
    if (!isPair) throw new Error(`no equivocation of ${from} with ${first} at ${position}`);
    this.#state.equivocations.keep(pair);
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
  /** Envelopes that a handler will acknowledge later. */
  #deferred: Set<string> | undefined;

  spawn(kind: string, id: string, input: unknown): void {
    const actorKind = this.#app.kinds[kind];
    if (actorKind === undefined) throw new Error(`no actor kind ${kind}`);
    if (this.#state.actors.has(id)) throw new Error(`actor ${id} exists`);
    const step = actorKind.logic.initial(input);
    const actor: Actor = { kind: actorKind, id, state: step.state };
    this.#state.actors.add(actor);
    this.#perform(actor, step);
  }

  tell(actor: string, event: Event): void {
    this.#queue.push({ actor, event });
  }

  stop(id: string): void {
    if (!this.#state.actors.delete(id)) return;
    this.#state.timers.disarmAll(id);
    for (const [key, ask] of this.#state.asks) {
      if (ask.actor !== id) continue;
      this.#state.asks.delete(key);
      this.outputs.givenUp.push(ask.number);
    }
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
    this.outputs.asks.push(this.#state.outgoing(ask));
  }

  resend(actor: string, name: string): void {
    const ask = this.#state.asks.get(`${actor}|${name}`);
    if (ask === undefined) return;
    mark("ask.resent");
    this.outputs.asks.push(this.#state.outgoing(ask));
  }

  answer(to: { readonly from: number; readonly number: number }, payload: unknown): void {
    this.outputs.answers.push({ to: to.from, number: to.number, payload });
  }

  owe(envelope: string): void {
    (this.#deferred ??= new Set()).add(envelope);
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

  archive(key: string, row: unknown): void {
    this.#state.archived.add(key, row);
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
