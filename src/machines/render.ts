/** Machine definitions as data and as pictures: JSON for Stately tools, Mermaid for documents. */

import type { AnyStateMachine } from "xstate";
import { toDirectedGraph, type DirectedGraphNode } from "xstate/graph";

/** The definition as plain JSON: what an editor reads. */
export const machineJson = (machine: AnyStateMachine): unknown =>
  JSON.parse(JSON.stringify(machine.definition));

/** A `stateDiagram-v2`: nested states, guards in brackets, delays as `after name`. */
export const machineMermaid = (machine: AnyStateMachine): string => {
  const graph = toDirectedGraph(machine);
  return `stateDiagram-v2\n${statesOf(graph, "  ")}${edgesOf(graph)}`;
};

const idOf = (id: string): string => id.replaceAll(/[^A-Za-z0-9]/g, "_");

const statesOf = (node: DirectedGraphNode, indent: string): string => {
  let text = "";
  const first = node.stateNode.initial?.target[0];
  if (first !== undefined) text += `${indent}[*] --> ${idOf(first.id)}\n`;
  for (const child of node.children) {
    const id = idOf(child.id);
    text += `${indent}state "${child.stateNode.key}" as ${id}\n`;
    if (child.children.length > 0)
      text += `${indent}state ${id} {\n${statesOf(child, `${indent}  `)}${indent}}\n`;
    if (child.stateNode.type === "final") text += `${indent}${id} --> [*]\n`;
  }
  return text;
};

const edgesOf = (node: DirectedGraphNode): string => {
  let text = "";
  for (const child of node.children) {
    for (const edge of child.edges) {
      const { guard } = edge.transition;
      const name = edge.label.text.replace(/^xstate\.after\.([^.]+)\..*$/, "after $1");
      const condition = guard === undefined ? "" : ` [${nameOf(guard)}]`;
      text += `  ${idOf(edge.source.id)} --> ${idOf(edge.target.id)} : ${name === "" ? "always" : name}${condition}\n`;
    }
    text += edgesOf(child);
  }
  return text;
};

const nameOf = (guard: unknown): string => {
  if (typeof guard === "string") return guard;
  const { type } = guard as { readonly type?: string };
  return type ?? "condition";
};
