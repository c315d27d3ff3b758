/**
 * The one bridge to XState: hosts a machine as a pure step function, by its table (stepper.ts), or by
 * XState's own `transition` where it has none.
 *
 * Owns one inert scope per machine of the second kind, through which XState hands back its actions. Does
 * not own timers (runtime/timers) or the performance of commands (actors).
 *
 * X1  A step builds no actor, reads no clock and performs nothing; what it wants done it returns.
 * X2  The state is a function of (value, context, status, output): `decode(encode(s))` steps as `s`
 *     does, whatever order the parallel regions were entered in.
 * X3  A throwing guard or assign leaves `step` as a throw and has no effect.
 * X4  A machine that would talk to other actors, keep history or act inline is refused at load.
 *
 * Two corners where `createActor` differs, both on purpose. Arming a timer id that is armed already
 * replaces it; there both would fire. Eventless transitions that become enabled at once in several
 * regions are taken in document order (X2); there the order depends on which region moved last.
 */
import { createActor, setup } from "xstate";
import type {
  AnyActorScope,
  AnyMachineSnapshot,
  AnyStateMachine,
  EventFromLogic,
  ExecutableActionObject,
  InputFrom,
  SnapshotFrom,
  StateValue,
} from "xstate";
import type { Command, Event, Logic, Step, TimerCommand } from "./logic.ts";
import { MachineRefused, assertHostable, hasParallel } from "./hostable.ts";
import { steppedBy } from "./stepper.ts";
import { tableOf } from "./table.ts";

/**
 * Microsteps (eventless transitions and raised events) of one step. A machine of this project needs
 * fewer than ten; the bound turns an endless `always` loop into a throw instead of a hung thread.
 */
export const MICROSTEPS_MAX = 1_000;

/** The encoded form of a state: plain data, the same whatever path led to the state. */
interface PlainState {
  readonly value: StateValue;
  readonly context: unknown;
  readonly status: "active" | "done";
  readonly output?: unknown;
}

/** The parts of a snapshot that the bridge reads. */
interface Snap {
  readonly value: StateValue;
  readonly context: unknown;
  readonly status: "active" | "done" | "error" | "stopped";
  readonly output: unknown;
  readonly error: unknown;
  readonly children: Readonly<Record<string, unknown>>;
  readonly _nodes: readonly unknown[];
  readonly can: (event: Event) => boolean;
}

/** A state node as far as document order needs it. */
interface Node {
  readonly states: Readonly<Record<string, Node>>;
}

const nothing = (): void => {};
const NONE: readonly never[] = Object.freeze([]);

const inertScope = (execute: (action: ExecutableActionObject) => void): AnyActorScope => {
  const self = createActor(setup({}).createMachine({}));
  return {
    self,
    id: "hosted",
    sessionId: self.sessionId,
    system: self.system,
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    actionExecutor: execute,
  };
};

/** The value with the keys of parallel regions in the order the machine declares them. */
const inDocumentOrder = (node: Node, value: StateValue): StateValue => {
  if (typeof value === "string") return value;
  const ordered: Record<string, StateValue> = {};
  for (const [key, child] of Object.entries(node.states)) {
    const inner = value[key];
    if (inner !== undefined) ordered[key] = inDocumentOrder(child, inner);
  }
  return ordered;
};

const timerOf = (action: ExecutableActionObject, machineId: string): TimerCommand | undefined => {
  if (action.type === "xstate.cancel") {
    const { sendId } = action.params as { sendId: string };
    return { kind: "disarm", id: sendId };
  }
  const { event, id, delay } = action.params as { event: Event; id?: string; delay?: number };
  if (delay === undefined) return undefined; // raised at once: XState has taken it in this step
  return armed(machineId, { event, id, delay });
};

const armed = (
  machineId: string,
  { event, id, delay }: { event: Event; id: string | undefined; delay: number },
): TimerCommand => {
  if (id === undefined) {
    throw new MachineRefused(machineId, `a delayed raise of ${event.type} has no id`);
  }
  if (!Number.isSafeInteger(delay) || delay < 0) {
    throw new MachineRefused(machineId, `the delay of timer ${id} is ${delay}, not whole ms ≥ 0`);
  }
  return { kind: "arm", id, afterMs: delay, event };
};

const sorted = <C extends Command>(
  actions: readonly ExecutableActionObject[],
  machineId: string,
): { commands: readonly C[]; timers: readonly TimerCommand[] } => {
  if (actions.length === 0) return { commands: NONE, timers: NONE };
  const commands: C[] = [];
  const timers: TimerCommand[] = [];
  for (const action of actions) {
    if (action.type === "xstate.raise" || action.type === "xstate.cancel") {
      const timer = timerOf(action, machineId);
      if (timer !== undefined) timers.push(timer);
    } else if (action.type.startsWith("xstate.")) {
      throw new MachineRefused(machineId, `${action.type} is not allowed in a hosted machine`);
    } else {
      const { type, params } = action;
      commands.push((params === undefined ? { type } : { type, params }) as C);
    }
  }
  return { commands, timers };
};

/**
 * Host `machine`. Throws MachineRefused if it uses what a hosted machine may not (X4). A machine's custom
 * actions are its commands. Its types are inferred, or, where the state is nobody's business, named as
 * `logicOf<Event, Input, Command>(machine)`.
 */
export function logicOf<M extends AnyStateMachine, C extends Command = Command>(
  machine: M,
): Logic<SnapshotFrom<M>, EventFromLogic<M>, InputFrom<M>, C>;
export function logicOf<E extends Event, I, C extends Command>(
  machine: AnyStateMachine,
): Logic<unknown, E, I, C>;
export function logicOf<C extends Command>(
  machine: AnyStateMachine,
): Logic<unknown, Event, unknown, C> {
  assertHostable(machine);
  const microstepsMax = Math.min(machine.options.maxIterations ?? Infinity, MICROSTEPS_MAX);
  const table = tableOf(machine);
  if (table !== undefined)
    return steppedBy({
      machine: machine.id,
      table,
      microstepsMax,
      armed: (timer) => armed(machine.id, timer),
    });
  return transitioned(machine, microstepsMax);
}

/** By XState's own `transition`: for what a table does not hold, parallel regions above all. */
const transitioned = <C extends Command>(
  machine: AnyStateMachine,
  maxIterations: number,
): Logic<unknown, Event, unknown, C> => {
  const hosted: AnyStateMachine = machine.provide({});
  hosted.options = { ...machine.options, maxIterations };
  const parallel = hasParallel(hosted.root);
  let actions: ExecutableActionObject[] = [];
  const scope = inertScope((action) => void actions.push(action));

  const restored = (plain: PlainState): unknown =>
    hosted.resolveState({
      value: inDocumentOrder(hosted.root, plain.value),
      context: plain.context,
      status: plain.status,
      output: plain.output,
    });

  const finish = (before: Snap | undefined, after: Snap): Step<unknown, C> => {
    if (after.status === "error") throw after.error;
    if (Object.keys(after.children).length > 0) {
      throw new MachineRefused(hosted.id, "it spawned an actor");
    }
    const reordered = parallel && after._nodes !== before?._nodes;
    const state = reordered ? restored(plainOf(after)) : after;
    return { state, ...sorted<C>(actions, hosted.id) };
  };

  return {
    initial: (input) => {
      actions = [];
      return finish(undefined, hosted.getInitialSnapshot(scope, input));
    },
    step: (state, event) => {
      const before = state as Snap;
      if (before.status !== "active") return { state, commands: NONE, timers: NONE };
      actions = [];
      return finish(before, hosted.transition(state as AnyMachineSnapshot, event, scope));
    },
    done: (state) => (state as Snap).status !== "active",
    can: (state, event) => (state as Snap).status === "active" && (state as Snap).can(event),
    encode: (state) => plainOf(state as Snap),
    decode: (plain) => restored(plain as PlainState),
  };
};

const plainOf = (snap: Snap): PlainState => {
  const { value, context, status, output } = snap;
  if (status !== "active" && status !== "done") throw new Error(`a hosted state is ${status}`);
  return output === undefined ? { value, context, status } : { value, context, status, output };
};
