/** One thread of the pool: loads the job's module once and runs its export on a chunk. */
import type { Chunk, JobFunction } from "./pool.ts";

export const runChunk = async ({ job, items }: Chunk): Promise<readonly unknown[]> => {
  const module: Record<string, unknown> = await import(job.module);
  const run = module[job.name];
  if (typeof run !== "function") throw new Error(`${job.module} exports no function ${job.name}`);
  return (run as JobFunction<unknown, unknown>)(items);
};
