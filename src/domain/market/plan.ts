/**
 * The plan of a need (protocol section 13): operations in log order; a link that closes a cycle is
 * refused with its reason. STATE is the leader's to derive, so it is refused from agents.
 */

import type { PlanOp } from "#protocol/bodies.ts";

export type Plan = readonly PlanOp[];

/** Operations that one plan may hold. */
export const PLAN_OPS_MAX = 1_024;

export const admitPlanOps = (
  plan: Plan,
  ops: readonly PlanOp[],
): { readonly plan: Plan } | { readonly refused: string } => {
  if (plan.length + ops.length > PLAN_OPS_MAX)
    return { refused: `a plan holds at most ${PLAN_OPS_MAX} operations` };
  const tasks = new Set(plan.flatMap((op) => (op.op === "ADD_TASK" ? [op.task] : [])));
  const edges = new Map<string, Set<string>>();
  const link = (from: string, to: string): void => {
    const targets = edges.get(from);
    if (targets === undefined) edges.set(from, new Set([to]));
    else targets.add(to);
  };
  for (const op of plan) {
    if (op.op === "LINK") link(op.from, op.to);
    else if (op.op === "REQUIRES") link(op.on, op.task);
  }
  for (const op of ops) {
    const refused = refusalOf(op, tasks, edges);
    if (refused !== undefined) return { refused };
    if (op.op === "ADD_TASK") tasks.add(op.task);
    else if (op.op === "LINK") link(op.from, op.to);
    else if (op.op === "REQUIRES") link(op.on, op.task);
  }
  return { plan: [...plan, ...ops] };
};

const refusalOf = (
  op: PlanOp,
  tasks: ReadonlySet<string>,
  edges: ReadonlyMap<string, ReadonlySet<string>>,
): string | undefined => {
  const missing = (name: string): string | undefined =>
    tasks.has(name) ? undefined : `there is no task ${name}`;
  switch (op.op) {
    case "ADD_TASK":
      return tasks.has(op.task) ? `the task ${op.task} exists` : undefined;
    case "REQUIRES":
      return missing(op.task) ?? missing(op.on) ?? cycle(edges, op.on, op.task);
    case "LINK":
      return missing(op.from) ?? missing(op.to) ?? cycle(edges, op.from, op.to);
    case "STATE":
      return "the state of a task follows from the log and is not said by agents";
    case "PRODUCES":
    case "ANNOTATE":
      return missing(op.task);
    default:
      return op satisfies never;
  }
};

const cycle = (
  edges: ReadonlyMap<string, ReadonlySet<string>>,
  from: string,
  to: string,
): string | undefined => {
  const seen = new Set<string>();
  const waiting = [to];
  for (let task = waiting.pop(); task !== undefined; task = waiting.pop()) {
    if (task === from) return `linking ${from} to ${to} closes a cycle`;
    if (seen.has(task)) continue;
    seen.add(task);
    waiting.push(...(edges.get(task) ?? []));
  }
  return undefined;
};
