/**
 * The supervision tree as a pure reducer: (state, what happened, now) → (state, directives, news).
 *
 * Owns which leaf is meant to run. Does not own threads: the host obeys directives and reports.
 *
 * V1  A leaf is started only when it is down, under a run number that no earlier start had; reports of
 *     older runs change nothing. So a thread that reports `error` and then `exit` fails once.
 * V2  Leaves restarted together are all down before the first of them starts, and start in the order of
 *     the tree; they stop in the reverse order.
 * V3  Failures are counted per node over its window; a supervisor's restart clears those below it.
 * V4  Escalation at the root halts the tree: everything is stopped and nothing is started any more.
 * V5  Every `stop` directive is answered by `exited` or `failed` of that run, a delayed start that had
 *     not begun included.
 */
import { decide, recentFailures, type Verdict } from "./decide.ts";
import type { ChildSpec, OnRestart, RestartSpec, SupervisorSpec } from "./spec.ts";

export type LeafStatus = "down" | "starting" | "running" | "stopping" | "ended";

export interface LeafState {
  readonly status: LeafStatus;
  /** Starts so far; 0: never started. */
  readonly run: number;
}

/** Leaves that start again together once none of them is up. */
interface Group {
  readonly leaves: readonly string[];
  readonly afterMs: number;
}

export interface TreeState {
  readonly status: "running" | "stopping" | "halted";
  readonly leaves: Readonly<Record<string, LeafState>>;
  /** Times of failures by node, leaves and supervisors. */
  readonly failures: Readonly<Record<string, readonly number[]>>;
  readonly groups: readonly Group[];
}

export type TreeEvent =
  | { readonly kind: "started"; readonly child: string; readonly run: number }
  | {
      readonly kind: "failed";
      readonly child: string;
      readonly run: number;
      readonly reason: string;
    }
  /** It ended by itself, or because it was told to stop. */
  | { readonly kind: "exited"; readonly child: string; readonly run: number }
  /** Stop everything. */
  | { readonly kind: "stop" };

export type Directive =
  | {
      readonly kind: "start";
      readonly child: string;
      readonly run: number;
      readonly afterMs: number;
      readonly state: OnRestart;
    }
  | { readonly kind: "stop"; readonly child: string; readonly run: number };

/** What is published: every decision, for people, metrics and the run's summary. */
export type News =
  | { readonly kind: "decided"; readonly node: string; readonly verdict: Verdict }
  | { readonly kind: "restarting"; readonly children: readonly string[]; readonly afterMs: number }
  | { readonly kind: "ended"; readonly child: string }
  | { readonly kind: "halted"; readonly reason: string }
  | { readonly kind: "stopped" }
  | { readonly kind: "ignored"; readonly event: TreeEvent };

export interface Supervised {
  readonly state: TreeState;
  readonly directives: readonly Directive[];
  readonly news: readonly News[];
}

interface Node {
  readonly spec: RestartSpec;
  readonly parent: SupervisorSpec | undefined;
  /** In the order of the tree. */
  readonly leaves: readonly string[];
}

/** A tree prepared for `supervise`. */
export interface Tree {
  readonly root: SupervisorSpec;
  readonly nodes: ReadonlyMap<string, Node>;
  readonly leaves: readonly string[];
}

const isSupervisor = (spec: ChildSpec | SupervisorSpec): spec is SupervisorSpec =>
  "children" in spec;

/** The leaves of one child: itself, or its threads by number. */
export const leavesOf = (child: ChildSpec): readonly string[] =>
  child.threads === 1
    ? [child.name]
    : Array.from({ length: child.threads }, (_, at) => `${child.name}/${at}`);

export const treeOf = (root: SupervisorSpec): Tree => {
  const nodes = new Map<string, Node>();
  const visit = (spec: ChildSpec | SupervisorSpec, parent?: SupervisorSpec): readonly string[] => {
    if (isSupervisor(spec)) {
      const leaves = spec.children.flatMap((child) => visit(child, spec));
      nodes.set(spec.name, { spec, parent, leaves });
      return leaves;
    }
    const leaves = leavesOf(spec);
    for (const name of leaves) nodes.set(name, { spec: { ...spec, name }, parent, leaves: [name] });
    return leaves;
  };
  const leaves = visit(root);
  return { root, nodes, leaves };
};

/** Everything down, and the directives that start it. */
export const beginTree = (tree: Tree): Supervised => {
  const down: LeafState = { status: "down", run: 0 };
  const leaves = Object.fromEntries(tree.leaves.map((name) => [name, down]));
  const turn = new Turn(tree, { status: "running", leaves, failures: {}, groups: [] });
  turn.restart(tree.leaves, 0);
  return turn.result();
};

/** Throws on a child that the tree does not have: a mistake of ours. */
export const supervise = (
  tree: Tree,
  state: TreeState,
  event: TreeEvent,
  nowMs: number,
): Supervised => {
  const turn = new Turn(tree, state);
  turn.take(event, nowMs);
  return turn.result();
};

/** One reduction at work: a copy of the state, changed in place, and what comes out of it. */
class Turn {
  readonly #tree: Tree;
  readonly #leaves: Map<string, LeafState>;
  readonly #failures: Map<string, readonly number[]>;
  readonly #directives: Directive[] = [];
  readonly #news: News[] = [];
  #groups: readonly Group[];
  #status: TreeState["status"];

  constructor(tree: Tree, state: TreeState) {
    this.#tree = tree;
    this.#leaves = new Map(Object.entries(state.leaves));
    this.#failures = new Map(Object.entries(state.failures));
    this.#groups = state.groups;
    this.#status = state.status;
  }

  result(): Supervised {
    const state: TreeState = {
      status: this.#status,
      leaves: Object.fromEntries(this.#leaves),
      failures: Object.fromEntries(this.#failures),
      groups: this.#groups,
    };
    return { state, directives: this.#directives, news: this.#news };
  }

  take(event: TreeEvent, nowMs: number): void {
    if (event.kind === "stop") {
      this.#stopAll("stopping");
      return;
    }
    const leaf = this.#leaf(event.child);
    const up = leaf.status !== "down" && leaf.status !== "ended";
    if (!up || leaf.run !== event.run || (event.kind === "started" && leaf.status !== "starting")) {
      this.#news.push({ kind: "ignored", event });
      return;
    }
    if (event.kind === "started") {
      this.#set(event.child, "running");
      return;
    }
    if (this.#status !== "running") {
      this.#end(event.child);
      return;
    }
    if (leaf.status === "stopping") {
      this.#cameDown(event.child);
      return;
    }
    this.#set(event.child, "down");
    const { restart } = this.#node(event.child).spec;
    if (event.kind === "exited" && restart !== "always") this.#end(event.child);
    else this.#fail(event.child, nowMs);
  }

  /** Stops what is up of `names` (V2) and starts all of them once they are down. */
  restart(names: readonly string[], afterMs: number): void {
    const groups = this.#groups;
    const touching = groups.filter((group) => group.leaves.some((name) => names.includes(name)));
    const wanted = new Set([...names, ...touching.flatMap((group) => group.leaves)]);
    const leaves = this.#tree.leaves.filter((name) => wanted.has(name));
    this.#stop(leaves);
    const longest = Math.max(afterMs, ...touching.map((group) => group.afterMs));
    const rest = groups.filter((group) => !touching.includes(group));
    this.#groups = [...rest, { leaves, afterMs: longest }];
    this.#startReady();
  }

  /** `name` failed: a leaf, or a supervisor to whom a failure was escalated. */
  #fail(name: string, nowMs: number): void {
    const { spec, parent } = this.#node(name);
    const failures = recentFailures(spec, [...(this.#failures.get(name) ?? []), nowMs], nowMs);
    this.#failures.set(name, failures);
    const verdict = decide(spec, failures, nowMs);
    this.#news.push({ kind: "decided", node: name, verdict });
    if (verdict.kind === "stop") {
      for (const leaf of this.#node(name).leaves) this.#end(leaf);
    } else if (verdict.kind === "restart") {
      this.#restartWith(name, verdict.afterMs);
    } else if (parent === undefined) {
      this.#news.push({ kind: "halted", reason: `${name} failed more often than it may` });
      this.#stopAll("halted");
    } else {
      this.#fail(parent.name, nowMs);
    }
  }

  #restartWith(name: string, afterMs: number): void {
    const affected = this.#affectedBy(name);
    for (const node of affected) this.#forgetBelow(node);
    const leaves = affected.flatMap((node) => this.#node(node).leaves);
    const again = leaves.filter((leaf) => {
      if (this.#leaf(leaf).status === "ended") return false;
      // A sibling that is never restarted goes down with the others and stays there.
      return name === leaf || this.#node(leaf).spec.restart !== "never";
    });
    this.#stop(leaves.filter((leaf) => !again.includes(leaf)));
    this.#news.push({ kind: "restarting", children: again, afterMs });
    this.restart(again, afterMs);
  }

  /** The nodes that the parent's strategy restarts with `name`, in order. */
  #affectedBy(name: string): readonly string[] {
    const { parent } = this.#node(name);
    if (parent === undefined) return [name];
    const siblings = parent.children.flatMap((child) =>
      isSupervisor(child) ? [child.name] : leavesOf(child),
    );
    switch (parent.strategy) {
      case "one-for-one":
        return [name];
      case "one-for-all":
        return siblings;
      case "rest-for-one":
        return siblings.slice(siblings.indexOf(name));
    }
  }

  /** A supervisor that starts again starts with a clean record below it (V3). */
  #forgetBelow(name: string): void {
    const own = new Set(this.#node(name).leaves);
    for (const [node, { leaves }] of this.#tree.nodes) {
      const below = node !== name && leaves.every((leaf) => own.has(leaf));
      if (below) this.#failures.delete(node);
    }
  }

  #stop(names: readonly string[]): void {
    for (const name of names.toReversed()) {
      const { status, run } = this.#leaf(name);
      if (status !== "running" && status !== "starting") continue;
      this.#set(name, "stopping");
      this.#directives.push({ kind: "stop", child: name, run });
    }
  }

  #stopAll(status: "stopping" | "halted"): void {
    if (this.#status === "running" || status === "halted") this.#status = status;
    this.#groups = [];
    this.#stop(this.#tree.leaves);
    for (const name of this.#tree.leaves) if (this.#leaf(name).status === "down") this.#end(name);
  }

  #cameDown(name: string): void {
    this.#set(name, "down");
    if (!this.#groups.some((group) => group.leaves.includes(name))) this.#end(name);
    else this.#startReady();
  }

  /** Starts the groups of which nothing is up any more (V2). */
  #startReady(): void {
    this.#groups = this.#groups.filter((group) => {
      if (group.leaves.some((name) => this.#leaf(name).status === "stopping")) return true;
      for (const name of group.leaves) this.#start(name, group.afterMs);
      return false;
    });
  }

  #start(name: string, afterMs: number): void {
    const run = this.#leaf(name).run + 1;
    this.#leaves.set(name, { status: "starting", run });
    const state = this.#node(name).spec.onRestart;
    this.#directives.push({ kind: "start", child: name, run, afterMs, state });
  }

  #end(name: string): void {
    this.#set(name, "ended");
    this.#news.push({ kind: "ended", child: name });
    const over = [...this.#leaves.values()].every(({ status }) => status === "ended");
    if (over) this.#news.push({ kind: "stopped" });
  }

  #set(name: string, status: LeafStatus): void {
    this.#leaves.set(name, { ...this.#leaf(name), status });
  }

  #leaf(name: string): LeafState {
    const leaf = this.#leaves.get(name);
    if (leaf === undefined) throw new Error(`the tree has no leaf "${name}"`);
    return leaf;
  }

  #node(name: string): Node {
    const node = this.#tree.nodes.get(name);
    if (node === undefined) throw new Error(`the tree has no node "${name}"`);
    return node;
  }
}
