/**
 * Tries of one call over the network.
 *
 * T1  Only a try that says so is repeated: nothing of an answer had come.
 * T2  At most `triesMax` requests a call, and none that would start after the call's time.
 * T3  The wait doubles, is half chance (many callers of one service must not come back together) and is
 *     never shorter than what the service asked for.
 */

import { setTimeout as wait } from "node:timers/promises";
import type { CallEnd } from "./call-end.ts";
import type { RunnerLimits } from "./limits.ts";
import { failed, type CallResult, type Failure } from "./runner.ts";

export interface FailedTry {
  readonly kind: "failed-try";
  readonly failure: Failure;
  /** Present where another try is safe: not before so many milliseconds. */
  readonly againAfterMs?: number;
}
export type Try<T> = { readonly kind: "ok"; readonly value: T } | FailedTry;

export const failedTry = (failure: Failure, againAfterMs?: number): FailedTry => ({
  kind: "failed-try",
  failure,
  ...(againAfterMs === undefined ? {} : { againAfterMs }),
});

/** Half of the doubled wait for sure, the other half by chance. */
const backoffMs = (tries: number, { retryMs, retryMsMax }: RunnerLimits): number => {
  const fullMs = Math.min(retryMsMax, retryMs * 2 ** (tries - 1));
  return (fullMs / 2) * (1 + Math.random());
};

export const withRetries = async <T>(
  once: (tries: number) => Promise<Try<T>>,
  { limits, end }: { readonly limits: RunnerLimits; readonly end: CallEnd },
): Promise<CallResult<T>> => {
  for (let tries = 1; ; tries += 1) {
    if (end.failure !== undefined) return end.failure;
    const tried = await once(tries);
    if (tried.kind === "ok") return tried;
    const { failure, againAfterMs } = tried;
    const after = tries === 1 ? "" : ` (after ${tries} tries)`;
    if (againAfterMs === undefined || tries >= limits.triesMax)
      return failed(failure.code, `${failure.detail}${after}`);
    const delayMs = Math.max(againAfterMs, backoffMs(tries, limits));
    if (performance.now() + delayMs >= end.atMs)
      return failed(failure.code, `${failure.detail}${after}; no time is left for another try`);
    await wait(delayMs, undefined, { signal: end.signal }).catch(() => undefined);
  }
};

/** `Retry-After` in milliseconds: seconds or a date; 0 where it says nothing that can be read. */
export const retryAfterMs = (header: string | null, nowMs: number): number => {
  if (header === null) return 0;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - nowMs);
};
