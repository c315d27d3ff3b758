/**
 * Exploration of a machine as a pure function. Each transition of a copy gets a mark among its actions, so
 * a step tells which edges of the definition it took; timers are kept as a set of what is armed.
 */
import { createActor, setup } from "xstate";
import type {
  AnyActorScope,
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  ExecutableActionObject,
} from "xstate";
import { transitionsOf } from "#machines/render.ts";
import type { Command, Event } from "#runtime/logic/logic.ts";

export interface Armed {
  readonly event: Event;
  readonly afterMs: number;
}

export interface Place {
  readonly snapshot: AnyMachineSnapshot;
  /** By timer id, in the order of arming. */
  readonly timers: ReadonlyMap<string, Armed>;
}

export interface Taken extends Place {
  readonly commands: readonly Command[];
  readonly edges: readonly string[];
}

const MARK = "took ";

export const nodesOf = (machine: AnyStateMachine): AnyStateNode[] => {
  const below = (node: AnyStateNode): AnyStateNode[] => [
    node,
    ...Object.values(node.states).flatMap(below),
  ];
  return below(machine.root).slice(1);
};

/** `state event#n target` for each edge of the definition. */
export const edgesOf = (machine: AnyStateMachine): string[] =>
  nodesOf(machine).flatMap((node) =>
    transitionsOf(node).map((edge, index) => edgeName(node, edge.eventType, index)),
  );

const edgeName = (node: AnyStateNode, eventType: string, index: number): string =>
  `${node.id} ${eventType || "always"} #${index}`;

const marked = (machine: AnyStateMachine): AnyStateMachine => {
  const copy = machine.provide({});
  for (const node of nodesOf(copy)) {
    transitionsOf(node).forEach((edge, index) => {
      const mark = { type: MARK + edgeName(node, edge.eventType, index) };
      Object.assign(edge, { actions: [...edge.actions, mark] });
    });
  }
  return copy;
};

export const walkerOf = (machine: AnyStateMachine) => {
  const copy = marked(machine);
  let out: ExecutableActionObject[] = [];
  const self = createActor(setup({}).createMachine({}));
  const nothing = (): void => {};
  const scope: AnyActorScope = {
    self,
    id: "walked",
    sessionId: self.sessionId,
    system: self.system,
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    actionExecutor: (action) => void out.push(action),
  };
  const taken = (snapshot: AnyMachineSnapshot, before: Place["timers"]): Taken => {
    const timers = new Map(before);
    const commands: Command[] = [];
    const edges: string[] = [];
    for (const { type, params } of out) {
      if (type.startsWith(MARK)) edges.push(type.slice(MARK.length));
      else if (type === "xstate.cancel") timers.delete((params as { sendId: string }).sendId);
      else if (type === "xstate.raise") {
        const { id, event, delay } = params as { id: string; event: Event; delay: number };
        timers.delete(id);
        timers.set(id, { event, afterMs: delay });
      } else commands.push(params === undefined ? { type } : { type, params });
    }
    return { snapshot, timers: snapshot.status === "active" ? timers : new Map(), commands, edges };
  };
  const step = (place: Place, event: Event, timers: Place["timers"]): Taken => {
    out = [];
    if (place.snapshot.status !== "active") return { ...place, commands: [], edges: [] };
    return taken(copy.transition(place.snapshot, event, scope), timers);
  };
  return {
    start: (input: unknown): Taken => {
      out = [];
      return taken(copy.getInitialSnapshot(scope, input), new Map());
    },
    send: (place: Place, event: Event): Taken => step(place, event, place.timers),
    fire: (place: Place, id: string): Taken => {
      const armed = place.timers.get(id);
      if (armed === undefined) throw new Error(`timer ${id} is not armed`);
      const timers = new Map(place.timers);
      timers.delete(id);
      return step(place, armed.event, timers);
    },
  };
};

/** The timer that is due first; of equal ones the one armed first. */
export const nextTimer = ({ timers }: Place): string | undefined => {
  let first: [string, Armed] | undefined;
  for (const timer of timers)
    if (first === undefined || timer[1].afterMs < first[1].afterMs) first = timer;
  return first?.[0];
};

/** Names of the active states, inner ones with their parents. */
export const statesIn = ({ snapshot }: Place): string[] =>
  (snapshot._nodes as AnyStateNode[]).map((node) => node.id);

const asText = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? `${value}n` : value;

export interface Explored {
  readonly states: ReadonlySet<string>;
  readonly edges: ReadonlySet<string>;
  readonly places: number;
}

/** Breadth first over all that `events` and the timers lead to, at most `placesMax` places. */
export const explore = <E extends Event>(
  machine: AnyStateMachine,
  inputs: readonly unknown[],
  events: readonly E[],
  placesMax: number,
  check: (taken: Taken) => void = () => {},
): Explored => {
  const walker = walkerOf(machine);
  const states = new Set<string>();
  const edges = new Set<string>();
  const seen = new Set<string>();
  const queue: Place[] = [];
  const visit = (taken: Taken): void => {
    for (const edge of taken.edges) edges.add(edge);
    const { value, context } = taken.snapshot;
    const key = JSON.stringify([value, context, [...taken.timers.keys()]], asText);
    if (seen.has(key) || seen.size >= placesMax) return;
    seen.add(key);
    for (const state of statesIn(taken)) states.add(state);
    check(taken);
    queue.push(taken);
  };
  for (const input of inputs) visit(walker.start(input));
  for (let place = queue.shift(); place !== undefined; place = queue.shift()) {
    for (const event of events) visit(walker.send(place, event));
    for (const id of place.timers.keys()) visit(walker.fire(place, id));
  }
  return { states, edges, places: seen.size };
};
