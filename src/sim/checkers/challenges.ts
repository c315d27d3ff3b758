/**
 * P3: an attempt is invalidated only by a challenge that was admitted before its settlement, and that
 * was ruled upheld.
 */

import { attemptOf, leaderEntries, logsOf } from "./log-reader.ts";
import type { Checker, Violation } from "./observation.ts";

export const challenges: Checker = {
  property: "P3",
  check: (observation) => {
    const logs = logsOf(observation);
    const violations: Violation[] = [];
    for (const { bucket, position, body } of leaderEntries(logs, "INVALIDATE")) {
      const key = attemptOf(body);
      const before = (logs.ofBucket.get(bucket) ?? []).filter((entry) => entry.position < position);
      const rulings = before.filter(
        (entry) =>
          entry.kind === "given" &&
          entry.verb === "RULE" &&
          attemptOf(entry.body) === key &&
          entry.body["upheld"] === true,
      );
      const ruled = new Set(
        rulings.map((entry) => ("body" in entry ? String(entry.body["challenge"]) : "")),
      );
      const isAdmitted = before.some(
        (entry) => entry.kind === "envelope" && entry.verb === "CHALLENGE" && ruled.has(entry.id),
      );
      if (!isAdmitted)
        violations.push({
          property: "P3",
          bucket,
          need: String(body["need"]),
          what: `${key} was invalidated without a challenge that was admitted and upheld`,
        });
    }
    return { kind: "checked", violations };
  },
};
