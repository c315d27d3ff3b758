/**
 * Makes a failing plan small: fewer faults, fewer needs, less time, as long as the same property still
 * fails. Delta debugging (Zeller, Hildebrandt 2002): halves, then quarters, then eighths are left out.
 */

import type { Plan } from "../plan/plan.ts";
import type { Selection } from "../plan/select.ts";

export interface ShrinkOptions {
  readonly plan: Plan;
  /** Does this part of the plan fail in the same way? */
  readonly fails: (selection: Selection) => Promise<boolean>;
  /** Runs allowed. */
  readonly runsMax: number;
}

export interface Shrunk {
  readonly selection: Selection;
  readonly runs: number;
}

const all = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

export const shrink = async ({ plan, fails, runsMax }: ShrinkOptions): Promise<Shrunk> => {
  let runs = 0;
  let best: Required<Selection> = {
    needs: all(plan.needs.length),
    faults: all(plan.faults.length),
    safetyMs: plan.safetyMs,
  };
  const tries = async (candidate: Required<Selection>): Promise<boolean> => {
    if (runs >= runsMax) return false;
    runs += 1;
    if (!(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  const fewer = async (which: "needs" | "faults"): Promise<void> => {
    if (await tries({ ...best, [which]: [] })) return;
    let parts = 2;
    while (best[which].length > 1 && runs < runsMax) {
      const { length } = best[which];
      const size = Math.ceil(length / parts);
      let isSmaller = false;
      for (let at = 0; at < length && !isSmaller; at += size) {
        const without = best[which].filter((_, i) => i < at || i >= at + size);
        isSmaller = await tries({ ...best, [which]: without });
      }
      if (isSmaller) parts = Math.max(2, parts - 1);
      else if (size === 1) return;
      else parts = Math.min(length, parts * 2);
    }
  };
  await fewer("faults");
  await fewer("needs");
  await fewer("faults");
  const last = Math.max(
    1,
    ...best.needs.map((at) => plan.needs[at]?.atMs ?? 0),
    ...best.faults.map((at) => plan.faults[at]?.atMs ?? 0),
  );
  for (const safetyMs of [last + 1, last * 2, Math.ceil(plan.safetyMs / 2)])
    if (safetyMs < best.safetyMs && (await tries({ ...best, safetyMs }))) break;
  return { selection: best, runs };
};
