/** One bucket as its host leads it. */

import type { Epoch, SnapshotWrite } from "#ports/store.ts";
import type { TurnInput } from "../bucket/input.ts";
import { BucketState } from "../bucket/state.ts";
import { GENESIS_PARENT } from "../log/record.ts";
import { BucketTime, TICK_MS } from "../timers/log-time.ts";
import { NO_PARTS } from "./saved-state.ts";

/**
 * `settling`: takes no new turn, for it is about to be let go. `kept`: let go, and its state with what waits
 * to be committed is as it was, for it may be led here again before the log goes on. `resuming`: that is
 * so, if the head says it too.
 */
export type LedStatus = "loading" | "live" | "settling" | "kept" | "resuming" | "halted" | "lost";

/** In these the state is what the log says, with what waits for its commit on top. */
const WHOLE: readonly LedStatus[] = ["live", "settling", "kept", "resuming"];
export const isWhole = ({ status }: Led): boolean => WHOLE.includes(status);

export interface Led {
  readonly bucket: number;
  state: BucketState;
  time: BucketTime;
  epoch: Epoch;
  /** Counts loads: what was begun for an older one is void. */
  run: number;
  status: LedStatus;
  /** Inputs that came while the bucket was loading or had too much unconfirmed, in order. */
  backlog: TurnInput[];
  /** Hash of the last record that is known to be committed. */
  committed: Uint8Array;
  /** Records under the newest snapshot. */
  snapshotAt: number;
  /** Rows that it wrote anew. */
  snapshotWeight: number;
  /** Taken of a state that is not confirmed yet; stored when it is. */
  snapshot: SnapshotWrite | undefined;
  /** Names of the parts of the snapshot that was stored last: the next comes without their bytes. */
  savedParts: ReadonlySet<string>;
  /** The host's run time at which a timer or a tick is due, ms; Infinity: no timer is armed. */
  dueMs: number;
  /** Something was due while too much was unconfirmed. */
  held: boolean;
}

/** As others may look at it. */
export interface LedShown extends Pick<Led, "bucket" | "state" | "status"> {
  /** Records that are built and not known to be committed. */
  readonly unconfirmed: number;
}

export const shown = ({ bucket, state, status }: Led, unconfirmed: number): LedShown => ({
  bucket,
  state,
  status,
  unconfirmed,
});

export const newLed = (bucket: number, epoch: Epoch, ranMs: number): Led => ({
  bucket,
  state: new BucketState(bucket),
  time: new BucketTime(0, ranMs),
  epoch,
  run: 0,
  status: "loading",
  backlog: [],
  committed: GENESIS_PARENT,
  snapshotAt: 0,
  snapshotWeight: 0,
  snapshot: undefined,
  savedParts: NO_PARTS,
  dueMs: Infinity,
  held: false,
});

/**
 * When the bucket has something to do by itself: its first timer, or, with a timer armed, TICK_MS of T
 * after its last record (protocol section 6).
 */
export const dueOf = ({ state, time }: Led, ranMs: number): number => {
  const timerMs = state.timers.next();
  if (timerMs === undefined) return Infinity;
  return ranMs + Math.max(0, Math.min(timerMs, state.atMs + TICK_MS) - time.now(ranMs));
};
