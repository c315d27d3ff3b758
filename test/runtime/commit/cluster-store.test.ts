import { beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "#envelope/cid.ts";
import { emptyHead } from "#ports/commit-rules.ts";
import type { Session } from "#ports/consensus.ts";
import { Fault } from "#ports/faults.ts";
import type { RecordStream, TakeRecords } from "#ports/journal.ts";
import type { Epoch, GivenPart, Head } from "#ports/store.ts";
import { ASKED_ALONE_MAX, BROUGHT_TOGETHER_MIN } from "#runtime/commit/chains.ts";
import { ClusterStore } from "#runtime/commit/cluster-store.ts";
import { Prng } from "#sim/kernel/prng.ts";
import { SimConsensus } from "#sim/world/consensus.ts";
import { SimJournal, SimStream } from "#sim/world/journal.ts";
import { partsIn } from "../../contracts/snapshot-parts.ts";
import { writeOn } from "../../contracts/store.ts";

const BUCKET = 7;
/** More than `restock` looks for at a time. */
const RECORDS = 150;

const hashesOf = async (store: ClusterStore): Promise<readonly Uint8Array[]> =>
  (await store.read(BUCKET, 0, RECORDS)).map((bytes) => sha256(bytes));

const rest = async (): Promise<void> => {};

/** These buckets, each under the first epoch. */
const led =
  (...buckets: readonly number[]) =>
  (): ReadonlyMap<number, Epoch> =>
    new Map(buckets.map((bucket) => [bucket, { generation: 1, revision: 1 }]));

describe("records that the stream has lost", () => {
  let consensus: SimConsensus;
  let stream: SimStream;
  let own: ClusterStore;
  let session: Session;
  let head: Head;

  const storeOf = (journal: SimJournal, own = stream.connect(() => true)): ClusterStore =>
    new ClusterStore({ consensus: consensus.connect(), stream: own, journal: journal.open() });

  /** A way to the stream that counts what is asked for alone, and what comes in order. */
  const counted = () => {
    const connected = stream.connect(() => true);
    const counts = { alone: 0, inOrder: 0, passes: 0, fails: false };
    const inOrder = async (take: TakeRecords, read: (take: TakeRecords) => Promise<void>) => {
      if (counts.fails) throw new Fault("STORE_FAILED", "it makes no consumers");
      counts.passes += 1;
      await read((records) => {
        counts.inOrder += records.length;
        return take(records);
      });
    };
    const way: RecordStream = {
      ...connected,
      get: (bucket, hash) => {
        counts.alone += 1;
        return connected.get(bucket, hash);
      },
      readAfter: (bucket, after, take) =>
        inOrder(take, (counted) => connected.readAfter(bucket, after, counted)),
      readAll: (take) => inOrder(take, (counted) => connected.readAll(counted)),
    };
    return { counts, way };
  };

  beforeEach(async () => {
    consensus = new SimConsensus({ nowMs: () => 0 });
    stream = new SimStream();
    own = storeOf(new SimJournal());
    session = await consensus.connect().join("ann", 1_000, "");
    const [row] = await session.campaign([BUCKET]);
    head = emptyHead(BUCKET);
    for (let at = 0; at < RECORDS; at += 1) {
      const write = writeOn(head, row!.epoch, [`record ${at}`]);
      await own.commit([write]);
      head = write.head;
    }
  });

  it("cannot be read by another, until they are put back", async () => {
    const other = storeOf(new SimJournal());
    expect(await other.read(BUCKET, 0, RECORDS)).toHaveLength(RECORDS);
    stream.wipe();
    const third = storeOf(new SimJournal());
    await expect(third.read(BUCKET, 0, RECORDS)).rejects.toThrow(/RECORD_MISSING/);
    await own.restock(BUCKET);
    expect(await third.read(BUCKET, 0, RECORDS)).toEqual(await own.read(BUCKET, 0, RECORDS));
  });

  it("come to a disk that lacks many of them in order, from where it ends", async () => {
    const { counts, way } = counted();
    const disk = new SimJournal();
    const behind = RECORDS - 40;
    const before = await own.read(BUCKET, 0, RECORDS);
    const begun = storeOf(disk, way);
    expect(await begun.read(BUCKET, 0, RECORDS)).toEqual(before);
    expect(counts).toMatchObject({ alone: 0, inOrder: RECORDS });

    const heir = new SimJournal();
    const ended = heir.open();
    await ended.append(
      await Promise.all(
        (await hashesOf(own)).slice(0, behind).map(async (hash) => (await way.get(BUCKET, hash))!),
      ),
    );
    await ended.close();
    Object.assign(counts, { alone: 0, inOrder: 0 });
    expect(await storeOf(heir, way).read(BUCKET, 0, RECORDS)).toEqual(before);
    expect(counts).toMatchObject({ alone: 0, inOrder: RECORDS - behind });
  });

  it.each([
    { holes: [20, 50, RECORDS - 3, RECORDS - 2], passes: 0 },
    { holes: Array.from({ length: ASKED_ALONE_MAX + 5 }, (_, at) => 3 * at), passes: 1 },
  ])("come one by one to a disk that has holes, in order once that is much", async (row) => {
    const { holes, passes } = row;
    const { counts, way } = counted();
    const heir = new SimJournal();
    const hashes = await hashesOf(own);
    const disk = heir.open();
    for (const [at, hash] of hashes.entries())
      if (!holes.includes(at)) await disk.append([(await way.get(BUCKET, hash))!]);
    await disk.close();
    Object.assign(counts, { alone: 0, inOrder: 0, passes: 0 });
    const read = await storeOf(heir, way).read(BUCKET, 0, RECORDS);
    expect(read).toEqual(await own.read(BUCKET, 0, RECORDS));
    expect(counts).toMatchObject({ alone: Math.min(holes.length, ASKED_ALONE_MAX), passes });
  });

  const MANY = Array.from({ length: BROUGHT_TOGETHER_MIN + 1 }, (_, at) => BUCKET + 1 + at);

  /** So many logs more, of 20 records each. */
  const manyLogs = async (): Promise<ReadonlyMap<number, readonly Uint8Array[]>> => {
    const logs = new Map<number, readonly Uint8Array[]>();
    for (const { bucket, epoch } of await session.campaign(MANY)) {
      let last = emptyHead(bucket);
      for (let at = 0; at < 20; at += 1) {
        const write = writeOn(last, epoch, [`record ${at}`]);
        await own.commit([write]);
        last = write.head;
      }
      logs.set(bucket, await own.read(bucket, 0, 20));
    }
    return logs;
  };

  it("of many buckets come to a new disk in one pass, and those of no others", async () => {
    const logs = await manyLogs();
    const { counts, way } = counted();
    const disk = new SimJournal();
    await storeOf(disk, way).fill(led(...MANY), rest);
    expect(counts).toMatchObject({ alone: 0, passes: 1 });
    expect(disk.contents(BUCKET, head.hash)).toBeUndefined();
    stream.wipe();
    disk.crash();
    const heir = storeOf(disk, way);
    for (const [bucket, log] of logs) expect(await heir.read(bucket, 0, 20)).toEqual(log);
  });

  it("of all logs come in one go to who is about to read all", async () => {
    const logs = await manyLogs();
    const { counts, way } = counted();
    const reader = storeOf(new SimJournal(), way);
    await reader.bringAll();
    expect(counts).toMatchObject({ alone: 0, inOrder: RECORDS + 20 * MANY.length });
    for (const [bucket, log] of logs) expect(await reader.read(bucket, 0, 20)).toEqual(log);
    expect(counts.alone).toBe(0);
    await reader.bringAll();
    expect(counts.inOrder).toBe(RECORDS + 20 * MANY.length);
  });

  it("are asked for alone where they do not come in order", async () => {
    const { counts, way } = counted();
    counts.fails = true;
    const before = await own.read(BUCKET, 0, RECORDS);
    expect(await storeOf(new SimJournal(), way).read(BUCKET, 0, RECORDS)).toEqual(before);
    expect(counts).toMatchObject({ alone: RECORDS, inOrder: 0 });
  });

  it("are brought to a new disk with rests between, and once: led again, only what is newer is", async () => {
    const heir = storeOf(new SimJournal());
    let rests = 0;
    const rested = async (): Promise<void> => void (rests += 1);
    await heir.fill(led(BUCKET), rested);
    const whole = rests;
    expect(whole).toBeGreaterThan(RECORDS / 32);
    await heir.fill(led(BUCKET), rested);
    expect(rests).toBe(whole);
    await heir.fill(led(), rested);
    await heir.fill(led(BUCKET), rested);
    expect(rests).toBe(whole);
    stream.wipe();
    expect(await heir.read(BUCKET, 0, RECORDS)).toEqual(await own.read(BUCKET, 0, RECORDS));
  });

  it("are not said to be back while the stream does not answer", async () => {
    stream.wipe();
    stream.isAway = true;
    await expect(own.restock(BUCKET)).rejects.toThrow(/BUS_UNREACHABLE/);
  });

  it("are read from the stream where the own disk has them wrong, and are right again there", async () => {
    const disk = new SimJournal();
    const other = storeOf(disk);
    const whole = await other.read(BUCKET, 0, RECORDS);
    disk.flipBits(RECORDS, Prng.of(1));
    expect(await other.read(BUCKET, 0, RECORDS)).toEqual(whole);
    stream.wipe();
    expect(await other.read(BUCKET, 0, RECORDS)).toEqual(whole);
  });

  it("are missing where the own disk has them wrong", async () => {
    const disk = new SimJournal();
    const other = storeOf(disk);
    await other.read(BUCKET, 0, RECORDS);
    stream.wipe();
    disk.flipBits(RECORDS, Prng.of(1));
    await expect(other.read(BUCKET, 0, RECORDS)).rejects.toThrow(/RECORD_MISSING/);
  });

  it("are found missing, though a newer one is there, and are put back", async () => {
    expect(await own.copiesOf(head)).toEqual({ isOnDisk: true, isOnStream: true });
    stream.wipe();
    expect(await own.copiesOf(head)).toEqual({ isOnDisk: true, isOnStream: false });
    const write = writeOn(head, head.epoch, ["after the loss"]);
    await own.commit([write]);
    expect(await own.copiesOf(write.head)).toEqual({ isOnDisk: true, isOnStream: false });
    await own.mend(BUCKET);
    expect(await own.copiesOf(write.head)).toEqual({ isOnDisk: true, isOnStream: true });
    expect(await storeOf(new SimJournal()).read(BUCKET, 0, RECORDS)).toHaveLength(RECORDS);
  });

  it("before a snapshot are not missed, once the rest has been put back", async () => {
    const bucket = BUCKET + 1;
    const [row] = await session.campaign([bucket]);
    const heads: Head[] = [];
    const grow = async (count: number): Promise<void> => {
      for (let at = 0; at < count; at += 1) {
        const write = writeOn(heads.at(-1) ?? emptyHead(bucket), row!.epoch, [`record ${at}`]);
        await own.commit([write]);
        heads.push(write.head);
      }
    };
    const other = storeOf(new SimJournal());
    await grow(1);
    expect((await other.copiesOf(heads[0]!)).isOnStream).toBe(true);
    await grow(5);
    await other.saveSnapshot({ ...heads[3]!, bytes: new Uint8Array(1), parts: [] });
    await other.read(bucket, 3, 3);
    stream.wipe();
    expect((await other.copiesOf(heads[5]!)).isOnStream).toBe(false);
    await other.mend(bucket);
    expect((await other.copiesOf(heads[5]!)).isOnStream).toBe(true);
  });

  it("are found missing or damaged on the own disk, and are whole again", async () => {
    const disk = new SimJournal();
    const other = storeOf(disk);
    expect(await other.copiesOf(head)).toEqual({ isOnDisk: true, isOnStream: true });
    disk.wipe();
    expect((await other.copiesOf(head)).isOnDisk).toBe(false);
    await other.mend(BUCKET);
    expect((await other.copiesOf(head)).isOnDisk).toBe(true);
    while ((await other.copiesOf(head)).isOnDisk) disk.flipBits(RECORDS, Prng.of(1));
    await other.mend(BUCKET);
    expect(await other.copiesOf(head)).toEqual({ isOnDisk: true, isOnStream: true });
  });

  it("count as unknown where the stream did not answer; that it is full is told", async () => {
    const failing = (fault: Fault): ClusterStore =>
      storeOf(new SimJournal(), {
        ...stream.connect(() => true),
        publish: () => Promise.reject(fault),
      });
    const write = writeOn(head, head.epoch, ["one more"]);
    const away = failing(new Fault("BUS_UNREACHABLE", "no server"));
    expect(await away.commit([write])).toEqual([{ bucket: BUCKET, kind: "unknown" }]);
    const full = failing(new Fault("STREAM_FULL", "the stream swarm_records"));
    await expect(full.commit([write])).rejects.toThrow(/STREAM_FULL the stream swarm_records/);
  });

  it("are put back only where they are missing", async () => {
    const sent: number[] = [];
    const inner = stream.connect(() => true);
    const journal = new SimJournal();
    const watched = new ClusterStore({
      consensus: consensus.connect(),
      journal: journal.open(),
      stream: {
        ...inner,
        publish: (records) => {
          sent.push(records.length);
          return inner.publish(records);
        },
      },
    });
    await watched.restock(BUCKET);
    expect(sent).toEqual([]);
    stream.wipe();
    await watched.restock(BUCKET);
    expect(sent.reduce((sum, count) => sum + count, 0)).toBe(RECORDS);
  });
});

describe("a snapshot of the stream", () => {
  let consensus: SimConsensus;
  let stream: SimStream;
  let own: ClusterStore;
  let heads: Head[];

  const storeOf = (arrives = (): boolean => true): ClusterStore =>
    new ClusterStore({
      consensus: consensus.connect(),
      stream: stream.connect(arrives),
      journal: new SimJournal().open(),
    });
  const save = (store: ClusterStore, { hash, ...head }: Head, named = hash) =>
    store.saveSnapshot({ ...head, hash: named, bytes: new Uint8Array(head.records), parts: [] });
  const loaded = async (store: ClusterStore) => (await store.loadSnapshot(BUCKET))?.records;

  beforeEach(async () => {
    consensus = new SimConsensus({ nowMs: () => 0 });
    stream = new SimStream();
    own = storeOf();
    const session = await consensus.connect().join("ann", 1_000, "");
    const [row] = await session.campaign([BUCKET]);
    heads = [];
    for (let at = 0; at < 5; at += 1) {
      const write = writeOn(heads.at(-1) ?? emptyHead(BUCKET), row!.epoch, [`record ${at}`]);
      await own.commit([write]);
      heads.push(write.head);
    }
  });

  it("is taken where it is newer than the own one and lies on the chain", async () => {
    const other = storeOf();
    expect(await loaded(other)).toBeUndefined();
    await save(other, heads[1]!);
    expect(await loaded(other)).toBe(2);
    await save(own, heads[4]!, new Uint8Array(32).fill(9));
    expect(await loaded(other)).toBe(2);
    await save(own, heads[3]!);
    expect(await loaded(other)).toBe(4);
  });

  it("is on the own disk before anything is built on it", async () => {
    const other = storeOf();
    await save(own, heads[3]!);
    expect(await loaded(other)).toBe(4);
    stream.wipe();
    expect(await loaded(other)).toBe(4);
    stream.isAway = true;
    expect(await loaded(other)).toBe(4);
  });

  it("may be missing: what is saved is on the own disk all the same", async () => {
    stream.isAway = true;
    await save(own, heads[4]!);
    expect(await loaded(own)).toBe(5);
  });

  it("has the parts that the stream lacks from the own disk, though they are not given again", async () => {
    const part = (text: string): GivenPart => {
      const bytes = new TextEncoder().encode(text);
      return { hash: sha256(bytes), bytes };
    };
    const store = storeOf(() => false);
    const at = (records: number, parts: readonly GivenPart[]): Promise<void> =>
      store.saveSnapshot({ ...heads[records - 1]!, bytes: new Uint8Array(1), parts });
    stream.isAway = true;
    await at(3, [part("one")]);
    stream.isAway = false;
    await at(4, [{ ...part("one"), bytes: undefined }, part("two")]);
    expect(await partsIn(storeOf(), BUCKET)).toEqual([4, "one", "two"]);
    const lost = at(5, [{ ...part("three"), bytes: undefined }]);
    await expect(lost).rejects.toMatchObject({ code: "PART_MISSING" });
    expect(await partsIn(store, BUCKET)).toEqual([4, "one", "two"]);
  });

  it("is not all that an heir has: what is older comes to its disk too (Q7)", async () => {
    const heir = storeOf();
    await save(own, heads[2]!);
    expect(await loaded(heir)).toBe(3);
    expect(await heir.fill(led(BUCKET), rest)).toEqual({ missing: [], dropped: 0 });
    stream.wipe();
    expect(await heir.read(BUCKET, 0, 9)).toEqual(await own.read(BUCKET, 0, 9));
    // Where a record is nowhere, what can be led is led all the same.
    const third = storeOf();
    await heir.restock(BUCKET);
    expect(await loaded(third)).toBe(3);
    stream.wipe();
    expect(await third.fill(led(BUCKET), rest)).toEqual({ missing: [BUCKET], dropped: 0 });
    await expect(third.read(BUCKET, 0, 9)).rejects.toThrow(/RECORD_MISSING/);
  });

  it("is put back with the chain from it on by one who has no more than that", async () => {
    const heir = storeOf();
    await save(own, heads[2]!);
    expect(await loaded(heir)).toBe(3);
    expect(await heir.read(BUCKET, 3, 9)).toHaveLength(2);
    stream.wipe();
    await heir.restock(BUCKET);
    const third = storeOf();
    expect(await loaded(third)).toBe(3);
    expect(await third.read(BUCKET, 3, 9)).toEqual(await own.read(BUCKET, 3, 9));
    await expect(third.read(BUCKET, 0, 9)).rejects.toThrow(/RECORD_MISSING/);
    await own.restock(BUCKET);
    expect(await third.read(BUCKET, 0, 9)).toHaveLength(5);
  });
});
