import { describe, expect, it } from "vitest";
import { inLanes, Lanes } from "#runtime/host/lanes.ts";

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

  it("that comes one by one begins in its order; what is urgent at once, and nothing beside it", async () => {
    const lanes = new Lanes(2);
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    const work = (name: string, isUrgent = false): Promise<string> =>
      lanes.run(isUrgent, async () => {
        begun.push(name);
        await new Promise<void>((end) => ends.push(end));
        if (name === "fails") throw new Error(name);
        return name;
      });
    const ended = Promise.allSettled(["a", "fails", "b", "c"].map((name) => work(name)));
    const urgent = work("urgent", true);
    const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    await settled();
    expect(begun).toEqual(["urgent", "a", "fails"]);
    const [endUrgent, endA, endFails] = ends.splice(0) as [() => void, () => void, () => void];
    endA();
    endFails();
    await settled();
    expect(begun).toEqual(["urgent", "a", "fails"]);
    endUrgent();
    await settled();
    expect(begun).toEqual(["urgent", "a", "fails", "b", "c"]);
    for (const end of ends) end();
    expect((await ended).map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect(await urgent).toBe("urgent");
  });

  it("rejects with the first that does", async () => {
    const run = async (n: number): Promise<void> => {
      if (n === 2) throw new Error("two");
    };
    await expect(inLanes([1, 2, 3], 2, run)).rejects.toThrow("two");
  });
});
