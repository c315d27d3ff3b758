/**
 * The proof that a hosted machine does what XState's own actor does: random events and waits are given
 * to both, and value, context, status, output, commands and timers are compared after each.
 */
import fc from "fast-check";
import { expect } from "vitest";
import { createActor, SimulatedClock } from "xstate";
import type { AnyActorRef, AnyStateMachine, EventFromLogic, InputFrom } from "xstate";
import type { Command, Event, Logic, Step } from "#runtime/logic/logic.ts";
import { logicOf } from "#runtime/logic/xstate.ts";
import { Timers } from "#runtime/timers/timers.ts";

type Move<E> = { readonly event: E } | { readonly waitMs: number };

interface Scheduled {
  readonly id: string;
  readonly event: Event;
}

/** A clock that XState drives and the test can read: SimulatedClock hides its deadlines. */
class WatchedClock {
  readonly inner = new SimulatedClock();
  readonly deadlines = new Map<number, number>();
  readonly setTimeout = (fire: () => void, delayMs: number): number => {
    const id = this.inner.setTimeout(() => {
      this.deadlines.delete(id);
      fire();
    }, delayMs);
    this.deadlines.set(id, this.inner.now() + delayMs);
    return id;
  };
  readonly clearTimeout = (id: number): void => {
    this.deadlines.delete(id);
    this.inner.clearTimeout(id);
  };
  /** Stops at each deadline: one jump to the end would run later timers at the wrong time. */
  advance(ms: number, atEach: (nowMs: number) => void): void {
    const end = this.inner.now() + ms;
    for (;;) {
      const next = Math.min(...this.deadlines.values());
      if (!(next <= end)) break;
      this.inner.set(next);
      atEach(next);
    }
    this.inner.set(end);
    atEach(end);
  }
}

/** Machine with each command body replaced by a recorder. */
const recorded = (machine: AnyStateMachine, record: (command: Command) => void) => {
  const actions: Record<string, unknown> = {};
  for (const [type, body] of Object.entries(machine.implementations.actions)) {
    if (typeof body === "function" && "resolve" in body) continue;
    actions[type] = (_: unknown, params: unknown) => {
      record(params === undefined ? { type } : { type, params });
    };
  }
  return machine.provide({ actions } as Parameters<AnyStateMachine["provide"]>[0]);
};

const pendingOf = (actor: AnyActorRef): Scheduled[] => {
  const system = actor.system.getSnapshot() as unknown as {
    readonly _scheduledEvents: Readonly<Record<string, Scheduled>>;
  };
  return Object.values(system._scheduledEvents).map(({ id, event }) => ({ id, event }));
};

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);

/** XState's own actor with everything it did. */
const actorSide = (machine: AnyStateMachine, input: unknown) => {
  const commands: Command[] = [];
  const clock = new WatchedClock();
  const actor = createActor(
    recorded(machine, (command) => commands.push(command)),
    { input, clock },
  );
  actor.subscribe({ error: () => {} });
  actor.start();
  return { actor, clock, commands };
};

/** The hosted machine with what a host would keep for it. */
const hostedSide = (machine: AnyStateMachine, input: unknown) => {
  const logic = logicOf(machine) as unknown as Logic<unknown, Event, unknown>;
  const timers = new Timers();
  const commands: Command[] = [];
  let nowMs = 0;
  let state: unknown;
  let threw = false;
  const apply = (step: Step<unknown>): void => {
    state = step.state;
    commands.push(...step.commands);
    for (const timer of step.timers) {
      if (timer.kind === "disarm") timers.disarm("it", timer.id);
      else {
        const { id, event } = timer;
        timers.arm({ actor: "it", id, event, atMs: nowMs + timer.afterMs });
      }
    }
    if (logic.done(state)) timers.disarmAll("it");
  };
  /** Only the step itself may throw; a failed expectation must not pass for a throw. */
  const attempt = <T>(run: () => T): T | undefined => {
    try {
      return run();
    } catch {
      threw = true;
      return undefined;
    }
  };
  const take = (run: () => Step<unknown>): void => {
    const step = threw ? undefined : attempt(run);
    if (step !== undefined) apply(step);
  };
  take(() => logic.initial(input));
  return {
    logic,
    commands,
    timers,
    state: () => state,
    threw: () => threw,
    send: (event: Event): void => {
      const able = attempt(() => logic.can(state, event));
      const was = state;
      take(() => logic.step(state, event));
      if (able === false) expect(state, "what `can` denies changes nothing").toBe(was);
    },
    /** Save and load, as a snapshot would. */
    reload: (): void => {
      const plain = logic.encode(state);
      const again = logic.decode(structuredClone(plain));
      expect(logic.encode(again)).toEqual(plain);
      state = again;
    },
    fireUntil: (endMs: number) => {
      for (;;) {
        const next = timers.next();
        if (next === undefined || next > endMs || threw) break;
        nowMs = next;
        const timer = timers.due(next)!;
        take(() => logic.step(state, timer.event));
      }
      nowMs = endMs;
    },
  };
};

interface Options {
  /** Waits between events, in ms. */
  readonly waits?: fc.Arbitrary<number>;
  /** Moves of one run at most. */
  readonly movesMax?: number;
}

/**
 * Throws with a shrunk counterexample if `machine` hosted by `logicOf` and `createActor(machine)` differ.
 * `reached` collects the leaf values visited, so that a caller can show that the run was not vacuous.
 */
export const assertEquivalent = <M extends AnyStateMachine>(
  machine: M,
  input: InputFrom<M>,
  events: fc.Arbitrary<EventFromLogic<M>>,
  runs: number,
  options: Options = {},
): { readonly reached: ReadonlySet<string>; readonly fired: number; readonly threw: number } => {
  const waits = options.waits ?? fc.oneof(fc.nat(50), fc.nat(2_000), fc.nat(120_000));
  const moves: fc.Arbitrary<Move<Event>[]> = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: events.map((event) => ({ event: event as Event })) },
      { weight: 1, arbitrary: waits.map((waitMs) => ({ waitMs })) },
    ),
    { maxLength: options.movesMax ?? 30, size: "max" },
  );
  const reached = new Set<string>();
  let fired = 0;
  let threw = 0;
  const run = (list: readonly Move<Event>[], reloads: boolean): void => {
    const theirs = actorSide(machine, input);
    const ours = hostedSide(machine, input);
    const compare = (): boolean => {
      const snapshot = theirs.actor.getSnapshot();
      expect(snapshot.status === "error", "a throw here is an error there").toBe(ours.threw());
      if (ours.threw()) return false;
      const { value, context, status, output } = ours.state() as typeof snapshot;
      reached.add(JSON.stringify(value));
      expect({ value, context, status, output }).toEqual({
        value: snapshot.value,
        context: snapshot.context,
        status: snapshot.status,
        output: snapshot.output,
      });
      expect(ours.commands).toEqual(theirs.commands);
      if (status !== "active") return false;
      const pending = [...ours.timers.encode().actors.awake]
        .flatMap(([, own]) => own)
        .toSorted((a, b) => a.atMs - b.atMs);
      expect(pending.map(({ id, event }) => ({ id, event })).toSorted(byId)).toEqual(
        pendingOf(theirs.actor).toSorted(byId),
      );
      expect(pending.map(({ atMs }) => atMs)).toEqual(
        [...theirs.clock.deadlines.values()].toSorted((a, b) => a - b),
      );
      return true;
    };
    let alive = compare();
    for (const move of list) {
      if (!alive) break;
      if (reloads) ours.reload();
      if ("event" in move) {
        theirs.actor.send(move.event);
        ours.send(move.event);
        alive = compare();
      } else {
        theirs.clock.advance(move.waitMs, (nowMs) => {
          const before = ours.timers.size;
          ours.fireUntil(nowMs);
          fired += before > ours.timers.size ? 1 : 0;
          alive = alive && compare();
        });
      }
    }
    if (ours.threw()) threw += 1;
    theirs.actor.stop();
  };
  fc.assert(fc.property(moves, fc.boolean(), run), { numRuns: runs });
  return { reached, fired, threw };
};
