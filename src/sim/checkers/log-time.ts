/**
 * P5, its other half: deadlines are in log time, so log time never runs faster than time. Between two
 * commits of a bucket it grows by no more than true time did.
 */

import { logsOf } from "./log-reader.ts";
import type { Checker, Violation } from "./observation.ts";

/** Clocks of simulated machines drift by no more than this, and turns are built before they commit. */
const DRIFT_PPM = 1_000;
const SLACK_MS = 20_000;

export const logTime: Checker = {
  property: "P5",
  check: (observation) => {
    const { commits } = observation;
    if (commits.length === 0)
      return {
        kind: "not-covered",
        why: "no store was watched: log time is not compared with time",
      };
    const appliedMs = new Map<string, number>();
    for (const { records, atMs, outcome } of commits)
      if (outcome === "applied") for (const hash of records) appliedMs.set(hash, atMs);
    const violations: Violation[] = [];
    for (const [bucket, records] of logsOf(observation).records) {
      const [first] = records;
      const startMs = appliedMs.get(first?.hash ?? "");
      const last = records.at(-1);
      const endMs = appliedMs.get(last?.hash ?? "");
      if (startMs === undefined || endMs === undefined || first === undefined) continue;
      const passedMs = endMs - startMs;
      const grownMs = (last?.atMs ?? 0) - first.atMs;
      if (grownMs > passedMs + (passedMs * DRIFT_PPM) / 1_000_000 + SLACK_MS)
        violations.push({
          property: "P5",
          bucket,
          what: `log time grew by ${grownMs} ms while ${passedMs} ms passed`,
        });
    }
    return { kind: "checked", violations };
  },
};
