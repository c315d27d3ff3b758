/**
 * Steps a machine by its table (table.ts): what XState's `transition` does, for machines without
 * parallel regions, without building snapshots, sets and scopes at each step.
 *
 * W1  For every machine that has a table: value, context, status, output, commands and timers are those
 *     of `createActor` (test/runtime/logic/equivalence.ts, run on every hosted machine).
 * W2  Nothing is changed in place: a throw leaves the state as it was.
 * W3  A step that changes nothing gives the same state object back.
 */

import { MachineRefused } from "./hostable.ts";
import type { Command, Event, Logic, Step, TimerCommand } from "./logic.ts";
import type { Args, Edge, Operation, Place, StateValue, Table } from "./table.ts";

/** The state of a stepped machine: where it stands, and what it remembers. */
export class Standing {
  readonly value: StateValue;
  readonly context: unknown;
  readonly status: "active" | "done";
  readonly output: unknown;
  readonly place: Place;

  constructor(place: Place, context: unknown, status: "active" | "done", output: unknown) {
    this.value = place.value;
    this.context = context;
    this.status = status;
    this.output = output;
    this.place = place;
  }
}

/** The encoded form: plain data. `output` is absent where there is none. */
export interface PlainStanding {
  readonly value: StateValue;
  readonly context: unknown;
  readonly status: "active" | "done";
  readonly output?: unknown;
}

const NONE: readonly never[] = Object.freeze([]);

interface StepperOptions {
  readonly machine: string;
  readonly table: Table;
  readonly microstepsMax: number;
  /** The timer that a delayed raise arms; throws MachineRefused where it may not. */
  readonly armed: (timer: {
    readonly event: Event;
    readonly id: string | undefined;
    readonly delay: number;
  }) => TimerCommand;
}

/** One step under way. */
class Walk<C extends Command> implements Args {
  context: unknown;
  event: Event;
  place: Place;
  status: "active" | "done" = "active";
  output: unknown = undefined;
  /** Something was assigned, left or entered since the last look. */
  isChanged = false;
  commands: C[] | undefined = undefined;
  timers: TimerCommand[] | undefined = undefined;
  readonly #o: StepperOptions;
  #raised: Event[] | undefined = undefined;

  constructor(options: StepperOptions, place: Place, context: unknown, event: Event) {
    this.#o = options;
    this.place = place;
    this.context = context;
    this.event = event;
  }

  /** Part of what XState's `assign` is called with. */
  get spawn(): () => never {
    return () => {
      throw new MachineRefused(this.#o.machine, "it spawned an actor");
    };
  }

  start(): void {
    for (let depth = 0; depth < this.place.path.length; depth += 1) this.#enter(depth);
    this.#ending();
    this.#settle();
  }

  /** False: nothing takes the event. */
  take(): boolean {
    const edge = this.select(this.place.edges.get(this.event.type));
    if (edge === undefined && this.place.eventless.length === 0) return false;
    if (edge !== undefined) this.#along(edge);
    this.#settle();
    return true;
  }

  select(edges: readonly Edge[] | undefined): Edge | undefined {
    if (edges === undefined) return undefined;
    for (const edge of edges) {
      const { guard, guardParams } = edge;
      // XState lets any true-ish answer pass.
      if (guard === undefined || Boolean(guard(this, this.#params(guardParams)))) return edge;
    }
    return undefined;
  }

  /** Eventless edges and raised events until nothing is left. */
  #settle(): void {
    let mayMove = true;
    for (let count = 1; this.status === "active"; count += 1) {
      if (count > this.#o.microstepsMax)
        throw new Error(
          `machine "${this.#o.machine}" takes more than ${this.#o.microstepsMax} microsteps in one step`,
        );
      const edge = mayMove ? this.select(this.place.eventless) : undefined;
      if (edge !== undefined) {
        // One that changes nothing would be taken for ever.
        mayMove = this.#along(edge);
        continue;
      }
      const raised = this.#raised?.shift();
      if (raised === undefined) return;
      this.event = raised;
      const next = this.select(this.place.edges.get(raised.type));
      if (next !== undefined) this.#along(next);
      mayMove = true;
    }
  }

  /** True: something has changed. */
  #along({ operations, to }: Edge): boolean {
    const wasChanged = this.isChanged;
    this.isChanged = false;
    const { path } = this.place;
    if (to !== undefined)
      for (let depth = path.length - 1; depth > to.domain; depth -= 1)
        this.#perform(path[depth]!.exit);
    this.#perform(operations);
    if (to !== undefined) {
      if (to.place !== this.place) this.isChanged = true;
      this.place = to.place;
      for (let depth = to.domain + 1; depth < to.place.path.length; depth += 1) this.#enter(depth);
      this.#ending();
    }
    const hasChanged = this.isChanged;
    this.isChanged ||= wasChanged;
    return hasChanged;
  }

  #enter(depth: number): void {
    const { entry, final } = this.place.path[depth]!;
    this.#perform(entry);
    if (final === undefined) return;
    const output = valueOf(final.output, this);
    if (!this.place.isEnd) {
      (this.#raised ??= []).push(doneEvent(final.ends, output));
      return;
    }
    this.status = "done";
    this.isChanged = true;
    const cause = this.event;
    this.event = doneEvent(final.id, output);
    this.output = valueOf(this.#o.table.output, this);
    this.event = cause;
  }

  /** A machine that has ended leaves everything. */
  #ending(): void {
    if (this.status !== "done") return;
    const { path } = this.place;
    for (let depth = path.length - 1; depth >= 0; depth -= 1) this.#perform(path[depth]!.exit);
  }

  #params(params: unknown): unknown {
    return typeof params === "function" ? (params as (args: Args) => unknown)(this) : params;
  }

  #perform(operations: readonly Operation[]): void {
    for (const operation of operations) {
      const params = this.#params(operation.params);
      switch (operation.kind) {
        case "command": {
          const { type } = operation;
          const command = params === undefined ? { type } : { type, params };
          (this.commands ??= []).push(command as C);
          break;
        }
        case "assign":
          this.#assign(operation.update(this, params) as object);
          break;
        case "assign-each":
          this.#assignEach(operation.fields, params);
          break;
        case "raise": {
          const event = evaluated(operation.event, this, params) as Event;
          const delay = evaluated(operation.delay, this, params);
          if (typeof delay === "number")
            (this.timers ??= []).push(this.#o.armed({ event, id: operation.id, delay }));
          else (this.#raised ??= []).push(event);
          break;
        }
        case "cancel": {
          const id = evaluated(operation.id, this, params) as string;
          (this.timers ??= []).push({ kind: "disarm", id });
          break;
        }
        default:
          operation satisfies never;
      }
    }
  }

  /** A spread keeps the shape of the context; Object.assign into an empty object would lose it. */
  #assign(update: object): void {
    this.context = { ...(this.context as object), ...update };
    this.isChanged = true;
  }

  #assignEach(fields: readonly (readonly [string, unknown])[], params: unknown): void {
    const next = { ...(this.context as Record<string, unknown>) };
    for (const [key, value] of fields) next[key] = evaluated(value, this, params);
    this.context = next;
    this.isChanged = true;
  }
}

const doneEvent = (of: string, output: unknown): Event =>
  ({ type: `xstate.done.state.${of}`, output }) as Event;

const evaluated = (value: unknown, args: Args, params: unknown): unknown =>
  typeof value === "function"
    ? (value as (args: Args, params: unknown) => unknown)(args, params)
    : value;

const valueOf = (mapper: unknown, args: Args): unknown => evaluated(mapper, args, undefined);

const keyOf = (value: StateValue): string => JSON.stringify(value);

export const steppedBy = <C extends Command>(
  options: StepperOptions,
): Logic<unknown, Event, unknown, C> => {
  const { table, machine } = options;
  const places = new Map(table.places.map((place) => [keyOf(place.value), place]));
  const finish = (walk: Walk<C>, before: Standing | undefined): Step<unknown, C> => {
    const { place, context, status, output, commands = NONE, timers = NONE } = walk;
    const state =
      before !== undefined && !walk.isChanged
        ? before
        : new Standing(place, context, status, output);
    return { state, commands, timers };
  };
  return {
    initial: (input) => {
      const event = { type: "xstate.init", input } as Event;
      const walk = new Walk<C>(options, table.start, {}, event);
      const { context } = table;
      walk.context =
        typeof context === "function"
          ? { ...(context as (of: object) => object)({ input, spawn: walk.spawn }) }
          : { ...(context as object | undefined) };
      walk.start();
      return finish(walk, undefined);
    },
    step: (state, event) => {
      const standing = state as Standing;
      if (standing.status !== "active") return { state, commands: NONE, timers: NONE };
      const walk = new Walk<C>(options, standing.place, standing.context, event);
      if (!walk.take()) return { state, commands: NONE, timers: NONE };
      return finish(walk, standing);
    },
    done: (state) => (state as Standing).status !== "active",
    can: (state, event) => {
      const { status, place, context } = state as Standing;
      if (status !== "active") return false;
      const edge = new Walk(options, place, context, event).select(place.edges.get(event.type));
      return edge !== undefined && (edge.to !== undefined || edge.operations.length > 0);
    },
    encode: (state): PlainStanding => {
      const { value, context, status, output } = state as Standing;
      return output === undefined ? { value, context, status } : { value, context, status, output };
    },
    decode: (plain) => {
      const { value, context, status, output } = plain as PlainStanding;
      const place = places.get(keyOf(value));
      if (place === undefined) throw new Error(`machine "${machine}" has no state ${keyOf(value)}`);
      return new Standing(place, context, status, output);
    },
  };
};
