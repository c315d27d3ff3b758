/**
 * What every Journal must do. A rig opens journals over one durable place: `crash` ends the journal of
 * the moment without a word, as a killed process does.
 */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  HASHES_TOGETHER_MAX,
  RECORDS_TOGETHER_BYTES_MAX,
  type Journal,
  type JournalRecord,
  type Link,
} from "#ports/journal.ts";
import type { Snapshot } from "#ports/store.ts";
import { partsAreKept, partsIn } from "./snapshot-parts.ts";
import { chainOf, journalRecord, plainRecord, ZERO } from "./records.ts";

export interface JournalRig {
  /** Opens the place, or rejects with DATA_IN_USE. */
  readonly open: () => Promise<Journal>;
  readonly crash: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

const snapshotOf = (bucket: number, records: number, content: string): Snapshot => {
  const { hash, bytes } = journalRecord(bucket, records, ZERO, content);
  return { bucket, records, size: records * 2, hash, bytes, parts: [] };
};

const LARGE_BYTES = 4_000_000;

export const journalContract = (name: string, makeRig: () => Promise<JournalRig>): void => {
  describe(`the journal contract, kept by ${name}`, () => {
    let rig: JournalRig;
    let journal: Journal;
    beforeEach(async () => {
      rig = await makeRig();
      journal = await rig.open();
    });
    afterEach(() => rig.dispose());

    const reopened = async (): Promise<void> => {
      await rig.crash();
      journal = await rig.open();
    };
    const found = async ({ bucket, hash }: JournalRecord) =>
      plainRecord(await journal.get(bucket, hash));

    it("gives back every field of what was appended, after a crash too", async () => {
      const records = [...chainOf(1, "a", "b", "c"), ...chainOf(256, "d")];
      await journal.append(records);
      expect(await Promise.all(records.map(found))).toEqual(records.map(plainRecord));
      await reopened();
      expect(await Promise.all(records.map(found))).toEqual(records.map(plainRecord));
    });

    it("tells of each bucket which record was appended last", async () => {
      const [one, two, three] = chainOf(1, "a", "b", "c");
      const plain = ({ index, hash }: Pick<JournalRecord, "index" | "hash">) => [
        index,
        Buffer.from(hash).toString("hex"),
      ];
      const newest = async (bucket: number) => {
        const found = await journal.newest(bucket);
        return found && plain(found);
      };
      expect(await newest(1)).toBeUndefined();
      await journal.append([one!, two!, ...chainOf(2, "d")]);
      expect(await newest(1)).toEqual(plain(two!));
      await journal.append([three!]);
      await reopened();
      expect(await newest(1)).toEqual(plain(three!));
      expect(await newest(2)).toEqual(plain(chainOf(2, "d")[0]!));
      expect(await newest(3)).toBeUndefined();
    });

    it("gives the hashes of all records of a bucket in their order, so many at a time", async () => {
      const records = chainOf(
        1,
        ...Array.from({ length: HASHES_TOGETHER_MAX + 3 }, (_, at) => `record ${at}`),
      );
      await journal.append([...records, ...chainOf(2, "of another")]);
      const all = records.map(({ hash }) => hexOf(hash)).toSorted();
      const first = await journal.hashes(1, undefined);
      expect(first.map(hexOf)).toEqual(all.slice(0, HASHES_TOGETHER_MAX));
      const rest = await journal.hashes(1, first.at(-1));
      expect(rest.map(hexOf)).toEqual(all.slice(HASHES_TOGETHER_MAX));
      expect(await journal.hashes(1, rest.at(-1))).toEqual([]);
      expect((await journal.hashes(1, ZERO)).map(hexOf)).toEqual(first.map(hexOf));
      expect((await journal.hashes(2, undefined)).map(hexOf)).toHaveLength(1);
      expect(await journal.hashes(3, undefined)).toEqual([]);
    });

    it("has no more what was dropped, after a crash too, and all others", async () => {
      const [one, two, three] = chainOf(1, "a", "b", "c");
      const elsewhere = { ...two!, bucket: 2 };
      await journal.append([one!, two!, three!, elsewhere]);
      await journal.drop(1, [two!.hash, three!.hash]);
      const left = async (): Promise<void> => {
        expect(await Promise.all([one!, two!, three!, elsewhere].map(found))).toEqual([
          plainRecord(one),
          undefined,
          undefined,
          plainRecord(elsewhere),
        ]);
        expect((await journal.hashes(1, undefined)).map(hexOf)).toEqual([hexOf(one!.hash)]);
        expect((await journal.newest(1))?.index).toBe(0);
        expect(await journal.links(1, three!.hash, 3)).toEqual([]);
      };
      await left();
      await reopened();
      await left();
    });

    it("drops what is not there without a word, and has again what is appended again", async () => {
      const [one, two] = chainOf(1, "a", "b");
      await journal.append([one!]);
      await journal.drop(1, [two!.hash, one!.hash, one!.hash]);
      await journal.drop(1, [one!.hash]);
      await journal.drop(3, []);
      await journal.append([one!, two!]);
      expect(await Promise.all([one!, two!].map(found))).toEqual([one, two].map(plainRecord));
    });

    it("answers many at once, in the order asked, up to the first that is not here", async () => {
      const records = chainOf(1, "a", "b", "c", "d");
      const rest = [...records.slice(2), ...chainOf(1, "of another chain"), records[0]!];
      await journal.append([...records, ...chainOf(2, "of another chain")]);
      const many = async (some: readonly JournalRecord[]) =>
        (
          await journal.getMany(
            1,
            some.map(({ hash }) => hash),
          )
        ).map(plainRecord);
      expect(await many(records)).toEqual(records.map(plainRecord));
      expect(await many(records.toReversed())).toEqual(records.toReversed().map(plainRecord));
      expect(await many(rest)).toEqual(records.slice(2).map(plainRecord));
      expect(await many(chainOf(1, "nowhere"))).toEqual([]);
      expect(await many([])).toEqual([]);
    });

    it("answers fewer where many are too large for one message, and one however large", async () => {
      const large = chainOf(1, "a", "b", "c").map(({ index, parent }) =>
        journalRecord(1, index, parent, new Uint8Array(RECORDS_TOGETHER_BYTES_MAX / 2).fill(index)),
      );
      const larger = journalRecord(1, 9, ZERO, new Uint8Array(LARGE_BYTES).fill(1));
      await journal.append([...large, larger]);
      const count = async (...some: readonly JournalRecord[]): Promise<number> =>
        (
          await journal.getMany(
            1,
            some.map(({ hash }) => hash),
          )
        ).length;
      expect([await count(...large), await count(larger, ...large)]).toEqual([2, 1]);
    });

    it("goes back along a chain as far as it is here, the newest first", async () => {
      const records = chainOf(1, "a", "b", "c", "d");
      await journal.append(records.slice(1));
      const back = async (from: JournalRecord, count: number) =>
        (await journal.links(1, from.hash, count)).map(plainLink);
      const whole = records.slice(1).toReversed().map(plainLink);
      expect(await back(records[3]!, 10)).toEqual(whole);
      expect(await back(records[3]!, 2)).toEqual(whole.slice(0, 2));
      expect(await back(records[0]!, 10)).toEqual([]);
      expect(await journal.links(2, records[3]!.hash, 10)).toEqual([]);
      await journal.append(records);
      expect(await back(records[3]!, 10)).toEqual(records.toReversed().map(plainLink));
    });

    it("finds a record under its own bucket and hash only", async () => {
      const [record] = chainOf(1, "a");
      await journal.append([record!]);
      expect(await journal.get(2, record!.hash)).toBeUndefined();
      expect(await journal.get(1, ZERO)).toBeUndefined();
      const [other] = chainOf(1, "b");
      expect(await journal.get(1, other!.hash)).toBeUndefined();
    });

    it("keeps rival records of one place, whichever the head will name", async () => {
      const [first] = chainOf(1, "a");
      const rivals = ["b", "c"].map((content) => journalRecord(1, 1, first!.hash, content));
      await journal.append([first!, rivals[0]!]);
      await journal.append([rivals[1]!]);
      expect(await Promise.all(rivals.map(found))).toEqual(rivals.map(plainRecord));
    });

    it("changes nothing when the same record comes again, alone or among others", async () => {
      const [one, two, three] = chainOf(1, "a", "b", "c");
      await journal.append([one!, one!]);
      await journal.append([one!, two!]);
      await journal.append([two!]);
      await Promise.all([journal.append([two!, three!]), journal.append([three!])]);
      expect(await Promise.all([one!, two!, three!].map(found))).toEqual(
        [one!, two!, three!].map(plainRecord),
      );
    });

    it("has no part in its caller's buffers, neither those given nor those returned", async () => {
      const [record] = chainOf(1, "as it was");
      const before = plainRecord(record);
      await journal.append([record!]);
      const { hash } = structuredClone(record!);
      for (const bytes of [record!.bytes, record!.parent, record!.hash]) bytes.fill(7);
      const returned = await journal.get(1, hash);
      expect(plainRecord(returned)).toEqual(before);
      returned!.bytes.fill(8);
      expect(plainRecord(await journal.get(1, hash))).toEqual(before);
    });

    it("leaves the caller's bytes as they were, to be sent again", async () => {
      const records = chainOf(1, "a", "b");
      const before = structuredClone(records);
      await journal.append(records);
      expect(records).toEqual(before);
    });

    it.each([0, 1, LARGE_BYTES])("keeps a record of %i bytes", async (size) => {
      const record = journalRecord(1, 0, ZERO, new Uint8Array(size).fill(65));
      await journal.append([record]);
      expect(Buffer.compare((await journal.get(1, record.hash))!.bytes, record.bytes)).toBe(0);
    });

    it("takes an empty append", async () => {
      await expect(journal.append([])).resolves.toBeUndefined();
    });

    it("keeps the parts of a snapshot that come again, and no others", async () => {
      await partsAreKept(journal, (records) => snapshotOf(1, records, `at ${records}`));
      await rig.crash();
      journal = await rig.open();
      expect(await partsIn(journal, 1)).toEqual([3, "one", "four"]);
    });

    it("gives back the last snapshot of each bucket, after a crash too", async () => {
      expect(await journal.loadSnapshot(1)).toBeUndefined();
      await journal.saveSnapshot(snapshotOf(1, 5, "older"));
      await journal.saveSnapshot(snapshotOf(2, 3, "of another"));
      await journal.saveSnapshot(snapshotOf(1, 9, "newer"));
      const expected = [snapshotOf(1, 9, "newer"), snapshotOf(2, 3, "of another")];
      const load = () => Promise.all([journal.loadSnapshot(1), journal.loadSnapshot(2)]);
      expect((await load()).map(plainSnapshot)).toEqual(expected.map(plainSnapshot));
      await reopened();
      expect((await load()).map(plainSnapshot)).toEqual(expected.map(plainSnapshot));
    });

    it("has one opener at a time, and the next one after a close", async () => {
      await expect(rig.open()).rejects.toMatchObject({ code: "DATA_IN_USE" });
      const records = chainOf(1, "a");
      await journal.append(records);
      await journal.close();
      await journal.close();
      journal = await rig.open();
      expect(await found(records[0]!)).toEqual(plainRecord(records[0]));
    });

    it("refuses every call once it was closed", async () => {
      await journal.close();
      const closed = { code: "STORE_CLOSED" };
      await expect(journal.append(chainOf(1, "a"))).rejects.toMatchObject(closed);
      await expect(journal.get(1, ZERO)).rejects.toMatchObject(closed);
      await expect(journal.getMany(1, [ZERO])).rejects.toMatchObject(closed);
      await expect(journal.links(1, ZERO, 1)).rejects.toMatchObject(closed);
      await expect(journal.hashes(1, undefined)).rejects.toMatchObject(closed);
      await expect(journal.drop(1, [ZERO])).rejects.toMatchObject(closed);
      await expect(journal.loadSnapshot(1)).rejects.toMatchObject(closed);
      await expect(journal.saveSnapshot(snapshotOf(1, 1, "a"))).rejects.toMatchObject(closed);
    });

    it("agrees with a simple model on random appends, drops and crashes", async () => {
      const record = fc.record({
        bucket: fc.integer({ min: 0, max: 2 }),
        index: fc.integer({ min: 0, max: 3 }),
        content: fc.constantFrom("a", "b", "c"),
      });
      const step = fc.oneof(
        { weight: 5, arbitrary: fc.array(record, { maxLength: 4 }) },
        { weight: 2, arbitrary: record.map((one) => ({ dropped: one })) },
        { weight: 1, arbitrary: fc.constant("crash" as const) },
      );
      const made = ({ bucket, index, content }: Made): JournalRecord =>
        journalRecord(bucket, index, ZERO, `${content} at ${index}`);
      const model = new Map<string, JournalRecord>();
      const property = fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        for (const one of steps) {
          if (one === "crash") await reopened();
          else if ("dropped" in one) {
            const dropped = made(one.dropped);
            await journal.drop(dropped.bucket, [dropped.hash]);
            model.delete(JSON.stringify(plainRecord(dropped)));
          } else {
            const records = one.map(made);
            await journal.append(records);
            for (const each of records) model.set(JSON.stringify(plainRecord(each)), each);
          }
        }
        for (const [plain, each] of model) expect(JSON.stringify(await found(each))).toBe(plain);
        for (const bucket of [0, 1, 2]) {
          const own = [...model.values()].filter((each) => each.bucket === bucket);
          const hashes = (await journal.hashes(bucket, undefined)).map(hexOf);
          expect(hashes).toEqual(own.map(({ hash }) => hexOf(hash)).toSorted());
        }
      });
      await fc.assert(property, { numRuns: 15 });
    });
  });
};

interface Made {
  readonly bucket: number;
  readonly index: number;
  readonly content: string;
}

const hexOf = (hash: Uint8Array): string => Buffer.from(hash).toString("hex");

const plainLink = ({ index, hash, parent }: Link) => [
  index,
  Buffer.from(hash).toString("hex"),
  Buffer.from(parent).toString("hex"),
];

const plainSnapshot = (snapshot: Snapshot | undefined) =>
  snapshot && {
    ...snapshot,
    hash: Buffer.from(snapshot.hash).toString("hex"),
    bytes: Buffer.from(snapshot.bytes).toString("utf8"),
  };
