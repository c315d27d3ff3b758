import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  defineSupervisor,
  type Strategy,
  type SupervisorInput,
} from "#runtime/supervision/spec.ts";
import {
  beginTree,
  supervise,
  treeOf,
  type Directive,
  type News,
  type TreeEvent,
  type TreeState,
} from "#runtime/supervision/tree.ts";

/** A tree with a host that does at once what it is told, and writes it down as text. */
const rig = (input: SupervisorInput) => {
  const tree = treeOf(defineSupervisor(input));
  let nowMs = 0;
  const begun = beginTree(tree);
  let state: TreeState = begun.state;
  const log: string[] = [];
  const news: News[] = [];
  const text = (directive: Directive): string =>
    directive.kind === "stop"
      ? `stop ${directive.child}#${directive.run}`
      : `start ${directive.child}#${directive.run}`;
  const send = (event: TreeEvent): readonly Directive[] => {
    const result = supervise(tree, state, event, nowMs);
    state = result.state;
    news.push(...result.news);
    log.push(...result.directives.map(text));
    return result.directives;
  };
  /** Obeys until nothing is left to do. */
  const obey = (directives: readonly Directive[]): void => {
    const left = [...directives];
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      const { child, run } = one;
      left.push(...send({ kind: one.kind === "stop" ? "exited" : "started", child, run }));
    }
  };
  log.push(...begun.directives.map(text));
  obey(begun.directives);
  return {
    log: () => log.splice(0),
    news,
    send,
    state: () => state,
    wait: (ms: number) => (nowMs += ms),
    up: () => Object.keys(state.leaves).filter((name) => state.leaves[name]!.status === "running"),
    fail: (child: string) => {
      const { run } = state.leaves[child]!;
      obey(send({ kind: "failed", child, run, reason: "it broke" }));
    },
    exit: (child: string) => obey(send({ kind: "exited", child, run: state.leaves[child]!.run })),
    stop: () => obey(send({ kind: "stop" })),
  };
};

const three = (strategy: Strategy): SupervisorInput => ({
  name: "root",
  strategy,
  children: [{ name: "a" }, { name: "b" }, { name: "c" }],
});

describe("a supervisor", () => {
  it("starts its children in order and stops them in reverse", () => {
    const run = rig(three("one-for-one"));
    expect(run.log()).toEqual(["start a#1", "start b#1", "start c#1"]);
    run.stop();
    expect(run.log()).toEqual(["stop c#1", "stop b#1", "stop a#1"]);
    expect(run.news.at(-1)).toEqual({ kind: "stopped" });
  });

  const rows: [Strategy, string[]][] = [
    ["one-for-one", ["start b#2"]],
    ["rest-for-one", ["stop c#1", "start b#2", "start c#2"]],
    ["one-for-all", ["stop c#1", "stop a#1", "start a#2", "start b#2", "start c#2"]],
  ];
  it.each(rows)("%s: restarts what the strategy names", (strategy, directives) => {
    const run = rig(three(strategy));
    run.log();
    run.fail("b");
    expect(run.log()).toEqual(directives);
    expect(run.up()).toEqual(["a", "b", "c"]);
  });

  it("starts nothing of a group before all of it is down", () => {
    const run = rig(three("one-for-all"));
    run.log();
    run.send({ kind: "failed", child: "b", run: 1, reason: "it broke" });
    run.send({ kind: "exited", child: "c", run: 1 });
    expect(run.log()).toEqual(["stop c#1", "stop a#1"]);
    run.send({ kind: "failed", child: "a", run: 1, reason: "it broke while it stopped" });
    expect(run.log()).toEqual(["start a#2", "start b#2", "start c#2"]);
    expect(run.state().failures).toEqual({ b: [0] });
  });

  it("counts the two reports of one death once", () => {
    const run = rig(three("one-for-one"));
    run.fail("a");
    run.send({ kind: "exited", child: "a", run: 1 });
    run.send({ kind: "failed", child: "a", run: 1, reason: "again" });
    expect(run.state().failures["a"]).toHaveLength(1);
    expect(run.state().leaves["a"]).toEqual({ status: "running", run: 2 });
    expect(run.news.filter(({ kind }) => kind === "ignored")).toHaveLength(2);
  });

  it("leaves a child down that ended well, unless it is always restarted", () => {
    const run = rig({
      ...three("one-for-one"),
      children: [{ name: "job", restart: "on-failure" }, { name: "always" }],
    });
    run.exit("job");
    run.exit("always");
    expect(run.up()).toEqual(["always"]);
    expect(run.news).toContainEqual({ kind: "ended", child: "job" });
  });

  it("takes a child that is never restarted down with the others, and leaves it there", () => {
    const run = rig({
      ...three("one-for-all"),
      children: [{ name: "a" }, { name: "once", restart: "never" }],
    });
    run.fail("a");
    expect(run.up()).toEqual(["a"]);
    run.fail("a");
    expect(run.state().leaves["once"]).toEqual({ status: "ended", run: 1 });
  });

  it("counts over a window that good starts do not reset, then halts at the root", () => {
    const run = rig({ ...three("one-for-one"), restartsMax: 0 });
    for (let n = 0; n < 3; n++) {
      run.fail("b");
      run.wait(1_000);
      expect(run.up()).toContain("b");
    }
    run.log();
    run.fail("b");
    expect(run.state().status).toBe("halted");
    expect(run.up()).toEqual([]);
    expect(run.log()).toEqual(["stop c#1", "stop a#1"]);
    expect(run.news).toContainEqual({ kind: "halted", reason: expect.stringContaining("root") });
  });

  it("goes on for ever if failures are further apart than the window allows", () => {
    const run = rig(three("one-for-one"));
    for (let n = 0; n < 50; n++) {
      run.fail("b");
      run.wait(4_000);
    }
    expect(run.up()).toEqual(["a", "b", "c"]);
    expect(run.state().failures["b"]!.length).toBeLessThanOrEqual(4);
  });

  const nested: SupervisorInput = {
    name: "root",
    strategy: "rest-for-one",
    restartsMax: 1,
    children: [
      { name: "store", restartsMax: 0 },
      {
        name: "hosts",
        strategy: "one-for-one",
        restartsMax: 1,
        children: [{ name: "host", threads: 2, restartsMax: 1 }],
      },
      { name: "gateway" },
    ],
  };

  it("escalates to the supervisor above, whose restart clears the records below", () => {
    const run = rig(nested);
    run.fail("host/0");
    run.log();
    run.fail("host/0");
    expect(run.log()).toEqual([
      "stop gateway#1",
      "stop host/1#1",
      "start host/0#3",
      "start host/1#2",
      "start gateway#2",
    ]);
    expect(run.state().failures).toEqual({ hosts: [0] });
    run.fail("host/1");
    expect(run.state().status).toBe("running");
  });

  it("restarts the whole tree when the first child of the root escalates", () => {
    const run = rig(nested);
    run.log();
    run.fail("store");
    expect(run.log().filter((line) => line.startsWith("start"))).toEqual([
      "start store#2",
      "start host/0#2",
      "start host/1#2",
      "start gateway#2",
    ]);
    run.fail("store");
    expect(run.state().status).toBe("halted");
  });

  it("throws on a leaf that it does not have", () => {
    const run = rig(nested);
    expect(() => run.send({ kind: "exited", child: "ghost", run: 1 })).toThrow('no leaf "ghost"');
  });
});

describe("any sequence of reports", () => {
  const strategies = fc.constantFrom<Strategy>("one-for-one", "one-for-all", "rest-for-one");
  const restarts = fc.constantFrom("always", "on-failure", "never");
  const children = (prefix: string) =>
    fc
      .array(restarts, { minLength: 1, maxLength: 3 })
      .map((list) => list.map((restart, at) => ({ name: `${prefix}${at}`, restart })));
  const trees = fc
    .tuple(strategies, strategies, children("a"), children("b"))
    .map(([outer, inner, first, second]): SupervisorInput => {
      const below: SupervisorInput = { name: "below", strategy: inner, children: second };
      return { name: "root", strategy: outer, children: [...first, below] };
    });
  const reports = fc.array(
    fc.record({
      pick: fc.nat(100),
      kind: fc.constantFrom("started" as const, "failed" as const, "exited" as const),
      old: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      waitMs: fc.constantFrom(0, 0, 500, 4_000),
    }),
    { maxLength: 60 },
  );

  it("starts only what is down, never the same run twice, and nothing after a halt", () => {
    const property = fc.property(trees, reports, (input, list) => {
      const tree = treeOf(defineSupervisor(input));
      let { state, directives } = beginTree(tree);
      const upRuns = new Map<string, number>();
      const seen = new Set<string>();
      let [nowMs, halted] = [0, false];
      const check = (): void => {
        for (const directive of directives) {
          const { child, run } = directive;
          if (directive.kind === "stop") {
            expect(upRuns.get(child)).toBe(run);
            continue;
          }
          expect(halted).toBe(false);
          expect(upRuns.has(child), "V1").toBe(false);
          expect(seen.has(`${child}#${run}`), "V1").toBe(false);
          seen.add(`${child}#${run}`);
          upRuns.set(child, run);
        }
        halted ||= state.status === "halted";
      };
      check();
      for (const { pick, kind, old, waitMs } of list) {
        nowMs += waitMs;
        const child = tree.leaves[pick % tree.leaves.length]!;
        const run = (upRuns.get(child) ?? 0) - (old ? 1 : 0);
        const report = kind === "failed" ? { kind, child, run, reason: "x" } : { kind, child, run };
        ({ state, directives } = supervise(tree, state, report, nowMs));
        if (kind !== "started" && upRuns.get(child) === run) upRuns.delete(child);
        check();
        for (const [name, leaf] of Object.entries(state.leaves)) {
          const up = ["starting", "running", "stopping"].includes(leaf.status);
          expect(up, name).toBe(upRuns.has(name));
        }
        // Whoever waits in a group waits for somebody who is stopping.
        for (const group of state.groups) {
          expect(group.leaves.some((name) => state.leaves[name]!.status === "stopping")).toBe(true);
        }
      }
      expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    });
    fc.assert(property, { numRuns: 300 });
  });
});
