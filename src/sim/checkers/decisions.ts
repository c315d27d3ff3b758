/** P1: at most one DECIDE per (need, attempt), in all logs and in the consensus store. */

import { attemptOf, leaderEntries, logsOf } from "./log-reader.ts";
import type { Checker, Violation } from "./observation.ts";

export const decisions: Checker = {
  property: "P1",
  check: (observation) => {
    const violations: Violation[] = [];
    const seen = new Map<string, number>();
    for (const { bucket, body } of leaderEntries(logsOf(observation), "DECIDE")) {
      const key = attemptOf(body);
      const times = (seen.get(key) ?? 0) + 1;
      seen.set(key, times);
      if (times > 1)
        violations.push({ property: "P1", bucket, what: `${key} was decided ${times} times` });
    }
    const created = new Set<string>();
    for (const { bucket, decides, outcome } of observation.commits) {
      if (outcome !== "applied") continue;
      for (const key of decides) {
        const what = `the decide key ${key} was created twice`;
        if (created.has(key)) violations.push({ property: "P1", bucket, what });
        created.add(key);
        if (!seen.has(key))
          violations.push({ property: "P1", bucket, what: `${key} has a key and no DECIDE` });
      }
    }
    if (observation.commits.length > 0)
      for (const key of seen.keys())
        if (!created.has(key))
          violations.push({ property: "P1", what: `the DECIDE of ${key} created no key` });
    const without = "no store was watched: decide keys are not compared";
    return {
      kind: "checked",
      violations,
      ...(observation.commits.length > 0 ? {} : { without }),
    };
  },
};
