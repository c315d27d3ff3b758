/** One seed on one thread of the pool. */

import { collectMarks, type Mark } from "#ports/marks.ts";
import { CANARIES } from "#sim/canaries/all.ts";
import { checkAll } from "#sim/checkers/all.ts";
import { planOf } from "#sim/plan/draw.ts";
import { withMarket, type Market } from "#sim/plan/market.ts";
import type { FaultPlan, Plan } from "#sim/plan/plan.ts";
import { selected, type Selection } from "#sim/plan/select.ts";
import { simulate, type RunReport } from "#sim/run/simulate.ts";

export interface SeedTask {
  readonly seed: number;
  readonly selection: Selection;
  /** Only faults of these kinds; undefined: all. */
  readonly kinds?: readonly FaultPlan["kind"][];
  readonly keepTrace: boolean;
  /** Held in each world in place of the one that the seed draws. */
  readonly market?: Market;
  /** Something is broken on purpose. */
  readonly canary?: string;
}

export type SeedResult = RunReport & {
  /** Process time it took, ms. */
  readonly tookMs: number;
  /** Rare branches that ran. */
  readonly marks: readonly Mark[];
};

/** So often the thread's own event loop gets its turn. */
const SETTLED_PER_LOOP = 1_024;
let settledCount = 0;

/**
 * Every promise of the world has gone on as far as it can by itself: a tick comes when no promise is
 * left to go on, and at a third of what a turn of the event loop takes.
 */
export const settled = (): Promise<void> =>
  new Promise((resolve) => {
    settledCount += 1;
    if (settledCount % SETTLED_PER_LOOP === 0) setImmediate(resolve);
    else process.nextTick(resolve);
  });

export const planFor = (task: Omit<SeedTask, "keepTrace">): Plan => {
  const { seed, selection, kinds, market } = task;
  const drawn = planOf(seed);
  const plan = market === undefined ? drawn : withMarket(drawn, market);
  const faults =
    kinds === undefined ? plan.faults : plan.faults.filter((f) => kinds.includes(f.kind));
  return selected({ ...plan, faults }, selection);
};

export const runSeed = async (task: SeedTask): Promise<SeedResult> => {
  const startedMs = performance.now();
  const plan = planFor(task);
  const { keepTrace } = task;
  const marks = collectMarks();
  const canary = CANARIES.find(({ name }) => name === task.canary);
  const report = await simulate({
    plan,
    settled,
    keepTrace,
    check: checkAll,
    ...(canary === undefined ? {} : { canary }),
  });
  return { ...report, tookMs: performance.now() - startedMs, marks: marks() };
};

/** The pool's job: one seed after another. */
export const runSeeds = async (tasks: readonly SeedTask[]): Promise<readonly SeedResult[]> => {
  const results: SeedResult[] = [];
  for (const task of tasks) results.push(await runSeed(task));
  return results;
};
