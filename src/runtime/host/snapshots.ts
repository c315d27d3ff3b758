/** When the state of a bucket is worth writing down: every snapshot costs its size, and saves a replay. */

import { sameBytes } from "#ports/commit-rules.ts";
import { Fault } from "#ports/faults.ts";
import type { Store } from "#ports/store.ts";
import {
  messageOf,
  SNAPSHOT_ROWS_PER_RECORD,
  SNAPSHOT_STOP_RECORDS,
  SNAPSHOTS_AT_A_TIME,
  type HostEnvironment,
  type HostLimits,
} from "./environment.ts";
import { inLanes } from "./lanes.ts";
import type { Led } from "./led.ts";
import { NO_PARTS, partNames, savedState } from "./saved-state.ts";

/** Never while an earlier one waits for its turn's commit. */
export const isSnapshotDue = (led: Led, { snapshotRecords }: HostLimits): boolean =>
  led.snapshot === undefined &&
  led.state.records - led.snapshotAt >=
    Math.max(snapshotRecords, led.snapshotWeight / SNAPSHOT_ROWS_PER_RECORD);

export const takeSnapshot = (led: Led): void => {
  led.snapshot = savedState(led.state, led.savedParts);
  led.snapshotAt = led.state.records;
  led.snapshotWeight = led.state.actors.weight;
};

type Saving = Pick<HostEnvironment, "store" | "event">;

/** What was taken, if anything was, now that it is committed. */
export const saveTaken = async (led: Led, { store, event }: Saving): Promise<void> => {
  const { bucket, snapshot } = led;
  led.snapshot = undefined;
  if (snapshot === undefined) return;
  try {
    await store.saveSnapshot(snapshot);
    led.savedParts = partNames(snapshot);
  } catch (error) {
    led.savedParts = NO_PARTS;
    event({ type: "snapshot_failed", bucket, cause: messageOf(error) });
  }
};

/** Of one that is settled, for whoever leads it next. What is not committed is in none. */
export const saveSettled = async (led: Led, saving: Saving): Promise<void> => {
  if (led.status !== "settling" || !sameBytes(led.committed, led.state.hash)) return;
  if (led.state.records - led.snapshotAt < SNAPSHOT_STOP_RECORDS) return;
  takeSnapshot(led);
  await saveTaken(led, saving);
};

/** Of all that have logged enough since their last one; for a clean stop. */
export const saveAll = (
  leds: Iterable<Led>,
  store: Pick<Store, "saveSnapshot">,
  recordsMin = SNAPSHOT_STOP_RECORDS,
): Promise<void> => {
  const due = [...leds].filter(
    ({ status, state, snapshotAt }) =>
      status === "live" && state.records - snapshotAt >= recordsMin,
  );
  return inLanes(due, SNAPSHOTS_AT_A_TIME, async ({ state, savedParts }) => {
    try {
      await store.saveSnapshot(savedState(state, savedParts));
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "PART_MISSING") throw error;
      await store.saveSnapshot(savedState(state));
    }
  });
};
