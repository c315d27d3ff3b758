import { describe, expect, it } from "vitest";
import { REST_MS } from "#runtime/bucket/state.ts";
import { stateHashOf } from "#runtime/replay/replay.ts";
import { Rig } from "../toy/rig.ts";

const FAR_MS = 300_000;

/** Two rests have passed since anything but the last step happened. */
const idle = async (rig: Rig): Promise<void> => {
  for (let times = 0; times < 3; times += 1) {
    await rig.advance(REST_MS);
    await rig.say(1, "ONCE", { key: `tick ${times}` });
  }
};
const hashOf = (rig: Rig): string => stateHashOf([rig.state(1)]);

describe("a bucket whose actors are idle", () => {
  it("has them rest, is the same bucket, and steps them again when something reaches them", async () => {
    const rig = await Rig.open([1]);
    await rig.say(1, "PRESS");
    await rig.say(1, "ADD", { by: 5 });
    const { actors } = rig.state(1);
    expect(actors.resting).toBe(0);
    await idle(rig);
    expect(actors.resting).toBe(actors.size);
    expect(rig.total(1)).toBe(5);
    expect(actors.resting).toBe(actors.size); // a look wakes nobody
    await rig.say(1, "ADD", { by: 2 });
    expect([rig.total(1), actors.resting]).toEqual([7, actors.size - 1]);
    const heir = new Rig({ disk: rig.disk });
    await heir.host.lead(1, { generation: 0, revision: 0 }); // loads, and lets go
    expect(heir.state(1).actors.size).toBe(actors.size);
    expect(hashOf(heir)).toBe(hashOf(rig));
  });

  it("has timers rest that are far, and a snapshot of it has them as they rest", async () => {
    const rig = await Rig.open([1]);
    await rig.say(1, "LATER", { afterMs: [FAR_MS] });
    await idle(rig);
    const { timers } = rig.state(1);
    expect([timers.resting, timers.size]).toEqual([1, 1]);
    await rig.host.snapshotAll(1);
    const heir = await Rig.open([1], { disk: rig.disk });
    expect(heir.state(1).timers.resting).toBe(1);
    await heir.advance(FAR_MS);
    expect(heir.state(1).timers.size).toBe(0);
  });

  it("is recovered from a snapshot in which they rest", async () => {
    const rig = await Rig.open([1]);
    await rig.say(1, "ADD", { by: 5 });
    await idle(rig);
    await rig.host.snapshotAll(1);
    const heir = await Rig.open([1], { disk: rig.disk });
    expect(heir.state(1).actors.resting).toBeGreaterThan(0);
    await heir.say(1, "ADD", { by: 3 }, { nonce: 100 });
    expect(heir.total(1)).toBe(8);
  });
});
