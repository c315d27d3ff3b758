/**
 * The supervision tree as data, checked once at the door. Leaves are children that run (a host thread,
 * the store's thread); inner nodes are supervisors. Names are unique in the whole tree.
 */

/** Which of a failed child's siblings are restarted with it; order is the order of the list. */
export type Strategy =
  /** None. */
  | "one-for-one"
  /** All of them. */
  | "one-for-all"
  /** Those that stand after it. */
  | "rest-for-one";

/** always: after a normal exit too. on-failure: not then. never: it stays down. */
export type Restart = "always" | "on-failure" | "never";

/** Recovery of a child's state: from its log, or none because it keeps none. */
export type OnRestart = "replay" | "fresh";

export interface RestartSpec {
  readonly name: string;
  readonly restart: Restart;
  readonly onRestart: OnRestart;
  /** Restarts within any `restartWindowMs`; one failure more is escalated. */
  readonly restartsMax: number;
  readonly restartWindowMs: number;
  /** Delay of the first restart in a window, doubled for each further one … */
  readonly backoffMinMs: number;
  /** … up to this. */
  readonly backoffMaxMs: number;
}

export interface ChildSpec extends RestartSpec {
  /** Threads of this child: each is a leaf of its own, `name/0`, `name/1` … if more than one. */
  readonly threads: number;
}

export interface SupervisorSpec extends RestartSpec {
  readonly strategy: Strategy;
  readonly children: readonly (ChildSpec | SupervisorSpec)[];
}

/** As written by an operator: what is left out has the default. */
export type ChildInput = { readonly name: string } & Partial<Omit<ChildSpec, "name">>;
export type SupervisorInput = {
  readonly name: string;
  readonly strategy: Strategy;
  readonly children: readonly (ChildInput | SupervisorInput)[];
} & Partial<Omit<SupervisorSpec, "name" | "strategy" | "children">>;

/** Threads of one child, a sanity bound. */
export const THREADS_MAX = 256;
/** Restarts that one window may allow. */
export const RESTARTS_MAX = 1_000;
/** Supervisors within supervisors. */
export const TREE_DEPTH_MAX = 8;

/** Three restarts in ten seconds: one bad input is tried three times, a broken disk is told at once. */
export const RESTART_DEFAULTS: Omit<RestartSpec, "name"> = {
  restart: "always",
  onRestart: "replay",
  restartsMax: 3,
  restartWindowMs: 10_000,
  backoffMinMs: 50,
  backoffMaxMs: 5_000,
};

export interface ConfigProblem {
  readonly code:
    | "CONFIG_NAME_MISSING"
    | "CONFIG_NAME_TWICE"
    | "CONFIG_NO_CHILDREN"
    | "CONFIG_TOO_DEEP"
    | "CONFIG_UNKNOWN_STRATEGY"
    | "CONFIG_UNKNOWN_RESTART"
    | "CONFIG_UNKNOWN_FIELD"
    | "CONFIG_OUT_OF_RANGE"
    | "CONFIG_BACKOFF_ORDER"
    | "CONFIG_BACKOFF_BEYOND_WINDOW";
  /** Names from the root, joined by `/`. */
  readonly path: string;
  readonly text: string;
}

/** Every problem of the tree at once. */
export class ConfigRefused extends Error {
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ code, path, text }) => `${code} ${path}: ${text}`).join("\n"));
    this.name = "ConfigRefused";
    this.problems = problems;
  }
}

const FIELDS: ReadonlySet<string> = new Set([
  "name",
  "strategy",
  "children",
  "threads",
  ...Object.keys(RESTART_DEFAULTS),
]);

const backoffSumMs = (spec: Omit<RestartSpec, "name">): number => {
  let sum = 0;
  for (let n = 0; n < Math.min(spec.restartsMax, RESTARTS_MAX); n++) {
    sum += Math.min(spec.backoffMinMs * 2 ** n, spec.backoffMaxMs);
  }
  return sum;
};

const problemsOf = (input: ChildInput | SupervisorInput, path: string): ConfigProblem[] => {
  const problems: ConfigProblem[] = [];
  const problem = (code: ConfigProblem["code"], text: string): void =>
    void problems.push({ code, path, text });
  const whole = (field: string, value: number, least: number, most: number): void => {
    if (Number.isSafeInteger(value) && value >= least && value <= most) return;
    problem("CONFIG_OUT_OF_RANGE", `${field} is ${value}, not a whole number ${least} … ${most}`);
  };
  for (const field of Object.keys(input)) {
    if (!FIELDS.has(field)) problem("CONFIG_UNKNOWN_FIELD", `there is no field "${field}"`);
  }
  const spec = { ...RESTART_DEFAULTS, ...input };
  if (!["always", "on-failure", "never"].includes(spec.restart)) {
    problem("CONFIG_UNKNOWN_RESTART", `restart is "${spec.restart}"`);
  }
  if (!["replay", "fresh"].includes(spec.onRestart)) {
    problem("CONFIG_UNKNOWN_RESTART", `onRestart is "${spec.onRestart}"`);
  }
  whole("restartsMax", spec.restartsMax, 0, RESTARTS_MAX);
  whole("restartWindowMs", spec.restartWindowMs, 1, 86_400_000);
  whole("backoffMinMs", spec.backoffMinMs, 0, 86_400_000);
  whole("backoffMaxMs", spec.backoffMaxMs, 0, 86_400_000);
  if ("threads" in spec) whole("threads", spec.threads ?? 1, 1, THREADS_MAX);
  if (spec.backoffMinMs > spec.backoffMaxMs) {
    problem("CONFIG_BACKOFF_ORDER", "backoffMinMs is above backoffMaxMs");
  }
  // Otherwise the back-off alone spreads the failures over several windows and nothing ever escalates.
  if (backoffSumMs(spec) >= spec.restartWindowMs) {
    const text = `the delays of ${spec.restartsMax} restarts fill restartWindowMs`;
    problem("CONFIG_BACKOFF_BEYOND_WINDOW", text);
  }
  return problems;
};

/** Checks the whole tree; throws ConfigRefused with every problem found. */
export const defineSupervisor = (input: SupervisorInput): SupervisorSpec => {
  const problems: ConfigProblem[] = [];
  const names = new Set<string>();
  const complete = (
    node: ChildInput | SupervisorInput,
    above: string,
    depth: number,
  ): ChildSpec | SupervisorSpec => {
    const path = above === "" ? node.name : `${above}/${node.name}`;
    if (typeof node.name !== "string" || !/^[\w-]+$/.test(node.name)) {
      problems.push({ code: "CONFIG_NAME_MISSING", path, text: "a name is letters, digits, - _" });
    }
    if (names.has(node.name)) {
      problems.push({ code: "CONFIG_NAME_TWICE", path, text: `"${node.name}" is used twice` });
    }
    names.add(node.name);
    problems.push(...problemsOf(node, path));
    if (!("children" in node)) return { ...RESTART_DEFAULTS, threads: 1, ...node };
    if (!["one-for-one", "one-for-all", "rest-for-one"].includes(node.strategy)) {
      const text = `strategy is "${node.strategy}"`;
      problems.push({ code: "CONFIG_UNKNOWN_STRATEGY", path, text });
    }
    if (node.children.length === 0) {
      problems.push({ code: "CONFIG_NO_CHILDREN", path, text: "it supervises nothing" });
    }
    if (depth >= TREE_DEPTH_MAX) {
      problems.push({ code: "CONFIG_TOO_DEEP", path, text: `at most ${TREE_DEPTH_MAX} levels` });
      return { ...RESTART_DEFAULTS, ...node, children: [] };
    }
    const children = node.children.map((child) => complete(child, path, depth + 1));
    return { ...RESTART_DEFAULTS, ...node, children };
  };
  const spec = complete(input, "", 1);
  if (problems.length > 0) throw new ConfigRefused(problems);
  return spec as SupervisorSpec;
};
