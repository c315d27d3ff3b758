/**
 * What a hosted machine may not do, checked once when it is loaded. Everything refused here would act
 * outside the step (talk to another actor, write a log) or keep state that the encoded form lacks.
 */
import type { AnyStateMachine } from "xstate";

/** A machine that cannot be hosted: a mistake of its author, told at load or at the first such step. */
export class MachineRefused extends Error {
  readonly code = "MACHINE_REFUSED";
  readonly machine: string;
  constructor(machine: string, reason: string) {
    super(`MACHINE_REFUSED machine "${machine}": ${reason}`);
    this.machine = machine;
  }
}

/** Built-in actions that act inside the step. `enqueueActions` is checked again by what it enqueues. */
const BUILTINS_ALLOWED: ReadonlySet<string> = new Set([
  "xstate.assign",
  "xstate.raise",
  "xstate.cancel",
  "xstate.enqueueActions",
]);

/** An action as it stands in a definition: a name, a name with params, or a function. */
type Action = string | { readonly type: string } | BuiltIn;
type BuiltIn = ((...args: never[]) => unknown) & {
  readonly type?: string;
  readonly resolve?: unknown;
  readonly id?: unknown;
  readonly delay?: unknown;
};

interface Node {
  readonly id: string;
  readonly type: string;
  readonly entry: readonly Action[];
  readonly exit: readonly Action[];
  readonly invoke: readonly unknown[];
  readonly initial?: { readonly actions: readonly Action[] };
  readonly transitions: ReadonlyMap<string, readonly Edge[]>;
  readonly always?: readonly Edge[];
  readonly states: Readonly<Record<string, Node>>;
}
interface Edge {
  readonly actions: readonly Action[];
}

const actionsOf = (node: Node): readonly Action[] => [
  ...node.entry,
  ...node.exit,
  ...(node.type === "compound" ? (node.initial?.actions ?? []) : []),
  ...[...node.transitions.values()].flat().flatMap((edge) => edge.actions),
  ...(node.always ?? []).flatMap((edge) => edge.actions),
];

const complaintAbout = (
  action: Action | undefined,
  declared: Readonly<Record<string, Action>>,
): string | undefined => {
  if (typeof action === "function") {
    if (action.resolve === undefined) return "an action is an inline function";
    const type = action.type ?? "";
    if (!BUILTINS_ALLOWED.has(type)) return `${type} is not allowed in a hosted machine`;
    if (type === "xstate.raise" && action.delay !== undefined && action.id === undefined) {
      return "a delayed raise has no id";
    }
    return undefined;
  }
  if (action === undefined) return "an action is undefined";
  const name = typeof action === "string" ? action : action.type;
  const body = declared[name];
  if (body === undefined) return `the action "${name}" is not declared in setup`;
  // A declared plain function is a command: its body is never run.
  if (typeof body === "function" && body.resolve === undefined) return undefined;
  return complaintAbout(body, declared);
};

/** Throws MachineRefused with the state and the reason. */
export const assertHostable = (machine: AnyStateMachine): void => {
  const declared = machine.implementations.actions as Readonly<Record<string, Action>>;
  const visit = (node: Node): void => {
    const refuse = (reason: string): never => {
      throw new MachineRefused(machine.id, `state "${node.id}": ${reason}`);
    };
    if (node.invoke.length > 0) refuse("invoke is not allowed in a hosted machine");
    if (node.type === "history") refuse("history states are not part of the encoded state");
    for (const action of actionsOf(node)) {
      const complaint = complaintAbout(action, declared);
      if (complaint !== undefined) refuse(complaint);
    }
    Object.values(node.states).forEach(visit);
  };
  visit(machine.root as unknown as Node);
};

/** Only parallel regions can be entered in an order that the value does not show. */
export const hasParallel = (node: {
  readonly type: string;
  readonly states: Readonly<Record<string, unknown>>;
}): boolean =>
  node.type === "parallel" ||
  Object.values(node.states).some((child) => hasParallel(child as typeof node));
