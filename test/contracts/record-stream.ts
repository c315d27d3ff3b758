/** What every RecordStream must do. A rig makes connections of different machines to one stream. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "#envelope/cid.ts";
import type { JournalRecord, RecordStream } from "#ports/journal.ts";
import type { Snapshot } from "#ports/store.ts";
import { partsAreKept, partsIn } from "./snapshot-parts.ts";
import { chainOf, journalRecord, plainRecord, ZERO } from "./records.ts";

export interface RecordStreamRig {
  readonly connect: () => Promise<RecordStream>;
  readonly dispose: () => Promise<void>;
}

/** A record larger than what one message of a server holds by default, 1 MiB. */
const LARGE_BYTES = 3_500_000;

const text = new TextEncoder();

const snapshotOf = (bucket: number, records: number, bytes: number): Snapshot => ({
  bucket,
  records,
  size: records * 2,
  hash: journalRecord(bucket, records, ZERO, `the last of ${records}`).hash,
  bytes: Uint8Array.from({ length: bytes }, (_, at) => (at * 31 + records) % 251),
  parts: [],
});

export const recordStreamContract = (
  name: string,
  makeRig: () => Promise<RecordStreamRig>,
): void => {
  describe(`the record stream contract, kept by ${name}`, () => {
    let rig: RecordStreamRig;
    let leader: RecordStream;
    let heir: RecordStream;
    beforeEach(async () => {
      rig = await makeRig();
      leader = await rig.connect();
      heir = await rig.connect();
    });
    afterEach(() => rig.dispose());

    const found = async ({ bucket, hash }: JournalRecord) =>
      plainRecord(await heir.get(bucket, hash));

    it("gives every field of what one machine published to another", async () => {
      const records = [...chainOf(1, "a", "b", "c"), ...chainOf(256, "d")];
      await leader.publish(records);
      expect(await Promise.all(records.map(found))).toEqual(records.map(plainRecord));
    });

    it("has what was published even when its publisher is gone", async () => {
      const records = chainOf(1, "a", "b");
      await leader.publish(records);
      await leader.close();
      await leader.close();
      expect(await Promise.all(records.map(found))).toEqual(records.map(plainRecord));
    });

    it("finds a record under its own bucket and hash only", async () => {
      const [record] = chainOf(1, "a");
      await leader.publish([record!]);
      expect(await heir.get(2, record!.hash)).toBeUndefined();
      expect(await heir.get(1, ZERO)).toBeUndefined();
      expect(await found(chainOf(1, "b")[0]!)).toBeUndefined();
    });

    it("keeps the records of rivals side by side", async () => {
      const [first] = chainOf(1, "a");
      const rivals = ["b", "c"].map((content) => journalRecord(1, 1, first!.hash, content));
      await leader.publish([first!, rivals[0]!]);
      await heir.publish([rivals[1]!]);
      expect(await Promise.all(rivals.map(found))).toEqual(rivals.map(plainRecord));
    });

    it("changes nothing when the same record comes again, from wherever", async () => {
      const records = chainOf(1, "a", "b", "c");
      await Promise.all([leader.publish(records), heir.publish(records)]);
      await leader.publish([records[1]!, records[1]!]);
      await heir.publish(records.toReversed());
      expect(await Promise.all(records.map(found))).toEqual(records.map(plainRecord));
    });

    it.each([0, 1, LARGE_BYTES])("carries a record of %i bytes", async (size) => {
      const bytes = Uint8Array.from({ length: size }, (_, at) => (at * 31) % 251);
      const record = journalRecord(1, 0, ZERO, bytes);
      await leader.publish([record]);
      const got = await heir.get(1, record.hash);
      expect(Buffer.compare(got!.bytes, bytes)).toBe(0);
      expect(got!.index).toBe(0);
    });

    it("takes many records at once", async () => {
      const records = chainOf(7, ...Array.from({ length: 1_000 }, (_, at) => `record ${at}`));
      await leader.publish(records);
      const some = records.filter(({ index }) => index % 97 === 0 || index === 999);
      expect(await Promise.all(some.map(found))).toEqual(some.map(plainRecord));
    });

    /** All that comes, until so many have. */
    const readAfter = async (bucket: number, after?: Uint8Array, countMax = Infinity) => {
      const read: JournalRecord[] = [];
      await heir.readAfter(bucket, after, async (records) => {
        read.push(...records);
        return read.length < countMax;
      });
      return read;
    };

    it("gives many records in order, from the one named on", async () => {
      const records = chainOf(7, ...Array.from({ length: 300 }, (_, at) => `record ${at}`));
      await leader.publish([...chainOf(8, "other"), ...records, ...chainOf(9, "other")]);
      const all = await readAfter(7);
      expect(all.map(plainRecord)).toEqual(records.map(plainRecord));
      const later = await readAfter(7, records[249]!.hash);
      expect(later.map(plainRecord)).toEqual(records.slice(250).map(plainRecord));
      expect(await readAfter(7, records.at(-1)!.hash)).toEqual([]);
      expect(await readAfter(10)).toEqual([]);
    });

    it("gives all where it does not have the record that is named, and no more than is wanted", async () => {
      const records = chainOf(7, ...Array.from({ length: 300 }, (_, at) => `record ${at}`));
      await leader.publish(records);
      expect(await readAfter(7, ZERO)).toHaveLength(300);
      const some = await readAfter(7, undefined, 1);
      expect(some.length).toBeLessThan(300);
      expect(some.map(plainRecord)).toEqual(records.slice(0, some.length).map(plainRecord));
    });

    it("gives what all buckets have to who asks for all", async () => {
      const records = [3, 4, 256].flatMap((bucket) => chainOf(bucket, "a", "b", "c"));
      await leader.publish(records);
      const read: JournalRecord[] = [];
      await heir.readAll(async (some) => {
        read.push(...some);
        return true;
      });
      expect(read.map(plainRecord)).toEqual(records.map(plainRecord));
    });

    it("gives the same again to who reads twice, side by side", async () => {
      const records = chainOf(7, ...Array.from({ length: 50 }, (_, at) => `record ${at}`));
      await leader.publish(records);
      const reads = await Promise.all([readAfter(7), readAfter(7), readAfter(8)]);
      expect(reads.map((read) => read.length)).toEqual([50, 50, 0]);
    });

    /** A server that is behind may give one that was dropped for a moment still. */
    const gone = async (...records: readonly JournalRecord[]): Promise<void> => {
      const none = records.map(() => undefined);
      await expect.poll(() => Promise.all(records.map(found))).toEqual(none);
    };

    it("has no more what was dropped, from wherever, and all others", async () => {
      const records = chainOf(7, "a", "b", "c", "d");
      const elsewhere = { ...records[1]!, bucket: 8 };
      await leader.publish([...records, elsewhere]);
      await heir.drop(7, [records[1]!.hash, records[3]!.hash]);
      await gone(records[1]!, records[3]!);
      const kept = [records[0]!, records[2]!];
      expect(await Promise.all(kept.map(found))).toEqual(kept.map(plainRecord));
      expect(await found(elsewhere)).toEqual(plainRecord(elsewhere));
      expect((await readAfter(7)).map(plainRecord)).toEqual(kept.map(plainRecord));
      const afterDropped = await readAfter(7, records[1]!.hash);
      expect(afterDropped.map(plainRecord)).toEqual(kept.map(plainRecord));
    });

    it("drops every part of a large one", async () => {
      const bytes = new Uint8Array(LARGE_BYTES).fill(3);
      const record = journalRecord(1, 0, ZERO, bytes);
      await leader.publish([record]);
      await leader.drop(1, [record.hash]);
      await gone(record);
      expect(await readAfter(1)).toEqual([]);
    });

    it("drops what is not there without a word, and has again what is published again", async () => {
      const [one, two] = chainOf(1, "a", "b");
      await leader.publish([one!]);
      const drop = (from: RecordStream): Promise<void> =>
        from.drop(1, [two!.hash, one!.hash, one!.hash]);
      await Promise.all([drop(leader), drop(heir), drop(leader)]);
      await heir.drop(1, [one!.hash]);
      await heir.drop(2, []);
      await gone(one!, two!);
      await leader.publish([one!, two!]);
      expect(await Promise.all([one!, two!].map(found))).toEqual([one, two].map(plainRecord));
    });

    it("gives another machine the last snapshot of each bucket", async () => {
      expect(await heir.loadSnapshot(1)).toBeUndefined();
      const snapshots = [snapshotOf(1, 9, 10), snapshotOf(2, 3, LARGE_BYTES), snapshotOf(3, 1, 0)];
      await leader.saveSnapshot(snapshotOf(1, 5, LARGE_BYTES));
      for (const snapshot of snapshots) await leader.saveSnapshot(snapshot);
      for (const snapshot of snapshots) {
        const { bytes, ...others } = (await heir.loadSnapshot(snapshot.bucket))!;
        expect(others).toEqual({ ...snapshot, bytes: undefined });
        expect(Buffer.compare(bytes, snapshot.bytes)).toBe(0);
      }
    });

    it.each([10, LARGE_BYTES])(
      "keeps the parts of a snapshot of %i bytes that come again, and no others",
      async (bytes) => {
        await partsAreKept(leader, (records) => snapshotOf(1, records, bytes));
        expect(await partsIn(heir, 1)).toEqual([3, "one", "four"]);
        const four = { hash: sha256(text.encode("four")), bytes: undefined };
        await heir.saveSnapshot({ ...snapshotOf(1, 4, bytes), parts: [four] });
        expect(await partsIn(leader, 1)).toEqual([4, "four"]);
      },
    );

    it("asks for the parts of whoever does not know what others have saved", async () => {
      const part = (word: string) => ({
        hash: sha256(text.encode(word)),
        bytes: text.encode(word),
      });
      const [one, two] = [part("one"), part("two")];
      await leader.saveSnapshot({ ...snapshotOf(1, 2, 10), parts: [one, two] });
      // An older one of somebody who comes late: what it does not name is gone.
      await heir.saveSnapshot({ ...snapshotOf(1, 1, 10), parts: [one] });
      const parts = [one, two].map(({ hash }) => ({ hash, bytes: undefined }));
      const saved = leader.saveSnapshot({ ...snapshotOf(1, 3, 10), parts });
      await expect(saved).rejects.toMatchObject({ code: "PART_MISSING" });
      expect(await partsIn(heir, 1)).toEqual([1, "one"]);
      await leader.saveSnapshot({ ...snapshotOf(1, 3, 10), parts: [one, two] });
      expect(await partsIn(heir, 1)).toEqual([3, "one", "two"]);
    });

    it("replaces a snapshot again and again, whoever saves it", async () => {
      for (let records = 1; records <= 5; records += 1) {
        await (records % 2 === 0 ? heir : leader).saveSnapshot(snapshotOf(1, records, records));
        expect((await leader.loadSnapshot(1))!.records).toBe(records);
      }
      expect(await heir.get(1, snapshotOf(1, 5, 5).hash)).toBeUndefined();
    });

    it("leaves the caller's bytes as they were, to be sent again", async () => {
      const records = chainOf(1, "a", "b");
      const before = structuredClone(records);
      await leader.publish(records);
      await leader.publish([]);
      expect(records).toEqual(before);
    });
  });
};
