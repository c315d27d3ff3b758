/** When a supervisor is cut off: from when it lets everything go for want of answers until it is back. */

import { expect, it } from "vitest";
import { REJOIN_MS, SESSION_TTL_MS, SILENT_MS_MAX } from "#runtime/leadership/leadership.ts";
import { LeadershipRig } from "./rig.ts";

it("is cut off from when it lets everything go until it is back", async () => {
  const rig = new LeadershipRig();
  const one = rig.joining("ann", { buckets: [1, 2] });
  expect(one.isCutOff).toBe(true);
  await rig.pass(SESSION_TTL_MS);
  expect([one.isCutOff, one.led.size]).toEqual([false, 2]);
  for (let passedMs = 0; passedMs < 10 * SESSION_TTL_MS; passedMs += 100) {
    await rig.pass(100);
    expect(one.isCutOff).toBe(false);
  }
  rig.store.isAway = true;
  await rig.pass(SILENT_MS_MAX / 2);
  expect([one.isCutOff, one.led.size]).toEqual([false, 2]);
  await rig.pass(SILENT_MS_MAX);
  expect([one.isCutOff, one.led.size]).toEqual([true, 0]);
  await rig.pass(10 * SESSION_TTL_MS);
  expect(one.isCutOff).toBe(true);
  rig.store.isAway = false;
  await rig.pass(2 * REJOIN_MS);
  expect(one.isCutOff).toBe(false);
});
