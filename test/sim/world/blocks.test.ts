import { describe, expect, it } from "vitest";
import { SimBlocks } from "#sim/world/blocks.ts";
import { listedBlocksContract } from "../../contracts/blocks.ts";

listedBlocksContract("the simulated blocks", async () => {
  const blocks = new SimBlocks();
  return {
    open: async () => blocks.open(),
    crash: async () => blocks.crash(),
    damage: async (cid) => blocks.corrupt(cid),
    dispose: async () => {},
  };
});

describe("the simulated blocks can be told to fail", () => {
  it("a block that was not synced is gone after a crash", async () => {
    const disk = new SimBlocks();
    const kept = await disk.open().put(Uint8Array.of(1), "raw");
    disk.stopSyncing();
    const lost = await disk.open().put(Uint8Array.of(2), "raw");
    disk.crash();
    expect(await disk.open().has(kept)).toBe(true);
    expect(await disk.open().has(lost)).toBe(false);
  });

  it("a slow put is not there until it is released", async () => {
    const disk = new SimBlocks();
    const blocks = disk.open();
    disk.slow();
    let cid: string | undefined;
    const putting = blocks.put(Uint8Array.of(3), "raw").then((put) => (cid = put));
    await Promise.resolve();
    expect(cid).toBeUndefined();
    disk.release();
    expect(await blocks.has(await putting)).toBe(true);
    disk.lose(cid!);
    expect(await blocks.get(cid!)).toBeUndefined();
  });
});
