import { describe, expect, it } from "vitest";
import { ConfigRefused, defineSupervisor, RESTART_DEFAULTS } from "#runtime/supervision/spec.ts";
import type { SupervisorInput } from "#runtime/supervision/spec.ts";

const good: SupervisorInput = {
  name: "root",
  strategy: "rest-for-one",
  children: [
    { name: "store", restartsMax: 1 },
    { name: "hosts", strategy: "one-for-one", children: [{ name: "host", threads: 4 }] },
  ],
};

const nested = (depth: number): SupervisorInput => ({
  name: `level${depth}`,
  strategy: "one-for-one",
  children: [depth === 0 ? { name: "leaf" } : nested(depth - 1)],
});

const problems = (input: unknown): string[] => {
  try {
    defineSupervisor(input as SupervisorInput);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigRefused)) throw error;
    return error.problems.map(({ code, path }) => `${code} ${path}`);
  }
};

describe("a supervision tree", () => {
  it("gets the defaults for what is left out", () => {
    expect(defineSupervisor(good)).toEqual({
      ...RESTART_DEFAULTS,
      name: "root",
      strategy: "rest-for-one",
      children: [
        { ...RESTART_DEFAULTS, name: "store", threads: 1, restartsMax: 1 },
        {
          ...RESTART_DEFAULTS,
          name: "hosts",
          strategy: "one-for-one",
          children: [{ ...RESTART_DEFAULTS, name: "host", threads: 4 }],
        },
      ],
    });
  });

  const child = (fields: object) => ({ ...good, children: [{ name: "a", ...fields }] });
  const rows: [string, unknown, string[]][] = [
    ["a name used twice", { ...good, name: "host" }, ["CONFIG_NAME_TWICE host/hosts/host"]],
    [
      "a name that cannot be a metric label",
      child({ name: "a b" }),
      ["CONFIG_NAME_MISSING root/a b"],
    ],
    ["nobody to supervise", { ...good, children: [] }, ["CONFIG_NO_CHILDREN root"]],
    ["an unknown strategy", { ...good, strategy: "all" }, ["CONFIG_UNKNOWN_STRATEGY root"]],
    ["an unknown restart", child({ restart: "maybe" }), ["CONFIG_UNKNOWN_RESTART root/a"]],
    ["an unknown recovery", child({ onRestart: "hope" }), ["CONFIG_UNKNOWN_RESTART root/a"]],
    ["a misspelt field", child({ restartMax: 3 }), ["CONFIG_UNKNOWN_FIELD root/a"]],
    ["half a restart", child({ restartsMax: 0.5 }), ["CONFIG_OUT_OF_RANGE root/a"]],
    ["no threads", child({ threads: 0 }), ["CONFIG_OUT_OF_RANGE root/a"]],
    [
      "an empty window",
      child({ restartWindowMs: 0 }),
      ["CONFIG_OUT_OF_RANGE root/a", "CONFIG_BACKOFF_BEYOND_WINDOW root/a"],
    ],
    [
      "a back-off that shrinks",
      child({ backoffMinMs: 9_000 }),
      ["CONFIG_BACKOFF_ORDER root/a", "CONFIG_BACKOFF_BEYOND_WINDOW root/a"],
    ],
    [
      "a back-off under which the window can never fill",
      child({ restartsMax: 10 }),
      ["CONFIG_BACKOFF_BEYOND_WINDOW root/a"],
    ],
    [
      "a tree too deep",
      nested(8),
      ["CONFIG_TOO_DEEP level8/level7/level6/level5/level4/level3/level2/level1"],
    ],
    [
      "several problems at once",
      { ...good, strategy: "x", children: [{ name: "root", threads: -1 }] },
      [
        "CONFIG_NAME_TWICE root/root",
        "CONFIG_OUT_OF_RANGE root/root",
        "CONFIG_UNKNOWN_STRATEGY root",
      ],
    ],
  ];
  it.each(rows)("is refused with %s", (_, input, expected) => {
    expect(problems(input).toSorted()).toEqual(expected.toSorted());
  });
});
