/**
 * Stateless CPU work on other cores, in chunks: re-verification in bulk, policy evaluation, Merkle
 * building. A job is a named export of a module that the caller names by URL; it gets one chunk and
 * returns one result per item. Work for one item alone is faster done in place.
 */
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";

/** Chunks that wait for a thread; beyond it `chunked` holds the rest back itself. */
export const POOL_QUEUE_MAX = 64;
/** Chunks of one `chunked` call under way at a time, so that one large call leaves room for others. */
export const CHUNKS_IN_FLIGHT_MAX = 16;

/** Where a job lives: a module's URL and the name of its export. */
export interface Job {
  readonly module: string;
  readonly name: string;
}

/** What a job's export looks like. */
export type JobFunction<T, R> = (items: readonly T[]) => readonly R[] | Promise<readonly R[]>;

/** What the pool's thread is given. */
export interface Chunk {
  readonly job: Job;
  readonly items: readonly unknown[];
}

export interface Pool {
  readonly run: (chunk: Chunk) => Promise<readonly unknown[]>;
  /** Finishes what was begun, then ends the threads. */
  readonly close: () => Promise<void>;
}

const workerFile = (): string =>
  fileURLToPath(import.meta.resolve("#runtime/threads/pool-worker.ts"));

/** A pool of `threads` threads, which are started with the first work and stay. */
export const openPool = (threads: number): Pool => {
  const piscina = new Piscina<Chunk, readonly unknown[]>({
    filename: workerFile(),
    name: "runChunk",
    minThreads: 0,
    maxThreads: threads,
    maxQueue: POOL_QUEUE_MAX,
    idleTimeout: Infinity,
  });
  return { run: (chunk) => piscina.run(chunk), close: () => piscina.close() };
};

/**
 * The results of `job` on `items`, in their order. Rejects with the job's own error; chunks that were
 * under way then are finished and dropped.
 */
export const chunked = async <T, R>(
  pool: Pool,
  job: Job,
  items: readonly T[],
  chunkSize: number,
): Promise<readonly R[]> => {
  if (!Number.isInteger(chunkSize) || chunkSize < 1) throw new Error(`chunk size ${chunkSize}`);
  const starts = Array.from(
    { length: Math.ceil(items.length / chunkSize) },
    (_, n) => n * chunkSize,
  );
  const results: (readonly R[])[] = [];
  const queue = starts.entries();
  let failed = false;
  /** Several of these share one iterator: each takes the next chunk when it has done its last. */
  const lane = async (): Promise<void> => {
    for (const [at, start] of queue) {
      if (failed) return;
      const chunk = items.slice(start, start + chunkSize);
      const done = await pool.run({ job, items: chunk }).catch((error: unknown) => {
        failed = true;
        throw error;
      });
      if (done.length !== chunk.length) {
        throw new Error(`job ${job.name} gave ${done.length} results for ${chunk.length} items`);
      }
      results[at] = done as readonly R[];
    }
  };
  await Promise.all(Array.from({ length: Math.min(CHUNKS_IN_FLIGHT_MAX, starts.length) }, lane));
  return results.flat();
};
