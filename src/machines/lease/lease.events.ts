/** The right of one worker to perform (need, attempt): from the award to COMMIT or the lease's end (P5). */

import type { Did, LogMs } from "#protocol/words.ts";

export interface LeaseInput {
  readonly attempt: number;
  readonly worker: Did;
  readonly claimMs: LogMs;
  readonly heartbeatMs: LogMs;
  readonly heartbeatsMissedMax: number;
  readonly askRetryMs: LogMs;
}

export type LeaseEvent =
  /** ttlMs: already min(asked, policy, need's deadline) and at least the minimum. */
  | { readonly type: "CLAIM"; readonly ttlMs: LogMs }
  /** The bond is held and GRANT was logged: its position is the revision. */
  | { readonly type: "BONDED"; readonly revision: number; readonly atMs: LogMs }
  | { readonly type: "BOND_REFUSED" }
  /** ttlMs: what remains from atMs on, already bounded. */
  | {
      readonly type: "HEARTBEAT";
      readonly atMs: LogMs;
      readonly ttlMs: LogMs;
      readonly progress: number;
    }
  | { readonly type: "YIELD"; readonly atMs: LogMs }
  /** From the need thread: the COMMIT was taken, or the lease is revoked (cancelled, deadline). */
  | { readonly type: "END"; readonly how: "committed" | "revoked" };
