/** What becomes of a child that failed: one pure function of its spec, its history and the time. */
import type { OnRestart, RestartSpec } from "./spec.ts";

export type Verdict =
  | { readonly kind: "restart"; readonly afterMs: number; readonly state: OnRestart }
  | { readonly kind: "stop" }
  | { readonly kind: "escalate" };

/** The failures that still count. A good start in between forgets nothing: only time does. */
export const recentFailures = (
  child: Pick<RestartSpec, "restartWindowMs">,
  failures: readonly number[],
  nowMs: number,
): readonly number[] => failures.filter((atMs) => nowMs - atMs < child.restartWindowMs);

/**
 * `failures` are the times of all failures, the one of now included, in ms of the same clock as `nowMs`.
 * More than `restartsMax` of them within the window is beyond this child's supervisor: escalate.
 */
export const decide = (child: RestartSpec, failures: readonly number[], nowMs: number): Verdict => {
  if (child.restart === "never") return { kind: "stop" };
  const recent = recentFailures(child, failures, nowMs).length;
  if (recent > child.restartsMax) return { kind: "escalate" };
  const doubled = child.backoffMinMs * 2 ** Math.max(0, recent - 1);
  return {
    kind: "restart",
    afterMs: Math.min(doubled, child.backoffMaxMs),
    state: child.onRestart,
  };
};
