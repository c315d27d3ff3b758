import { describe, expect, it } from "vitest";
import { SimDisk, type StoreFault } from "#sim/world/store.ts";
import { storeContract, writeOn } from "../../contracts/store.ts";

storeContract("the simulated disk", async () => {
  const disk = new SimDisk();
  return {
    open: async () => disk.open(),
    connect: async () => disk.connect(),
    crash: async () => disk.crash(),
    dispose: async () => {},
  };
});

describe("the simulated disk can be told to fail", () => {
  const begun = async () => {
    const disk = new SimDisk();
    const store = disk.open();
    const epoch = await store.lead([1]);
    const write = writeOn(await store.head(1), epoch, ["a"], { decides: ["n/1"] });
    return { disk, store, epoch, write };
  };

  const rows: [StoreFault, string, number][] = [
    ["unknown-applied", "unknown", 1],
    ["unknown-lost", "unknown", 0],
    ["unknown-late", "unknown", 0],
    ["duplicate", "committed", 1],
    ["fenced", "refused", 0],
  ];
  it.each(rows)("%s: answers %s with %i records on the chain", async (fault, kind, records) => {
    const { disk, store, write } = await begun();
    disk.fail(1, fault);
    expect(disk.faultsLeft).toBe(1);
    expect((await store.commit([write]))[0]!.kind).toBe(kind);
    expect((await store.head(1)).records).toBe(records);
    expect(disk.faultsLeft).toBe(0);
    const again = (await store.commit([write]))[0]!.kind;
    expect(again).toBe(fault === "fenced" ? "refused" : "committed");
  });

  it("a late write applies only if the head still lets it", async () => {
    const { disk, store, epoch, write } = await begun();
    disk.fail(1, "unknown-late", "unknown-late");
    const rival = writeOn(await store.head(1), epoch, ["rival"]);
    await store.commit([write]);
    await store.commit([rival]);
    disk.deliverLate();
    expect((await store.head(1)).hash).toEqual(write.head.hash);
    expect((await store.head(1)).records).toBe(1);
  });

  it("a silent commit is applied and stays without an answer until its caller gives up", async () => {
    const { disk, store, write } = await begun();
    disk.fail(1, "silent");
    let answer: unknown;
    const committing = store.commit([write]).then((outcomes) => (answer = outcomes[0]!.kind));
    expect((await store.head(1)).records).toBe(1);
    expect(answer).toBeUndefined();
    disk.giveUp();
    expect(await committing).toBe("unknown");
  });

  it("a slow disk applies nothing until it is released, then in order", async () => {
    const { disk, store, epoch, write } = await begun();
    disk.slow();
    const next = writeOn(write.head, epoch, ["b"]);
    const both = [store.commit([write]), store.commit([next])];
    expect(disk.waiting).toBe(2);
    expect((await store.head(1)).records).toBe(0);
    disk.release(1);
    expect((await both[0]!)[0]).toMatchObject({ kind: "committed" });
    expect((await store.head(1)).records).toBe(1);
    disk.release();
    expect((await both[1]!)[0]).toMatchObject({ kind: "committed" });
  });

  it("an acknowledged but unsynced commit is gone after a crash, the synced one is not", async () => {
    const { disk, store, epoch, write } = await begun();
    await store.commit([write]);
    disk.stopSyncing();
    const next = writeOn(write.head, epoch, ["b"], { decides: ["n/2"], decided: ["n/1"] });
    expect((await store.commit([next]))[0]!.kind).toBe("committed");
    disk.crash();
    const after = disk.open();
    expect((await after.head(1)).hash).toEqual(write.head.hash);
    expect(await after.read(1, 0, 9)).toHaveLength(1);
    const again = await after.lead([1]);
    const decide = (key: string) =>
      after.commit([writeOn(write.head, again, ["c"], { decides: [key] })]);
    expect((await decide("n/1"))[0]).toMatchObject({ kind: "decided" });
    expect((await decide("n/2"))[0]).toMatchObject({ kind: "committed" });
  });

  it("a handle of before the crash is dead", async () => {
    const { disk, store, write } = await begun();
    disk.slow();
    const answers: unknown[] = [];
    void store.commit([write]).then((outcome) => answers.push(outcome));
    disk.crash();
    await expect(store.head(1)).rejects.toMatchObject({ code: "STORE_CLOSED" });
    expect((await disk.open().head(1)).records).toBe(0);
    expect(answers).toEqual([]);
  });

  it("a full disk commits nothing, does not say so and takes the same bytes when there is room", async () => {
    const { disk, store, write } = await begun();
    disk.isFull = true;
    expect(await store.commit([write])).toEqual([{ bucket: 1, kind: "unknown" }]);
    expect((await store.head(1)).records).toBe(0);
    await expect(store.lead([1])).rejects.toMatchObject({ code: "STORE_FULL" });
    disk.isFull = false;
    expect((await store.commit([write]))[0]).toMatchObject({ kind: "committed" });
  });

  it("somebody else's bucket cannot be led", async () => {
    const { disk, store } = await begun();
    disk.holdElsewhere([3]);
    await expect(store.lead([2, 3])).rejects.toMatchObject({ code: "LEADER_ELSEWHERE" });
    disk.holdElsewhere([3], false);
    expect((await store.lead([3])).revision).toBeGreaterThan(1);
  });
});
