/** How often something can be done a second. */

const RUN_MS = 1_000;
/** Calls before the clock starts. */
const WARMUP_CALLS = 20;

export interface RateOptions {
  /** What one call does, counted in what is told. */
  readonly units: number;
  readonly ms?: number;
  readonly warmupCalls?: number;
}

/** One call after the other for `ms`. */
export const ratePerSecond = async (
  { units, ms = RUN_MS, warmupCalls = WARMUP_CALLS }: RateOptions,
  run: () => unknown,
): Promise<number> => {
  for (let call = 0; call < warmupCalls; call += 1) await run();
  const beginMs = performance.now();
  let done = 0;
  while (performance.now() - beginMs < ms) {
    await run();
    done += units;
  }
  return (done * 1_000) / (performance.now() - beginMs);
};

/** How long one call takes, in ms. */
export const tookMs = async (run: () => unknown): Promise<number> => {
  const beginMs = performance.now();
  await run();
  return performance.now() - beginMs;
};
