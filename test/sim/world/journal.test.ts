import { describe, expect, it } from "vitest";
import { Prng } from "#sim/kernel/prng.ts";
import { SimJournal, SimStream } from "#sim/world/journal.ts";
import { journalContract } from "../../contracts/journal.ts";
import { recordStreamContract } from "../../contracts/record-stream.ts";
import { chainOf, plainRecord } from "../../contracts/records.ts";

journalContract("the simulated journal", async () => {
  const journal = new SimJournal();
  return {
    open: async () => journal.open(),
    crash: async () => journal.crash(),
    dispose: async () => {},
  };
});

recordStreamContract("the simulated stream", async () => {
  const stream = new SimStream();
  return { connect: async () => stream.connect(() => true), dispose: async () => {} };
});

describe("the simulated journal can be told to fail", () => {
  it("a full disk takes nothing and keeps what it has", async () => {
    const disk = new SimJournal();
    const journal = disk.open();
    const [one, two] = chainOf(1, "a", "b");
    await journal.append([one!]);
    disk.isFull = true;
    await expect(journal.append([two!])).rejects.toMatchObject({ code: "STORE_FULL" });
    expect(await journal.get(1, two!.hash)).toBeUndefined();
    expect(plainRecord(await journal.get(1, one!.hash))).toEqual(plainRecord(one));
  });

  it("a record with a wrong bit is refused until it is appended again", async () => {
    const disk = new SimJournal();
    const journal = disk.open();
    const [record] = chainOf(1, "a");
    await journal.append([record!]);
    disk.flipBits(1, Prng.of(1));
    await expect(journal.get(1, record!.hash)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(disk.contents(1, record!.hash)).toBeUndefined();
    await journal.append([record!]);
    expect(plainRecord(await journal.get(1, record!.hash))).toEqual(plainRecord(record));
  });

  it("a lost disk has nothing", async () => {
    const disk = new SimJournal();
    const [record] = chainOf(1, "a");
    await disk.open().append([record!]);
    disk.crash();
    disk.wipe();
    expect(await disk.open().get(1, record!.hash)).toBeUndefined();
  });
});

describe("the simulated stream can be told to fail", () => {
  it.each([true, false])("without an answer, what was sent may have arrived: %s", async (came) => {
    const stream = new SimStream();
    const own = stream.connect(() => came);
    const [record] = chainOf(1, "a");
    stream.isAway = true;
    await expect(own.publish([record!])).rejects.toMatchObject({ code: "BUS_UNREACHABLE" });
    await expect(own.get(1, record!.hash)).rejects.toMatchObject({ code: "BUS_UNREACHABLE" });
    stream.isAway = false;
    expect((await own.get(1, record!.hash)) !== undefined).toBe(came);
    expect(stream.contents(1, record!.hash) !== undefined).toBe(came);
  });

  it.each([true, false])("without an answer, a record may be dropped: %s", async (came) => {
    const stream = new SimStream();
    const own = stream.connect(() => came);
    const [record] = chainOf(1, "a");
    await own.publish([record!]);
    stream.isAway = true;
    await expect(own.drop(1, [record!.hash])).rejects.toMatchObject({ code: "BUS_UNREACHABLE" });
    expect(stream.contents(1, record!.hash) === undefined).toBe(came);
  });
});
