/**
 * The time of a lease (protocol section 11): min(asked, policy, what the need has left), at least the
 * minimum.
 */

import type { LogMs } from "#protocol/words.ts";

export const leaseTtl = (lease: {
  readonly askedMs: LogMs;
  readonly minMs: LogMs;
  readonly maxMs: LogMs;
  readonly needRemainingMs: LogMs;
}): LogMs => {
  const wished = Math.min(Math.max(lease.askedMs, lease.minMs), lease.maxMs);
  // The need's deadline stands above the minimum: no lease outlives its need.
  return Math.max(0, Math.min(wished, lease.needRemainingMs));
};
