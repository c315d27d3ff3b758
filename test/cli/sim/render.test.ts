import { expect, it } from "vitest";
import { renderSim } from "#cli/sim/render.ts";
import type { SeedViolation, SweepReport } from "#cli/sim/sweep.ts";

const violation = (property: string, at: number): SeedViolation => ({
  seed: at,
  property,
  what: `${property} is broken`,
  command: `npx canswarm sim --seeds ${at}..${at}`,
});

const report: SweepReport = {
  seeds: 1,
  needs: 1,
  acknowledged: 1,
  outcomes: {},
  faults: {},
  violations: [...Array.from({ length: 30 }, (_, at) => violation("E5", at)), violation("E6", 99)],
  notCovered: [],
  marks: { hit: 0, of: 0, never: [] },
  simulatedHours: 0,
  simulatedHoursPerSecond: 0,
  seconds: 1,
  traceHash: "",
};

it("each broken property is counted and shown, however many violations another has", () => {
  const text = renderSim(report, undefined, { color: false, width: 80 });
  expect(text).toContain("31 violations: E5 30, E6 1");
  expect(text).toContain("E6, seed 99: E6 is broken");
  expect(text).toContain("and 11 more");
});
