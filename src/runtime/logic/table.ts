/**
 * A machine's definition as tables: for each place it can be in, which edges an event may take from
 * there, what each edge leaves, does and enters. Made once, when the machine is loaded; stepper.ts walks
 * it. Reads XState's resolved definition and calls nothing of it.
 *
 * Not every machine has one: `tableOf` answers undefined for parallel regions, combined guards, enqueued
 * actions, wildcards, several targets and actions of initial transitions. Those are stepped by XState.
 */

/** As XState writes it: the leaf's key, under the keys of the states it lies in. */
export type StateValue = string | { readonly [key: string]: StateValue };

/** What guards, assigns, params and delays are called with; `spawn` and the like throw. */
export interface Args {
  context: unknown;
  event: { readonly type: string };
}

type Expression = (args: Args, params?: unknown) => unknown;

/** Params of an action or a guard: fixed, or computed where it stands; undefined: none. */
type Params = Expression | object | undefined;

export type Operation =
  | { readonly kind: "command"; readonly type: string; readonly params: Params }
  | { readonly kind: "assign"; readonly update: Expression; readonly params: Params }
  | {
      readonly kind: "assign-each";
      readonly fields: readonly (readonly [key: string, value: unknown])[];
      readonly params: Params;
    }
  | {
      readonly kind: "raise";
      readonly event: unknown;
      readonly id: string | undefined;
      readonly delay: unknown;
      readonly params: Params;
    }
  | { readonly kind: "cancel"; readonly id: unknown; readonly params: Params };

export interface Region {
  readonly entry: readonly Operation[];
  readonly exit: readonly Operation[];
  /** Set on a final state: its id, that of the state it ends, and the output. */
  readonly final:
    | { readonly id: string; readonly ends: string; readonly output: unknown }
    | undefined;
}

/** A leaf of the machine, which stands for the whole configuration: nothing is parallel. */
export interface Place {
  readonly value: StateValue;
  /** From the root to the leaf. */
  readonly path: readonly Region[];
  /** By event, the leaf's own edges first, then its ancestors'. */
  readonly edges: ReadonlyMap<string, readonly Edge[]>;
  readonly eventless: readonly Edge[];
  /** Reaching it ends the machine. */
  readonly isEnd: boolean;
}

export interface Edge {
  readonly guard: Expression | undefined;
  readonly guardParams: Params;
  readonly operations: readonly Operation[];
  /** Regions deeper than `domain` are left, and those of the target's path entered. */
  readonly to: { readonly place: Place; readonly domain: number } | undefined;
}

export interface Table {
  readonly start: Place;
  readonly places: readonly Place[];
  /** A function of the input, or the context itself. */
  readonly context: unknown;
  readonly output: unknown;
}

/* --------------------------------------------- the definition, as XState has resolved it */

type Named = string | { readonly type: string; readonly params?: Params };
type BuiltIn = Expression & {
  readonly type?: string;
  readonly resolve?: unknown;
  readonly check?: unknown;
  readonly assignment?: unknown;
  readonly event?: unknown;
  readonly id?: unknown;
  readonly delay?: unknown;
  readonly sendId?: unknown;
};

interface Definition {
  readonly target?: readonly StateDefinition[];
  readonly source: StateDefinition;
  readonly reenter: boolean;
  readonly guard?: Named | BuiltIn;
  readonly actions: readonly (Named | BuiltIn)[];
}

interface StateDefinition {
  readonly id: string;
  readonly key: string;
  readonly type: string;
  readonly parent?: StateDefinition;
  readonly states: Readonly<Record<string, StateDefinition>>;
  readonly entry: readonly (Named | BuiltIn)[];
  readonly exit: readonly (Named | BuiltIn)[];
  readonly invoke: readonly unknown[];
  readonly initial?: {
    readonly target: readonly StateDefinition[];
    readonly actions: readonly unknown[];
  };
  readonly always?: readonly Definition[];
  readonly transitions: ReadonlyMap<string, readonly Definition[]>;
  readonly output?: unknown;
}

export interface MachineDefinition {
  readonly root: unknown;
  readonly config: { readonly context?: unknown };
  readonly implementations: {
    readonly actions: Readonly<Record<string, unknown>>;
    readonly guards: Readonly<Record<string, unknown>>;
    readonly delays: Readonly<Record<string, unknown>>;
  };
}

/** Says that a definition has no table; never leaves this file. */
class NoTable extends Error {}

/** Undefined: the machine uses what a table does not hold. */
export const tableOf = (machine: MachineDefinition): Table | undefined => {
  try {
    return new Compiler(machine).table();
  } catch (error) {
    if (error instanceof NoTable) return undefined;
    throw error;
  }
};

const ancestry = (state: StateDefinition): readonly StateDefinition[] =>
  state.parent === undefined ? [state] : [...ancestry(state.parent), state];

const isBelow = (state: StateDefinition, above: StateDefinition): boolean =>
  state !== above && ancestry(state).includes(above);

const leafOf = (state: StateDefinition): StateDefinition => {
  if (state.type === "atomic" || state.type === "final") return state;
  if (state.type !== "compound" || state.initial === undefined || state.initial.actions.length > 0)
    throw new NoTable();
  return leafOf(only(state.initial.target));
};

const only = <T>(list: readonly T[]): T => {
  const [one, ...others] = list;
  if (one === undefined || others.length > 0) throw new NoTable();
  return one;
};

const valueOf = (path: readonly StateDefinition[]): StateValue => {
  const [key, ...below] = path.slice(1).map((state) => state.key);
  if (key === undefined) return {};
  return below.length === 0 ? key : { [key]: valueOf(path.slice(1)) };
};

class Compiler {
  readonly #machine: MachineDefinition;
  readonly #root: StateDefinition;
  readonly #regions = new Map<StateDefinition, Region>();
  readonly #places = new Map<StateDefinition, Place>();

  constructor(machine: MachineDefinition) {
    this.#machine = machine;
    this.#root = machine.root as StateDefinition;
  }

  table(): Table {
    const start = this.#place(leafOf(this.#root));
    const visit = (state: StateDefinition): void => {
      if (state.type === "parallel" || state.type === "history") throw new NoTable();
      if (state.type !== "compound") this.#place(state);
      Object.values(state.states).forEach(visit);
    };
    visit(this.#root);
    const { context } = this.#machine.config;
    return { start, places: [...this.#places.values()], context, output: this.#root.output };
  }

  #place(leaf: StateDefinition): Place {
    const known = this.#places.get(leaf);
    if (known !== undefined) return known;
    const path = ancestry(leaf);
    const edges = new Map<string, Edge[]>();
    const eventless: Edge[] = [];
    const place: Place = {
      value: valueOf(path),
      path: path.map((state) => this.#region(state)),
      edges,
      eventless,
      isEnd: leaf.type === "final" && leaf.parent === this.#root,
    };
    // Before its edges are made: they may lead back here.
    this.#places.set(leaf, place);
    for (const state of path.toReversed()) {
      for (const [event, definitions] of state.transitions) {
        if (event.includes("*")) throw new NoTable();
        const before = edges.get(event) ?? [];
        edges.set(event, [...before, ...definitions.map((one) => this.#edge(one))]);
      }
      eventless.push(...(state.always ?? []).map((one) => this.#edge(one)));
    }
    return place;
  }

  #region(state: StateDefinition): Region {
    const known = this.#regions.get(state);
    if (known !== undefined) return known;
    if (state.invoke.length > 0) throw new NoTable();
    const ends = state.type === "final" ? state.parent?.id : undefined;
    const region: Region = {
      entry: state.entry.map((action) => this.#operation(action)),
      exit: state.exit.map((action) => this.#operation(action)),
      final: ends === undefined ? undefined : { id: state.id, ends, output: state.output },
    };
    this.#regions.set(state, region);
    return region;
  }

  #edge(of: Definition): Edge {
    const { guard, params } = this.#guard(of.guard);
    return {
      guard,
      guardParams: params,
      operations: of.actions.map((action) => this.#operation(action)),
      to:
        of.target === undefined || of.target.length === 0
          ? undefined
          : { place: this.#place(leafOf(only(of.target))), domain: domainOf(of, only(of.target)) },
    };
  }

  #guard(guard: Named | BuiltIn | undefined): { guard: Expression | undefined; params: Params } {
    if (guard === undefined) return { guard: undefined, params: undefined };
    const { body, params } = resolved(guard, this.#machine.implementations.guards);
    if (typeof body !== "function" || "check" in body) throw new NoTable();
    return { guard: body as Expression, params };
  }

  #operation(action: Named | BuiltIn): Operation {
    const { body, params, name } = resolved(action, this.#machine.implementations.actions);
    const built = body as BuiltIn | undefined;
    if (typeof built !== "function" || built.resolve === undefined)
      return { kind: "command", type: name, params };
    const { type, assignment, event, delay, id, sendId } = built;
    switch (type) {
      case "xstate.assign":
        return typeof assignment === "function"
          ? { kind: "assign", update: assignment as Expression, params }
          : { kind: "assign-each", fields: Object.entries(assignment as object), params };
      case "xstate.raise": {
        const named = this.#machine.implementations.delays;
        const after = typeof delay === "string" ? named[delay] : delay;
        return { kind: "raise", event, id: id as string | undefined, delay: after, params };
      }
      case "xstate.cancel":
        return { kind: "cancel", id: sendId, params };
      default:
        throw new NoTable();
    }
  }
}

const resolved = (
  named: Named | BuiltIn,
  bodies: Readonly<Record<string, unknown>>,
): { readonly name: string; readonly body: unknown; readonly params: Params } => {
  if (typeof named === "function") return { name: "", body: named, params: undefined };
  if (typeof named === "string") return { name: named, body: bodies[named], params: undefined };
  return { name: named.type, body: bodies[named.type], params: named.params };
};

/**
 * Depth of the state inside which the edge happens (SCXML: transition domain): its source where the
 * target lies in it and it is not to be re-entered, else the nearest that holds both.
 */
const domainOf = ({ source, reenter }: Definition, target: StateDefinition): number => {
  const depthOf = (state: StateDefinition): number => ancestry(state).length - 1;
  if (!reenter && (target === source || isBelow(target, source))) return depthOf(source);
  const common = ancestry(target)
    .toReversed()
    .find((state) => isBelow(target, state) && isBelow(source, state));
  // The root itself would be left.
  if (common === undefined) throw new NoTable();
  return depthOf(common);
};
