/**
 * Machine definitions as data and as pictures: JSON for editors and for EPOCH's digest, Mermaid
 * (`stateDiagram-v2`) for documents. Both follow from the definition alone, so equal machines give
 * equal text.
 */

import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate";

/** The literal that the machine was created from. Code stands in it by name only. */
export const machineJson = (machine: AnyStateMachine): unknown =>
  JSON.parse(JSON.stringify(machine.config, named));

/** An action that is code shows as its kind (`xstate.assign`); other code (parameters) not at all. */
const named = (_key: string, value: unknown): unknown =>
  typeof value === "function" && "type" in value ? { type: value.type } : value;

/** Nested states, guards in brackets, delays as `after name`. */
export const machineMermaid = (machine: AnyStateMachine): string =>
  ["stateDiagram-v2", ...inside(machine.root, "  "), ...edgesBelow(machine.root), ""].join("\n");

const childrenOf = (node: AnyStateNode): AnyStateNode[] => Object.values(node.states);

const idOf = ({ id }: AnyStateNode): string => id.replaceAll(/[^A-Za-z0-9]/g, "_");

const inside = (node: AnyStateNode, indent: string): string[] => {
  const first = node.initial.target[0];
  const start = first === undefined ? [] : [`${indent}[*] --> ${idOf(first)}`];
  return [...start, ...childrenOf(node).flatMap((child) => stateLines(child, indent))];
};

const stateLines = (node: AnyStateNode, indent: string): string[] => {
  const lines = [`${indent}state "${node.key}" as ${idOf(node)}`];
  if (childrenOf(node).length > 0)
    lines.push(`${indent}state ${idOf(node)} {`, ...inside(node, `${indent}  `), `${indent}}`);
  if (node.type === "final") lines.push(`${indent}${idOf(node)} --> [*]`);
  return lines;
};

const edgesBelow = (node: AnyStateNode): string[] =>
  childrenOf(node).flatMap((child) => [...edgesOf(child), ...edgesBelow(child)]);

const edgesOf = (node: AnyStateNode): string[] =>
  transitionsOf(node).flatMap((transition) =>
    (transition.target ?? [node]).map(
      (target: AnyStateNode) => `  ${idOf(node)} --> ${idOf(target)} : ${labelOf(transition)}`,
    ),
  );

/** Own transitions in the order of the definition: events and delays, then eventless ones. */
export const transitionsOf = (node: AnyStateNode): AnyTransitionDefinition[] => [
  ...[...node.transitions.values()].flat(),
  ...(node.always ?? []),
];

const labelOf = ({ eventType, guard }: AnyTransitionDefinition): string => {
  const delay = /^xstate\.after\.([^.]+)\./.exec(eventType)?.[1];
  const name = delay === undefined ? eventType || "always" : `after ${delay}`;
  return guard === undefined ? name : `${name} [${guardName(guard)}]`;
};

const guardName = (guard: unknown): string =>
  typeof guard === "string" ? guard : String((guard as { readonly type?: string }).type);
