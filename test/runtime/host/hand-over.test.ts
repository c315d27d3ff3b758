import { describe, expect, it } from "vitest";
import { SNAPSHOT_STOP_RECORDS } from "#runtime/host/environment.ts";
import { Rig } from "../toy/rig.ts";

const BUCKET = 1;

/** A bucket with so many records since its last snapshot, which is none. */
const withRecords = async (count: number): Promise<Rig> => {
  const rig = await Rig.open([BUCKET]);
  while (rig.state(BUCKET).records < count) await rig.say(BUCKET, "ADD", { by: 1 });
  return rig;
};

const saved = async (rig: Rig) => (await rig.store.loadSnapshot(BUCKET))?.records;

describe("a bucket that is handed over", () => {
  it("leaves a snapshot to whoever leads it next, and takes no turn any more", async () => {
    const rig = await withRecords(SNAPSHOT_STOP_RECORDS);
    const total = rig.total(BUCKET);
    await rig.host.settle(BUCKET);
    rig.post(BUCKET, "ADD", { by: 100 });
    await rig.host.saveSettled(BUCKET);
    await rig.settle();
    expect(await saved(rig)).toBe(SNAPSHOT_STOP_RECORDS);
    expect(rig.state(BUCKET).records).toBe(SNAPSHOT_STOP_RECORDS);
    const heir = new Rig({ disk: rig.disk });
    await heir.lead([BUCKET]);
    expect(heir.total(BUCKET)).toBe(total);
  });

  it("leaves none where a replay is as quick", async () => {
    const rig = await withRecords(SNAPSHOT_STOP_RECORDS - 1);
    await rig.host.settle(BUCKET);
    await rig.host.saveSettled(BUCKET);
    expect(await saved(rig)).toBeUndefined();
  });

  it("leaves none of what is not committed, nor while it goes on", async () => {
    const rig = await withRecords(SNAPSHOT_STOP_RECORDS);
    await rig.host.saveSettled(BUCKET);
    expect(await saved(rig)).toBeUndefined();
    rig.disk.fail(BUCKET, "silent");
    rig.post(BUCKET, "ADD", { by: 1 });
    await rig.settle();
    void rig.host.settle(BUCKET);
    await rig.host.saveSettled(BUCKET);
    expect(await saved(rig)).toBeUndefined();
  });
});
