import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Budget, type Reservation } from "#agent/llm/budget.ts";

const reserve = (budget: Budget, need: string, worst: bigint) => budget.purse(need).reserve(worst);

describe("a budget", () => {
  test("refuses what would exceed a cap, and says which and what is left", () => {
    const budget = new Budget({ call: 10n, need: 15n, total: 20n });
    const purse = budget.purse("a");
    expect(purse.reserve(11n)).toEqual({ kind: "over", cap: "call", left: 10n });
    expect(purse.reserve(10n)).toMatchObject({ kind: "reserved" });
    expect(purse.reserve(1n)).toEqual({ kind: "over", cap: "call", left: 0n });
    expect(reserve(budget, "a", 6n)).toEqual({ kind: "over", cap: "need", left: 5n });
    expect(reserve(budget, "b", 10n)).toMatchObject({ kind: "reserved" });
    expect(reserve(budget, "c", 1n)).toEqual({ kind: "over", cap: "total", left: 0n });
    expect([budget.spent, budget.reserved]).toEqual([0n, 20n]);
  });

  test("gives back what a request did not cost", () => {
    const budget = new Budget({ total: 10n });
    const first = reserve(budget, "a", 10n) as Reservation;
    expect(budget.admits("b", 1n)).toBe(false);
    first.settle(4n);
    expect([budget.spent, budget.reserved]).toEqual([4n, 0n]);
    expect([budget.admits("b", 6n), budget.admits("b", 7n)]).toEqual([true, false]);
  });

  test("knows no limit where there is no cap", () => {
    expect(reserve(new Budget({}), "a", 10n ** 30n)).toMatchObject({ kind: "reserved" });
  });

  test.each([
    ["twice", 1n, 1n],
    ["with more than was reserved", 11n, undefined],
    ["with less than nothing", -1n, undefined],
  ])("cannot be settled %s", (_, first, second) => {
    const { settle } = reserve(new Budget({}), "a", 10n) as Reservation;
    expect(() => {
      settle(first);
      if (second !== undefined) settle(second);
    }).toThrow("B2");
  });

  test("forgets the oldest need, never one with a request under way", () => {
    const budget = new Budget({ need: 10n }, undefined, 2);
    const open = reserve(budget, "a", 10n) as Reservation;
    for (const need of ["b", "c", "d"]) (reserve(budget, need, 10n) as Reservation).settle(10n);
    expect(reserve(budget, "a", 1n)).toMatchObject({ kind: "over", cap: "need" });
    open.settle(10n);
    expect(reserve(budget, "a", 1n)).toMatchObject({ kind: "over", cap: "need" });
  });

  test("is never exceeded by one millionth, whatever is asked at the same time", () => {
    const amount = fc.bigInt({ min: 0n, max: 60n });
    const cap = fc.option(fc.bigInt({ min: 0n, max: 100n }), { nil: undefined });
    const step = fc.record({
      call: fc.nat({ max: 5 }),
      worst: amount,
      settle: fc.option(fc.record({ which: fc.nat(), part: fc.nat({ max: 100 }) }), {
        nil: undefined,
      }),
    });
    fc.assert(
      fc.property(cap, cap, cap, fc.array(step, { maxLength: 60 }), (call, need, total, steps) => {
        const caps = Object.fromEntries(
          Object.entries({ call, need, total }).filter(([, one]) => one !== undefined),
        ) as { call?: bigint; need?: bigint; total?: bigint };
        const budget = new Budget(caps);
        const purses = Array.from({ length: 6 }, (_, n) => budget.purse(`need ${n % 3}`));
        /** The dumb twin: every reservation with what it holds now. */
        const all: { call: number; holds: bigint; open: Reservation | undefined }[] = [];
        const held = (of: (one: { call: number }) => boolean): bigint =>
          all.filter(of).reduce((sum, { holds }) => sum + holds, 0n);
        for (const { call: n, worst, settle } of steps) {
          const fits =
            (call === undefined || held((one) => one.call === n) + worst <= call) &&
            (need === undefined || held((one) => one.call % 3 === n % 3) + worst <= need) &&
            (total === undefined || held(() => true) + worst <= total);
          const answer = purses[n]!.reserve(worst);
          expect(answer.kind).toBe(fits ? "reserved" : "over");
          if (answer.kind === "reserved") all.push({ call: n, holds: worst, open: answer });
          const waiting = all.filter(({ open }) => open !== undefined);
          const one = settle === undefined ? undefined : waiting[settle.which % waiting.length];
          if (one !== undefined) {
            one.holds = (one.open!.amount * BigInt(settle!.part)) / 100n;
            one.open!.settle(one.holds);
            one.open = undefined;
          }
          expect(budget.spent + budget.reserved).toBe(held(() => true));
          if (total !== undefined) expect(budget.spent + budget.reserved <= total).toBe(true);
        }
      }),
    );
  });
});
