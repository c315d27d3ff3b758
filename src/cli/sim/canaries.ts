/** Every canary on seed after seed, until the checkers hear it. */

import { openPool, type Pool } from "#runtime/threads/pool.ts";
import { CANARIES, CANARY_SEEDS_MAX } from "#sim/canaries/all.ts";
import type { Canary } from "#sim/canaries/canary.ts";
import { planOf } from "#sim/plan/draw.ts";
import { commandFor, runOn } from "./sweep.ts";

export interface Heard {
  readonly canary: string;
  readonly what: string;
  /** Seeds it took; undefined: not heard within CANARY_SEEDS_MAX. */
  readonly seeds: number | undefined;
  /** The first violation, and the command that shows it again. */
  readonly property?: string;
  readonly violation?: string;
  readonly command?: string;
}

const shows = ({ supervisors }: Canary, seed: number): boolean => {
  if (supervisors === undefined) return true;
  return planOf(seed).supervisors.length > 1 === (supervisors === "several");
};

const listen = async (pool: Pool, canary: Canary, firstSeed: number): Promise<Heard> => {
  const { name, what, properties } = canary;
  let seeds = 0;
  for (let seed = firstSeed; seeds < CANARY_SEEDS_MAX; seed += 1) {
    if (!shows(canary, seed)) continue;
    seeds += 1;
    const task = { seed, selection: {}, keepTrace: false, canary: name };
    const { violations } = await runOn(pool, task);
    const violation = violations.find(({ property }) => properties.includes(property));
    if (violation === undefined) continue;
    const command = commandFor(seed, `--canary ${name}`);
    return {
      canary: name,
      what,
      seeds,
      property: violation.property,
      violation: violation.what,
      command,
    };
  }
  return { canary: name, what, seeds: undefined };
};

export const hearCanaries = async (options: {
  readonly jobs: number;
  readonly firstSeed: number;
  readonly onHeard: (heard: Heard) => void;
}): Promise<readonly Heard[]> => {
  const pool = openPool(options.jobs);
  const results = new Map<string, Heard>();
  const queue = [...CANARIES];
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const heard = await listen(pool, next, options.firstSeed);
      results.set(next.name, heard);
      options.onHeard(heard);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.jobs }, lane));
  } finally {
    await pool.close();
  }
  return CANARIES.flatMap(({ name }) => results.get(name) ?? []);
};
