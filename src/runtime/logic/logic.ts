/**
 * What the runtime hosts. A step is a pure function: no clock, no chance, no I/O; it returns what should
 * happen and makes nothing happen.
 */

/** A command: the name of an effect with its parameters. Performed by the actor's handler for it. */
export interface Command {
  readonly type: string;
  readonly params?: unknown;
}

/** Timers come out of a step as data. `id` is unique within the actor. */
export type TimerCommand =
  | { readonly kind: "arm"; readonly id: string; readonly afterMs: number; readonly event: Event }
  | { readonly kind: "disarm"; readonly id: string };

export interface Event {
  readonly type: string;
}

export interface Step<S, C extends Command = Command> {
  readonly state: S;
  readonly commands: readonly C[];
  readonly timers: readonly TimerCommand[];
}

/**
 * A hosted state machine. `step` may throw only on our own mistakes; the host then keeps the old state
 * and counts the input as poison. An event the state does not take returns the same state object, no
 * commands and no timers.
 */
export interface Logic<S, E extends Event, I, C extends Command = Command> {
  readonly initial: (input: I) => Step<S, C>;
  readonly step: (state: S, event: E) => Step<S, C>;
  /** Nothing will be taken any more. */
  readonly done: (state: S) => boolean;
  /** Would `event` change anything? */
  readonly can: (state: S, event: E) => boolean;
  /** State as plain data (no functions, no class instances but Map, Set, Uint8Array), and back. */
  readonly encode: (state: S) => unknown;
  readonly decode: (plain: unknown) => S;
}
