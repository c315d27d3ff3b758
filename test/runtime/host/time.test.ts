import { describe, expect, it } from "vitest";
import { Rig } from "../toy/rig.ts";

const ALL = [1, 2, 256];

describe("time in a bucket", () => {
  it("with an armed timer is logged every 10 s, without one not at all", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "LATER", { afterMs: [95_000] });
    await rig.advance(94_000);
    const ticks = (await rig.records(1)).slice(2);
    expect(ticks.map(({ atMs }) => atMs)).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => n * 10_000),
    );
    expect((await rig.story(1)).slice(2)).toEqual(Array(9).fill("TICK"));
    expect(await rig.story(2)).toEqual(["EPOCH"]);
  });

  it("counts no tick where a record told the time", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "LATER", { afterMs: [60_000] });
    for (let n = 0; n < 4; n += 1) {
      await rig.advance(9_000);
      await rig.say(1, "ADD", { by: 1 });
    }
    expect(await rig.story(1)).not.toContain("TICK");
  });

  it("fires a timer on its millisecond", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "LATER", { afterMs: [1, 777, 12_345] });
    await rig.advance(13_000);
    expect(rig.told.map(({ notice }) => notice)).toEqual(
      [1, 777, 12_345].map((rang) => ({ rang })),
    );
  });

  it("counts a gap of the host as 2 s: nothing expires in a crowd after a pause", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "LATER", { afterMs: [1_500, 5_000] });
    rig.nowMs += 3_600_000;
    await rig.settle();
    expect(rig.told).toEqual([{ to: expect.any(String) as string, notice: { rang: 2_000 } }]);
    await rig.advance(2_999);
    expect(rig.told).toHaveLength(1);
    await rig.advance(1);
    expect(rig.told).toHaveLength(2);
  });

  it("goes on from the head's T after a change of leader", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "LATER", { afterMs: [30_000] });
    await rig.advance(25_000);
    const next = await Rig.open([1], { disk: rig.disk });
    expect(next.state(1).atMs).toBe(20_000); // the last tick: at most 10 s are lost
    await next.advance(9_999);
    expect(next.told).toEqual([]);
    await next.advance(1);
    expect(next.told).toHaveLength(1);
  });

  it("lets the host sleep until something is due", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "LATER", { afterMs: [400] });
    await rig.settle();
    expect(rig.host.turn()).toBe(400);
    rig.nowMs += 150;
    expect(rig.host.turn()).toBe(250);
  });

  it("does not spin while what is due must wait for the store", async () => {
    const rig = await Rig.open(ALL);
    await rig.say(1, "LATER", { afterMs: [100] });
    rig.disk.fail(1, "unknown-lost");
    rig.post(1, "ADD", { by: 1 });
    await rig.settle();
    rig.nowMs += 200;
    expect(rig.host.turn()).toBeGreaterThan(1_000);
    expect(rig.told).toEqual([]);
    await rig.advance(1_000);
    expect(rig.told).toHaveLength(1);
  });
});
