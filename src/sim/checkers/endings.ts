/** E5: once faults have stopped, every need that was opened has ended, and its decide keys are gone. */

import { attemptOf, ENDS, leaderEntries, logsOf } from "./log-reader.ts";
import type { Checker, Violation } from "./observation.ts";

export const endings: Checker = {
  property: "E5",
  check: (observation) => {
    if (!observation.isQuiet)
      return { kind: "not-covered", why: "nobody says that all has had its time to end" };
    const violations: Violation[] = [];
    const logs = logsOf(observation);
    const ended = new Map<string, Set<string>>();
    const last = new Set<string>();
    for (const { body } of leaderEntries(logs, ...ENDS)) {
      const need = String(body["need"]);
      ended.set(need, (ended.get(need) ?? new Set()).add(attemptOf(body)));
      if (body["last"] === true || body["outcome"] === "refused" || body["outcome"] === "duplicate")
        last.add(need);
    }
    for (const { bucket, body } of leaderEntries(logs, "OPEN_ATTEMPT")) {
      const need = String(body["need"]);
      const key = attemptOf(body);
      if (ended.get(need)?.has(key) !== true)
        violations.push({ property: "E5", bucket, need, what: `attempt ${key} never ended` });
      if (!last.has(need))
        violations.push({ property: "E5", bucket, need, what: "the need has no last settlement" });
    }
    for (const [bucket, keys] of observation.decideKeys)
      for (const key of keys)
        if (last.has(key.slice(0, key.lastIndexOf("/"))))
          violations.push({
            property: "E5",
            bucket,
            what: `the decide key ${key} was never deleted`,
          });
    return { kind: "checked", violations };
  },
};
