/** When the state of a bucket is worth writing down: every snapshot costs its size, and saves a replay. */

import type { Store } from "#ports/store.ts";
import {
  SNAPSHOT_LOGGED_SHARE,
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
  led.state.records - led.snapshotAt >= snapshotRecords &&
  led.loggedBytes >= led.snapshotBytes * SNAPSHOT_LOGGED_SHARE;

export const takeSnapshot = (led: Led): void => {
  const snapshot = savedState(led.state);
  led.snapshot = snapshot;
  led.snapshotAt = snapshot.records;
  led.snapshotBytes = snapshot.bytes.length;
  led.loggedBytes = 0;
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
