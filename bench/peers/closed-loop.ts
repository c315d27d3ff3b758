/**
 * A closed loop: so many tasks are under way at a time, the next one starts when one has ended. How many
 * suit a peer best is tried first, so that none is measured at another's setting.
 */

import { percentile } from "../support/statistics.ts";
import type { Task } from "./peer.ts";

export interface Rates {
  readonly tasksPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Tasks under way at a time. */
  readonly open: number;
}

const OPENS = [16, 64, 256] as const;
const TRY_MS = 1_500;
/** With the tries 10 s, as canswarm has. */
const WARMUP_MS = 5_500;
/** Of fast peers each so many-th latency is kept, the latest in place of the oldest. */
const LATENCIES_MAX = 500_000;
/** A task that takes longer is taken for lost, and the peer for broken. */
const TASK_MS_MAX = 30_000;

interface Serials {
  next: number;
}

const inTime = async (task: Promise<void>, ms: number): Promise<void> => {
  let late: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error(`tasks not done after ${ms} ms`)), ms);
  });
  try {
    await Promise.race([task, overdue]);
  } finally {
    clearTimeout(late);
  }
};

/** Tasks that end within `ms`, a second, and their latencies. */
export const closedLoop = async (
  task: Task,
  { open, ms, serials }: { readonly open: number; readonly ms: number; readonly serials: Serials },
): Promise<Rates> => {
  const latencies: number[] = [];
  const beginMs = performance.now();
  const endMs = beginMs + ms;
  let done = 0;
  const lane = async (): Promise<void> => {
    for (let startMs = performance.now(); startMs < endMs;) {
      serials.next += 1;
      await task(serials.next);
      const nowMs = performance.now();
      if (nowMs <= endMs) {
        latencies[done % LATENCIES_MAX] = nowMs - startMs;
        done += 1;
      }
      startMs = nowMs;
    }
  };
  const lanes = Promise.all(Array.from({ length: open }, lane));
  await inTime(
    lanes.then(() => undefined),
    ms + TASK_MS_MAX,
  );
  return {
    tasksPerSecond: (done * 1_000) / ms,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    open,
  };
};

/** At the number of open tasks that gave most in a short try. */
export const measureTask = async (task: Task, seconds: number): Promise<Rates> => {
  const serials: Serials = { next: 0 };
  await closedLoop(task, { open: OPENS[0], ms: WARMUP_MS, serials });
  const tried: Rates[] = [];
  for (const open of OPENS) tried.push(await closedLoop(task, { open, ms: TRY_MS, serials }));
  const { open } = tried.reduce((best, one) =>
    one.tasksPerSecond > best.tasksPerSecond ? one : best,
  );
  return closedLoop(task, { open, ms: seconds * 1_000, serials });
};
