import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, type Verdict } from "#runtime/supervision/decide.ts";
import { RESTART_DEFAULTS, type RestartSpec } from "#runtime/supervision/spec.ts";

const child: RestartSpec = {
  ...RESTART_DEFAULTS,
  name: "host",
  restartsMax: 3,
  restartWindowMs: 1_000,
  backoffMinMs: 10,
  backoffMaxMs: 35,
};
const again = (afterMs: number): Verdict => ({ kind: "restart", afterMs, state: "replay" });

describe("decide", () => {
  const rows: [string, Partial<RestartSpec>, number[], Verdict][] = [
    ["the first failure restarts after the least delay", {}, [5_000], again(10)],
    ["the second doubles it", {}, [4_900, 5_000], again(20)],
    ["the third is cut to the longest delay", {}, [4_800, 4_900, 5_000], again(35)],
    ["one more than allowed escalates", {}, [4_700, 4_800, 4_900, 5_000], { kind: "escalate" }],
    ["failures before the window do not count", {}, [1, 2, 3, 4_000, 5_000], again(10)],
    ["no restarts allowed escalates at once", { restartsMax: 0 }, [5_000], { kind: "escalate" }],
    ["a child that is never restarted stops", { restart: "never" }, [5_000], { kind: "stop" }],
    [
      "a child without a log starts fresh",
      { onRestart: "fresh" },
      [5_000],
      { kind: "restart", afterMs: 10, state: "fresh" },
    ],
  ];
  it.each(rows)("%s", (_, change, failures, verdict) => {
    expect(decide({ ...child, ...change }, failures, 5_000)).toEqual(verdict);
  });

  it("never allows more than restartsMax restarts in any window, whatever good starts lie between", () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(gaps, (list) => {
        const failures: number[] = [];
        const restarts: number[] = [];
        let nowMs = 0;
        for (const gap of list) {
          nowMs += gap;
          failures.push(nowMs);
          if (decide(child, failures, nowMs).kind === "restart") restarts.push(nowMs);
          const recent = restarts.filter((atMs) => nowMs - atMs < child.restartWindowMs);
          expect(recent.length).toBeLessThanOrEqual(child.restartsMax);
        }
      }),
    );
  });
});
