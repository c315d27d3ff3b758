/** Many seeds on all cores: sums, failures with the command that shows them again. */

import { createHash } from "node:crypto";
import { MARKS } from "#ports/marks.ts";
import { openPool, type Pool } from "#runtime/threads/pool.ts";
import { textOfIndices, type Selection } from "#sim/plan/select.ts";
import { shrink } from "#sim/run/shrink.ts";
import { planFor, type SeedResult, type SeedTask } from "./job.ts";

/** Runs that a shrink may take: about as many seconds. */
export const SHRINK_RUNS_MAX = 120;

export interface SeedViolation {
  readonly seed: number;
  readonly property: string;
  readonly what: string;
  readonly command: string;
}

export interface SweepOptions {
  readonly seeds: readonly number[];
  readonly jobs: number;
  readonly task: Omit<SeedTask, "seed">;
  /** Text of --faults and the like, for the commands that are printed. */
  readonly flags: string;
  readonly onSeed: (result: SeedResult) => void;
}

export interface SweepReport {
  readonly seeds: number;
  readonly needs: number;
  readonly acknowledged: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: readonly SeedViolation[];
  readonly notCovered: readonly string[];
  /** Rare branches that ran in some seed, of all that are marked, and those that never did. */
  readonly marks: { readonly hit: number; readonly of: number; readonly never: readonly string[] };
  readonly simulatedHours: number;
  readonly simulatedHoursPerSecond: number;
  readonly seconds: number;
  readonly traceHash: string;
}

const MODULE = import.meta.resolve("#cli/sim/job.ts");

export const runOn = async (pool: Pool, task: SeedTask): Promise<SeedResult> => {
  const [result] = await pool.run({ job: { module: MODULE, name: "runSeeds" }, items: [task] });
  return result as SeedResult;
};

const add = (sums: Record<string, number>, more: Readonly<Record<string, number>>): void => {
  for (const [key, value] of Object.entries(more)) sums[key] = (sums[key] ?? 0) + value;
};

export const commandFor = (seed: number, flags: string, selection: Selection = {}): string => {
  const parts = [`npx canswarm sim --seeds ${seed}..${seed}`];
  if (flags !== "") parts.push(flags);
  if (selection.needs !== undefined) parts.push(`--keep-needs ${textOfIndices(selection.needs)}`);
  if (selection.faults !== undefined)
    parts.push(`--keep-faults ${textOfIndices(selection.faults)}`);
  if (selection.safetyMs !== undefined) parts.push(`--safety-ms ${selection.safetyMs}`);
  return parts.join(" ");
};

export const sweep = async (options: SweepOptions): Promise<SweepReport> => {
  const { seeds, jobs, task, flags, onSeed } = options;
  const pool = openPool(jobs);
  const startedMs = performance.now();
  const sums = { needs: 0, acknowledged: 0, simulatedMs: 0 };
  const outcomes: Record<string, number> = {};
  const faults: Record<string, number> = {};
  const violations: SeedViolation[] = [];
  const notCovered = new Set<string>();
  const hashes = new Map<number, string>();
  const never = new Set<string>(Object.keys(MARKS));
  const queue = [...seeds];
  const lane = async (): Promise<void> => {
    for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) {
      const command = commandFor(seed, flags, task.selection);
      try {
        const result = await runOn(pool, { ...task, seed });
        sums.needs += result.needs;
        sums.acknowledged += result.acknowledged;
        sums.simulatedMs += result.simulatedMs;
        add(outcomes, result.outcomes);
        add(faults, result.faults);
        hashes.set(seed, result.traceHash);
        for (const one of result.marks) never.delete(one);
        for (const one of result.notCovered) notCovered.add(one);
        for (const { property, what } of result.violations)
          violations.push({ seed, property, what, command });
        onSeed(result);
      } catch (error) {
        const what = error instanceof Error ? error.message : String(error);
        violations.push({ seed, property: "uncaught", what, command });
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: jobs }, lane));
  } finally {
    await pool.close();
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const simulatedHours = sums.simulatedMs / 3_600_000;
  return {
    seeds: seeds.length,
    needs: sums.needs,
    acknowledged: sums.acknowledged,
    outcomes,
    faults,
    violations: violations.sort((a, b) => a.seed - b.seed),
    notCovered: [...notCovered].sort(),
    marks: {
      hit: Object.keys(MARKS).length - never.size,
      of: Object.keys(MARKS).length,
      never: [...never].sort(),
    },
    simulatedHours,
    simulatedHoursPerSecond: simulatedHours / seconds,
    seconds,
    traceHash: hashOf(seeds, hashes),
  };
};

/** One seed: the hash of its trace. Several: the hash of their hashes, in the order of the seeds. */
const hashOf = (seeds: readonly number[], hashes: ReadonlyMap<number, string>): string => {
  const list = seeds.map((seed) => hashes.get(seed) ?? "");
  if (list.length === 1) return list[0] ?? "";
  return createHash("sha256").update(list.join("\n")).digest("hex");
};

/** The smallest version of this seed that shows the same property broken, as a command. */
export const shrinkSeed = async (
  seed: number,
  property: string,
  { task, flags }: Pick<SweepOptions, "task" | "flags">,
): Promise<{ readonly command: string; readonly runs: number }> => {
  const pool = openPool(1);
  const whole = planFor({ ...task, seed, selection: {} });
  try {
    const { selection, runs } = await shrink({
      plan: whole,
      runsMax: SHRINK_RUNS_MAX,
      fails: async (selection) => {
        const result = await runOn(pool, { ...task, seed, selection }).catch(() => undefined);
        if (result === undefined) return property === "uncaught";
        return result.violations.some((one) => one.property === property);
      },
    });
    return { command: commandFor(seed, flags, selection), runs };
  } finally {
    await pool.close();
  }
};
