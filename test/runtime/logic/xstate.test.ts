import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assign, createMachine, emit, fromPromise, log, raise, sendTo, setup } from "xstate";
import type { AnyStateMachine } from "xstate";
import { logicOf, MICROSTEPS_MAX } from "#runtime/logic/xstate.ts";
import { assertEquivalent } from "./equivalence.ts";
import { crossing, kettle, tally } from "./toys.ts";

const just = <T extends string>(...types: T[]) =>
  fc.constantFrom(...types.map((type) => ({ type })));

describe("a hosted machine is XState's own actor, stepped", () => {
  it("agrees on nested states, dynamic delays, reentry, cancelled raises and outputs", () => {
    const heat = fc.record({ type: fc.constant("HEAT" as const), extraMs: fc.nat(300) });
    const events = fc.oneof(just("FILL", "EMPTY", "AGAIN", "MUTE", "RING", "IGNORED"), heat, heat);
    const waits = fc.oneof(fc.nat(120), fc.nat(6_000));
    const run = assertEquivalent(kettle, { heatMs: 40 }, events, 300, { waits, movesMax: 60 });
    expect(run.fired).toBeGreaterThan(100);
    expect(run.reached).toEqual(
      new Set(['"empty"', '{"full":"cold"}', '{"full":"hot"}', '"broken"']),
    );
  });

  it("agrees on parallel regions", () => {
    const waits = fc.oneof(fc.nat(600), fc.nat(5_000));
    const events = just("GO", "GO", "WAIT", "RESET", "LEAVE");
    const run = assertEquivalent(crossing, { first: "me" }, events, 300, { waits });
    expect(run.fired).toBeGreaterThan(100);
    expect(run.reached).toContain('{"walkers":"home","cars":"gone","clock":"stopped"}');
  });

  it("agrees on raised events, enqueued actions, combined guards and throws", () => {
    const add = fc.record({ type: fc.constant("ADD" as const), amount: fc.nat(20) });
    const how = fc.constantFrom("guard" as const, "assign" as const);
    const broken = fc.record({ type: fc.constant("BREAK" as const), how });
    const events = fc.oneof(
      { weight: 20, arbitrary: fc.oneof(add, just("STOP", "ODD")) },
      { weight: 1, arbitrary: broken },
    );
    const run = assertEquivalent(tally, { start: 1 }, events, 300);
    expect(run.threw).toBeGreaterThan(10);
    expect(run.reached).toEqual(new Set(['"counting"', '"stopped"']));
  });
});

describe("a step", () => {
  const logic = logicOf(kettle);
  const { state: empty } = logic.initial({ heatMs: 40 });

  it("returns commands with params and timers as data", () => {
    const full = logic.step(empty, { type: "FILL" });
    expect(full.timers).toEqual([
      { kind: "arm", id: "alarm", afterMs: 5_000, event: { type: "RING" } },
    ]);
    const hot = logic.step(full.state, { type: "HEAT", extraMs: 2 });
    expect(hot.commands).toEqual([{ type: "switchOn", params: { watts: 2_000 } }]);
    expect(hot.timers.map((timer) => timer.kind === "arm" && timer.afterMs)).toEqual([100, 42]);
    const back = logic.step(hot.state, { type: "EMPTY" });
    expect(back.timers.map(({ kind }) => kind)).toEqual(["disarm", "disarm", "disarm"]);
  });

  it("returns the same object for an event that the state does not take", () => {
    for (const type of ["HEAT", "IGNORED"] as const) {
      const event = { type, extraMs: 0 };
      expect(logic.can(empty, event)).toBe(false);
      expect(logic.step(empty, event)).toEqual({ state: empty, commands: [], timers: [] });
      expect(logic.step(empty, event).state).toBe(empty);
    }
  });

  it("takes nothing once it is done", () => {
    const done = logic.decode({ value: "broken", context: { boils: 3 }, status: "done" });
    expect(logic.done(done)).toBe(true);
    expect(logic.can(done, { type: "RING" })).toBe(false);
    expect(logic.step(done, { type: "RING" }).state).toBe(done);
  });

  it("leaves the state and the next step alone when it throws", () => {
    const sums = logicOf(tally);
    const { state } = sums.initial({ start: 2 });
    const plain = sums.encode(state);
    expect(() => sums.step(state, { type: "BREAK", how: "assign" })).toThrow("the assign broke");
    expect(() => sums.step(state, { type: "BREAK", how: "guard" })).toThrow("the guard broke");
    expect(sums.encode(state)).toEqual(plain);
    expect(sums.step(state, { type: "ADD", amount: 4 }).commands).toEqual([
      { type: "report", params: { total: 6 } },
    ]);
  });

  it("throws when the initial step throws", () => {
    const broken = setup({}).createMachine({
      context: () => {
        throw new Error("no context");
      },
    });
    expect(() => logicOf(broken).initial(undefined)).toThrow("no context");
  });

  it("ends an endless loop of eventless transitions by a throw", () => {
    const spins = setup({ types: { context: {} as { n: number } } }).createMachine({
      context: { n: 0 },
      initial: "spin",
      states: { spin: { always: { actions: assign({ n: ({ context }) => context.n + 1 }) } } },
    });
    expect(() => logicOf(spins).initial(undefined)).toThrow(`more than ${MICROSTEPS_MAX}`);
  });

  it("does not depend on the order in which states of parallel regions were entered", () => {
    const logic = logicOf(twoRegions);
    let { state } = logic.initial(undefined);
    state = logic.step(state, { type: "MOVE" }).state;
    const reloaded = logic.decode({
      ...(logic.encode(state) as object),
      value: { b: "x", a: "y" },
    });
    for (const one of [state, reloaded]) {
      const params = logic.step(one, { type: "OPEN" }).commands.map((command) => command.params);
      expect(params).toEqual([{ region: "a" }, { region: "b" }]);
    }
  });
});

/** After MOVE, XState itself would take region `b`'s eventless transition before that of `a`. */
const twoRegions = setup({
  types: {
    context: {} as { open: boolean },
    events: {} as { type: "MOVE" } | { type: "OPEN" },
  },
  actions: { left: (_, _params: { region: string }) => {} },
  guards: { isOpen: ({ context }) => context.open },
}).createMachine({
  context: { open: false },
  type: "parallel",
  on: { OPEN: { actions: assign({ open: true }) } },
  states: {
    a: {
      initial: "x",
      states: {
        x: { on: { MOVE: "y" } },
        y: {
          always: {
            guard: "isOpen",
            target: "z",
            actions: { type: "left", params: { region: "a" } },
          },
        },
        z: {},
      },
    },
    b: {
      initial: "x",
      states: {
        x: {
          always: {
            guard: "isOpen",
            target: "z",
            actions: { type: "left", params: { region: "b" } },
          },
        },
        z: {},
      },
    },
  },
});

describe("a machine that cannot be hosted is refused at load", () => {
  const child = fromPromise(async () => 1);
  const tools = setup({ actors: { child }, actions: { send: sendTo("x", { type: "E" }) } });
  const rows: [string, AnyStateMachine, string][] = [
    ["invoke", tools.createMachine({ invoke: { src: "child" } }), "invoke"],
    ["sendTo by name", tools.createMachine({ entry: "send" }), "xstate.sendTo"],
    ["spawnChild", tools.createMachine({ exit: tools.spawnChild("child") }), "xstate.spawnChild"],
    ["emit", createMachine({ on: { E: { actions: emit({ type: "e" }) } } }), "xstate.emit"],
    ["log", createMachine({ always: { actions: log("x"), guard: () => false } }), "xstate.log"],
    ["an inline action", createMachine({ entry: () => {} }), "inline function"],
    ["an undeclared action", createMachine({ entry: "unheardOf" }), '"unheardOf"'],
    ["a nameless timer", createMachine({ entry: raise({ type: "E" }, { delay: 5 }) }), "no id"],
    [
      "an action deep inside, on an initial transition",
      createMachine({
        initial: "a",
        states: {
          a: { initial: { target: "b", actions: log("deep") }, states: { b: {} } },
        },
      }),
      "xstate.log",
    ],
    [
      "history",
      createMachine({ initial: "a", states: { a: {}, h: { type: "history" } } }),
      "history",
    ],
  ];
  it.each(rows)("%s", (_, machine, reason) => {
    expect(() => logicOf(machine)).toThrow(reason);
  });

  it("or at the step, where only the step can know", () => {
    const sly = setup({ actors: { child } }).createMachine({
      context: {},
      on: { SPAWN: { actions: assign(({ spawn }) => ({ ref: spawn("child") })) } },
    });
    const logic = logicOf(sly);
    const { state } = logic.initial(undefined);
    expect(() => logic.step(state, { type: "SPAWN" })).toThrow("spawned an actor");
    const late = setup({ delays: { never: () => Number.NaN } }).createMachine({
      after: { never: {} },
    });
    expect(() => logicOf(late).initial(undefined)).toThrow("not whole ms");
  });
});
