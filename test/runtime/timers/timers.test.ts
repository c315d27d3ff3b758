import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GARBAGE_MAX, NEAR_MS, Timers, type Timer } from "#runtime/timers/timers.ts";

const event = (type: string) => ({ type });

/** The dumb twin: a list, searched and sorted each time. */
class Twin {
  list: Timer[] = [];
  armed = 0;
  arm(timer: Omit<Timer, "sequence">): void {
    this.disarm(timer.actor, timer.id);
    this.list.push({ ...timer, sequence: this.armed++ });
  }
  disarm(actor: string, id: string): boolean {
    const length = this.list.length;
    this.list = this.list.filter((timer) => timer.actor !== actor || timer.id !== id);
    return this.list.length < length;
  }
  disarmAll(actor: string): number {
    const length = this.list.length;
    this.list = this.list.filter((timer) => timer.actor !== actor);
    return length - this.list.length;
  }
  next(): number | undefined {
    return this.#sorted()[0]?.atMs;
  }
  earliest(actor: string): number | undefined {
    return this.#sorted().find((timer) => timer.actor === actor)?.atMs;
  }
  due(nowMs: number): Timer | undefined {
    const first = this.#sorted()[0];
    if (first === undefined || first.atMs > nowMs) return undefined;
    this.disarm(first.actor, first.id);
    return first;
  }
  #sorted(): Timer[] {
    return this.list.toSorted((a, b) => a.atMs - b.atMs || a.sequence - b.sequence);
  }
}

const actors = fc.constantFrom("a", "b", "c");
const ids = fc.constantFrom("x", "y", "z");
/** Near ones, and some that may rest. */
const atMs = fc.oneof(
  fc.nat(50),
  fc.tuple(fc.nat(5), fc.nat(9)).map(([minutes, ms]) => NEAR_MS * minutes + ms),
);
const operations = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("arm" as const), actor: actors, id: ids, atMs }),
    fc.record({ do: fc.constant("disarm" as const), actor: actors, id: ids }),
    fc.record({ do: fc.constant("disarmAll" as const), actor: actors }),
    fc.record({ do: fc.constant("due" as const), nowMs: atMs }),
    { weight: 3, arbitrary: fc.record({ do: fc.constant("rest" as const), nowMs: fc.nat(60) }) },
    fc.record({ do: fc.constant("reload" as const) }),
  ),
  { maxLength: 120, size: "max" },
);

describe("timers", () => {
  it("agrees with a sorted list on every sequence of calls, across rests and snapshots", () => {
    let rested = 0;
    fc.assert(
      fc.property(operations, (ops) => {
        let timers = new Timers();
        const twin = new Twin();
        for (const op of ops) {
          switch (op.do) {
            case "arm": {
              const timer = { actor: op.actor, id: op.id, atMs: op.atMs, event: event(op.id) };
              timers.arm(timer);
              twin.arm(timer);
              break;
            }
            case "disarm":
              expect(timers.disarm(op.actor, op.id)).toBe(twin.disarm(op.actor, op.id));
              break;
            case "disarmAll":
              expect(timers.disarmAll(op.actor)).toBe(twin.disarmAll(op.actor));
              break;
            case "due":
              expect(timers.due(op.nowMs)).toEqual(twin.due(op.nowMs));
              break;
            case "reload":
              timers = new Timers(structuredClone(timers.encode()));
              break;
            case "rest":
              timers.rest(op.nowMs);
              rested += timers.resting;
          }
          const [next, right] = [timers.next(), twin.next()];
          if (timers.resting === 0 || right === undefined) expect(next).toBe(right);
          else expect(next).toBeLessThanOrEqual(right);
          for (const actor of ["a", "b", "c"])
            expect(timers.earliest(actor)).toBe(twin.earliest(actor));
          expect(timers.size).toBe(twin.list.length);
          expect(timers.held).toBeLessThanOrEqual(2 * timers.size + GARBAGE_MAX);
        }
        const copy = new Timers(timers.encode());
        expect(copy.encode()).toEqual(timers.encode());
      }),
    );
    expect(rested).toBeGreaterThan(0);
  });

  it("breaks ties by the order of arming and lets a replaced timer lose its place", () => {
    const timers = new Timers();
    for (const id of ["first", "second", "third"]) {
      timers.arm({ actor: "a", id, atMs: 10, event: event(id) });
    }
    timers.arm({ actor: "a", id: "first", atMs: 10, event: event("again") });
    expect([timers.due(10), timers.due(10), timers.due(10)]).toMatchObject([
      { id: "second" },
      { id: "third" },
      { id: "first", event: { type: "again" } },
    ]);
    expect(timers.due(10)).toBeUndefined();
  });

  it("keeps garbage bounded when deadlines are far and timers are disarmed", () => {
    const timers = new Timers();
    for (let n = 0; n < 10_000; n++) {
      timers.arm({ actor: `actor ${n}`, id: "far", atMs: 1_000_000 + n, event: event("far") });
      timers.disarm(`actor ${n}`, "far");
      expect(timers.held).toBeLessThanOrEqual(GARBAGE_MAX);
    }
    expect(timers.next()).toBeUndefined();
  });

  it("keeps garbage bounded when what was armed beside it has fired", () => {
    const timers = new Timers();
    for (let n = 0; n <= GARBAGE_MAX; n++)
      for (const [id, atMs] of [
        ["soon", 10],
        ["far", 1_000],
      ] as const)
        timers.arm({ actor: `actor ${n}`, id, atMs, event: event(id) });
    for (let n = 0; n <= GARBAGE_MAX; n++) timers.disarm(`actor ${n}`, "far");
    while (timers.due(10) !== undefined)
      expect(timers.held).toBeLessThanOrEqual(2 * timers.size + GARBAGE_MAX);
    expect(timers.size).toBe(0);
  });

  it("rests what is far and idle, and wakes it in its minute (T5)", () => {
    const timers = new Timers();
    const atMs = 10 * NEAR_MS;
    for (let n = 0; n < 100; n++)
      timers.arm({ actor: `actor ${n}`, id: "far", atMs: atMs + n, event: event(`${n}`) });
    timers.arm({ actor: "actor 0", id: "near", atMs: NEAR_MS - 1, event: event("near") });
    timers.arm({ actor: "actor 1", id: "far", atMs: 30 * NEAR_MS, event: event("later") });
    timers.rest(0);
    timers.disarm("actor 2", "unknown"); // asked for, so it does not rest
    timers.rest(0);
    expect([timers.resting, timers.size, timers.next()]).toEqual([98, 101, NEAR_MS - 1]);
    expect(timers.held).toBeLessThanOrEqual(2 * 3 + GARBAGE_MAX);
    const again = new Timers(structuredClone(timers.encode()));
    for (const one of [timers, again]) {
      expect(one.due(NEAR_MS)).toMatchObject({ actor: "actor 0", id: "near" });
      expect(one.due(atMs - 1)).toBeUndefined();
      const fired = Array.from({ length: 99 }, () => one.due(atMs + 99)?.event.type);
      const all = Array.from({ length: 100 }, (_, n) => `${n}`).filter((type) => type !== "1");
      expect(fired).toEqual(all);
      expect([one.due(29 * NEAR_MS), one.size]).toEqual([undefined, 1]);
      expect(one.due(30 * NEAR_MS)).toMatchObject({ actor: "actor 1", event: { type: "later" } });
    }
  });

  it("fires in order what rested in different minutes and what did not", () => {
    const timers = new Timers();
    timers.arm({ actor: "stale", id: "x", atMs: 2 * NEAR_MS, event: event("stale") });
    timers.arm({ actor: "far", id: "x", atMs: 3 * NEAR_MS + 1, event: event("far") });
    timers.rest(0);
    timers.rest(0);
    timers.disarm("stale", "x");
    timers.arm({ actor: "near", id: "x", atMs: 3 * NEAR_MS + 2, event: event("near") });
    const fired = [1, 2, 3].map(() => timers.due(4 * NEAR_MS)?.event.type);
    expect(fired).toEqual(["far", "near", undefined]);
    expect([timers.named, timers.size, timers.next()]).toEqual([0, 0, undefined]);
  });

  it("keeps garbage bounded of actors that stop with timers armed", () => {
    const timers = new Timers();
    for (let n = 0; n < 1_000; n++) {
      timers.arm({ actor: `actor ${n}`, id: "far", atMs: 1_000_000 + n, event: event("far") });
      timers.disarmAll(`actor ${n}`);
      expect(timers.held).toBeLessThanOrEqual(GARBAGE_MAX);
    }
  });

  it("keeps nothing of an actor that has disarmed all and was not asked for since", () => {
    const timers = new Timers();
    timers.arm({ actor: "a", id: "x", atMs: 5, event: event("x") });
    timers.disarm("a", "x");
    timers.rest(0);
    expect([...timers.encode().actors.awake]).toEqual([]);
    expect(timers.disarmAll("a")).toBe(0);
  });

  it("keeps names bounded of an actor that rests and wakes again and again (T4)", () => {
    const timers = new Timers();
    timers.arm({ actor: "a", id: "far", atMs: 1_000 * NEAR_MS, event: event("far") });
    for (let n = 0; n < 1_000; n++) {
      timers.rest(0);
      timers.rest(0);
      expect(timers.resting).toBe(1);
      expect(timers.held).toBeLessThanOrEqual(GARBAGE_MAX);
      timers.arm({ actor: "a", id: "far", atMs: 1_000 * NEAR_MS, event: event("far") });
      expect(timers.named).toBeLessThanOrEqual(2 + GARBAGE_MAX);
    }
  });

  it("refuses a deadline that is not whole milliseconds", () => {
    const timers = new Timers();
    const arm = () => timers.arm({ actor: "a", id: "x", atMs: 0.5, event: event("x") });
    expect(arm).toThrow("not whole ms");
  });
});
