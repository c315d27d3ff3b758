import { describe, expect, it } from "vitest";
import { inLanes } from "#runtime/host/lanes.ts";

describe("work in lanes", () => {
  it("begins all in their order, so many at a time", async () => {
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    await inLanes([5, 1, 4, 1, 3, 2], 3, async (turns) => {
      begun.push(turns);
      most = Math.max(most, (running += 1));
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      running -= 1;
    });
    expect([begun, most, running]).toEqual([[5, 1, 4, 1, 3, 2], 3, 0]);
  });

  it("rejects with the first that does", async () => {
    const run = async (n: number): Promise<void> => {
      if (n === 2) throw new Error("two");
    };
    await expect(inLanes([1, 2, 3], 2, run)).rejects.toThrow("two");
  });
});
