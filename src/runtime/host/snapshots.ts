/** When the state of a bucket is worth writing down: every snapshot costs its size, and saves a replay. */

import type { Store } from "#ports/store.ts";
import {
  SNAPSHOT_LOG_SHARE,
  SNAPSHOT_STOP_RECORDS,
  SNAPSHOTS_AT_A_TIME,
  type HostLimits,
} from "./environment.ts";
import { inLanes } from "./lanes.ts";
import type { Led } from "./led.ts";
import { savedState } from "./recovery.ts";

/** Never while an earlier one waits for its turn's commit. */
export const isSnapshotDue = (led: Led, { snapshotRecords }: HostLimits): boolean =>
  led.snapshot === undefined &&
  led.state.records - led.snapshotAt >=
    Math.max(snapshotRecords, led.state.records * SNAPSHOT_LOG_SHARE);

export const takeSnapshot = (led: Led): void => {
  led.snapshot = savedState(led.state);
  led.snapshotAt = led.state.records;
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
  return inLanes(due, SNAPSHOTS_AT_A_TIME, ({ state }) => store.saveSnapshot(savedState(state)));
};
