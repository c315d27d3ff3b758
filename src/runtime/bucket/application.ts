/**
 * What the runtime hosts: an application is a set of actor kinds and the rules that bring inputs to them.
 * The runtime knows buckets, actors, timers, questions between buckets and a log; it knows no needs and
 * no credits.
 */

import type { Rest } from "#envelope/resting-map.ts";
import type { Envelope, SignedEnvelope } from "#envelope/envelope.ts";
import type { Command, Event, Logic } from "../logic/logic.ts";

/** A refusal is a value; the application's catalogue gives its meaning. */
export interface Refused {
  readonly code: string;
  readonly detail?: string;
}

/** Something to tell an agent, derived from committed state. */
export interface Told {
  readonly to: string;
  readonly notice: object;
}

/**
 * Thrown by a handler: what the bucket was told contradicts what it knows, so that no input is to blame
 * and none may be set aside. The bucket halts, by name, with its log as it was before the turn.
 */
export class HaltBucket extends Error {
  override readonly name = "HaltBucket";
}

/** An envelope whose signature has been verified and whose body has been parsed. */
export interface Admitted {
  readonly signed: SignedEnvelope;
  readonly envelope: Envelope;
  readonly thread: string;
}

export interface Ask {
  readonly from: number;
  readonly number: number;
  /** Every ask of `from` below this number has been answered. */
  readonly floor: number;
  readonly payload: unknown;
}

export interface ActorRef<S = unknown> {
  readonly id: string;
  readonly state: S;
}

/** The read side of a bucket, given to admission and to notices. */
export interface BucketView {
  readonly bucket: number;
  /** Log time T, milliseconds. */
  readonly atMs: number;
  /** The position the next entry will get. */
  readonly position: number;
  /** The document pinned last by a given entry, or undefined. */
  readonly pinned: Pinned | undefined;
  state(actor: string): unknown;
  has(actor: string): boolean;
  /** A row of plain data that handlers keep beside the actors; undefined if there is none. */
  row(key: string): unknown;
  /** A row that was archived: read from its bytes, so a copy. */
  archived(key: string): unknown;
  /** Highest nonce seen from `sender` in `thread`; 0 if none. */
  nonce(sender: string, thread: string): number;
  /** Milliseconds of T until the actor's first timer; undefined if it has armed none. */
  earliestMs(actor: string): number | undefined;
  /** Every live actor of the kind. */
  actors(kind: string): Iterable<ActorRef>;
}

/** A document every bucket pins by revision and hash; `document` is resolved by the host. */
export interface Pinned {
  readonly revision: number;
  readonly hash: string;
  /** T of this bucket when it was pinned, less the age it had then. */
  readonly receivedAtMs: number;
  readonly document: unknown;
}

/** What a handler may do. All of it takes effect only when the turn is committed. */
export interface Turn extends BucketView {
  spawn(kind: string, id: string, input: unknown): void;
  tell(actor: string, event: Event): void;
  stop(actor: string): void;
  /** Log a derived entry; answers its position. */
  append(verb: string, thread: string, body: unknown): number;
  /** Ask another bucket, once, under (actor, name). Asking again while unanswered resends the same ask. */
  ask(actor: string, name: string, bucket: number, payload: unknown): void;
  resend(actor: string, name: string): void;
  /** Answer an ask of another bucket. */
  answer(to: { readonly from: number; readonly number: number }, payload: unknown): void;
  /** The receipt of this envelope waits until `acknowledge` or `refuse`. */
  owe(envelope: string): void;
  acknowledge(envelope: string, extra?: object): void;
  refuse(envelope: string, refused: Refused): void;
  notify(to: string, notice: object): void;
  /**
   * A byte string nobody could have known before. Replay reads it from the derived entry that logs it
   * next, by `logged`.
   */
  chance(
    label: Uint8Array,
    logged: (verb: string, body: unknown) => Uint8Array | undefined,
  ): Uint8Array;
  /** Create-once key in the consensus store; false if this bucket has created it before (P1). */
  decide(key: string): boolean;
  /** The key's need has ended: it may be deleted. */
  undecide(key: string): void;
  put(key: string, row: unknown): void;
  /** A row that is kept for ever and never changed: plain data, as the canonical codec takes it. */
  archive(key: string, row: unknown): void;
  drop(key: string): void;
  /** The thread's owner has ended: who spoke in it is remembered for a while, then forgotten. */
  leave(thread: string): void;
  /** Hand a document to every bucket's host, under its revision and hash, once committed. */
  publish(revision: number, hash: string, document: Uint8Array): void;
}

/** One kind of actor with its types erased; made by `defineActor`. */
export interface ActorKind {
  readonly kind: string;
  readonly logic: Logic<unknown, Event, unknown>;
  /** There are many of it, each small: one that nothing happens to rests as bytes. */
  readonly rests: boolean;
  /** The state as a snapshot keeps it; its logic reads that too. */
  readonly kept: (state: unknown) => unknown;
  /** Where it does not rest itself: how what is idle in it does. */
  readonly idle: (state: unknown) => readonly Rest[];
  /** Rows of a state that each snapshot writes anew; 0 where there are never many. */
  readonly weight: (state: unknown) => number;
  readonly perform: (command: Command, actor: ActorRef, turn: Turn) => void;
  readonly answered: (name: string, answer: unknown, actor: ActorRef, turn: Turn) => void;
  readonly notices: (actor: ActorRef, view: BucketView) => Iterable<Told>;
}

type Handlers<S, C extends Command> = {
  readonly [T in C["type"]]: (
    params: Extract<C, { type: T }> extends { params: infer P } ? P : undefined,
    actor: ActorRef<S>,
    turn: Turn,
  ) => void;
};

export interface ActorSpec<S, E extends Event, I, C extends Command> {
  readonly kind: string;
  readonly logic: Logic<S, E, I, C>;
  /** False: there is one, and what it holds is large. */
  readonly rests?: false;
  /** As a snapshot keeps the state, where that is not as `logic.encode` has it. `logic.decode` takes both. */
  readonly kept?: (state: S) => unknown;
  /** How what is idle in a large state rests: every ten seconds of T. It shows in memory alone. */
  readonly idle?: (state: S) => readonly Rest[];
  /** Rows that each snapshot writes anew, where there may be very many. */
  readonly weight?: (state: S) => number;
  /** A handler for each command of the machine; a missing one does not compile. */
  readonly handlers: Handlers<S, C>;
  /** The answer to an ask made under `name`. */
  readonly answered?: (name: string, answer: unknown, actor: ActorRef<S>, turn: Turn) => void;
  /** What this actor, in this state, wants agents to know: told again to an agent that comes back. */
  readonly notices?: (actor: ActorRef<S>, view: BucketView) => Iterable<Told>;
}

export const defineActor = <S, E extends Event, I, C extends Command>(
  spec: ActorSpec<S, E, I, C>,
): ActorKind => {
  const handlers = spec.handlers as Readonly<
    Record<string, (params: unknown, actor: ActorRef<S>, turn: Turn) => void>
  >;
  return {
    kind: spec.kind,
    logic: spec.logic as unknown as Logic<unknown, Event, unknown>,
    rests: spec.rests ?? true,
    kept: (state) => spec.kept?.(state as S) ?? spec.logic.encode(state as S),
    idle: (state) => spec.idle?.(state as S) ?? [],
    weight: (state) => spec.weight?.(state as S) ?? 0,
    perform: (command, actor, turn) => {
      const handler = handlers[command.type];
      if (handler === undefined) throw new Error(`${spec.kind} has no handler for ${command.type}`);
      handler(command.params, actor as ActorRef<S>, turn);
    },
    answered: (name, answer, actor, turn) => {
      if (spec.answered === undefined) throw new Error(`${spec.kind} asks nothing`);
      spec.answered(name, answer, actor as ActorRef<S>, turn);
    },
    notices: (actor, view) => spec.notices?.(actor as ActorRef<S>, view) ?? [],
  };
};

export interface Application {
  readonly kinds: Readonly<Record<string, ActorKind>>;
  /** Shape and meaning of a verb's body; throws nothing. */
  readonly parse: (
    verb: string,
    body: unknown,
  ) => { readonly body: unknown } | { readonly malformed: string };
  /** The bucket that owns a thread; undefined if the thread's name is none. */
  readonly route: (thread: string) => number | undefined;
  /**
   * What is wrong with an envelope whatever the state is: its place, its swarm. Told before its signature
   * is looked at, so by a transport error.
   */
  readonly door: (admitted: Admitted) => Refused | undefined;
  /** May this sender speak here at all? Told before replay protection looks, by a transport error. */
  readonly known: (admitted: Admitted, view: BucketView) => Refused | undefined;
  /** Every other rule, in order of precedence, on the state as it is. Presence in the log is the verdict. */
  readonly admit: (admitted: Admitted, view: BucketView, nowMs: number) => Refused | undefined;
  /**
   * What is logged of an envelope beside the verdict: behind it where it was let in, in its stead where it
   * was refused. `nowMs` is wall time.
   */
  readonly beside: (
    admitted: Admitted,
    refused: Refused | undefined,
    view: BucketView,
    nowMs: number,
  ) => { readonly verb: string; readonly body: unknown } | undefined;
  /** Bring a logged envelope to its actors. */
  readonly envelope: (admitted: Admitted, turn: Turn, position: number) => void;
  /** Has this ask been answered? Then it is not logged again. */
  readonly recall: (
    ask: Ask,
    view: BucketView,
  ) =>
    | { readonly kind: "new" }
    | { readonly kind: "stale" }
    | { readonly kind: "waiting" }
    | { readonly kind: "answered"; readonly answer: unknown };
  readonly ask: (ask: Ask, turn: Turn) => void;
  readonly given: (verb: string, body: unknown, turn: Turn, position: number) => void;
  /** How far an envelope's lamport number may be above the highest taken in its thread. */
  readonly lamportJumpMax: number;
  /** The same bytes will never be let in after this refusal, whatever changes meanwhile. */
  readonly isFinal: (code: string) => boolean;
  /** Buckets that pin no documents (they publish them). */
  readonly unpinned: (bucket: number) => boolean;
  /** Given entries that pin a document: (revision, hash, age). */
  readonly pins: (
    verb: string,
    body: unknown,
  ) => { readonly revision: number; readonly hash: string; readonly ageMs: number } | undefined;
  readonly openDocument: (bytes: Uint8Array) => unknown;
  /**
   * Is this agent named in the published document, or known whatever is published? `document` is undefined
   * before the first. What it says waits apart from what strangers say, and only it is told again what it is
   * asked.
   */
  readonly knows: (did: string, document: unknown) => boolean;
}
