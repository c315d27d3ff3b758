/**
 * P5: at most one live lease per need; what is done under a lease is done by its worker, under its
 * revision, before it ends; and every lease ends.
 */

import { attemptOf, ENDS, logsOf, type Plain, type SeenEntry } from "./log-reader.ts";
import type { Checker, Violation } from "./observation.ts";

interface Lease {
  readonly attempt: string;
  readonly worker: string;
  readonly revision: number;
  /** From GRANT, or from the last heartbeat, to its end, at most. */
  readonly ttlMs: number;
  endsAtMs: number;
  isOver: boolean;
}

const UNDER_LEASE = ["COMMIT", "HEARTBEAT", "YIELD"];

const leaseOf = (atMs: number, body: Plain): Lease => ({
  attempt: attemptOf(body),
  worker: String(body["worker"]),
  revision: Number(body["revision"]),
  ttlMs: Number(body["endsAtMs"]) - atMs,
  endsAtMs: Number(body["endsAtMs"]),
  isOver: false,
});

const checkBucket = (entries: readonly SeenEntry[], isQuiet: boolean): Violation[] => {
  const violations: Violation[] = [];
  const live = new Map<string, Lease>();
  const bad = (need: string, what: string): void =>
    void violations.push({ property: "P5", need, what });
  for (const entry of entries) {
    if (!("body" in entry)) continue;
    const need = String(entry.body["need"]);
    const lease = live.get(need);
    if (entry.kind === "envelope") {
      if (!UNDER_LEASE.includes(entry.verb)) continue;
      if (lease === undefined || lease.isOver)
        bad(need, `${entry.verb} was taken at ${entry.atMs} with no lease alive`);
      else if (lease.revision !== Number(entry.body["revision"]) || lease.worker !== entry.from)
        bad(need, `${entry.verb} was taken under another lease than revision ${lease.revision}`);
      else if (entry.atMs > lease.endsAtMs)
        bad(
          need,
          `${entry.verb} was taken at ${entry.atMs}, after the lease's end ${lease.endsAtMs}`,
        );
      if (lease === undefined) continue;
      // A sign of life moves the end, by no more than the lease was granted for.
      if (entry.verb === "HEARTBEAT") lease.endsAtMs = entry.atMs + lease.ttlMs;
      else lease.isOver = true;
    } else if (entry.verb === "GRANT") {
      if (lease !== undefined && !lease.isOver)
        bad(need, `a lease was granted while revision ${lease.revision} was alive`);
      live.set(need, leaseOf(entry.atMs, entry.body));
    } else if (entry.verb === "SETTLE" || ENDS.some((verb) => verb === entry.verb)) {
      if (lease?.attempt === attemptOf(entry.body)) lease.isOver = true;
    }
  }
  if (isQuiet)
    for (const [need, lease] of live)
      if (!lease.isOver) bad(need, `the lease of revision ${lease.revision} never ended`);
  return violations;
};

export const leases: Checker = {
  property: "P5",
  check: (observation) => {
    const { ofBucket } = logsOf(observation);
    const violations = [...ofBucket.values()].flatMap((entries) =>
      checkBucket(entries, observation.isQuiet),
    );
    return { kind: "checked", violations };
  },
};
