import { beforeEach, describe, expect, it } from "vitest";
import { emptyHead } from "#ports/commit-rules.ts";
import type { Session } from "#ports/consensus.ts";
import type { Head } from "#ports/store.ts";
import { ClusterStore } from "#runtime/commit/cluster-store.ts";
import { SimConsensus } from "#sim/world/consensus.ts";
import { SimJournal, SimStream } from "#sim/world/journal.ts";
import { writeOn } from "../../contracts/store.ts";

const BUCKET = 7;
/** More than `restock` looks for at a time. */
const RECORDS = 150;

describe("records that the stream has lost", () => {
  let consensus: SimConsensus;
  let stream: SimStream;
  let own: ClusterStore;
  let session: Session;
  let head: Head;

  const storeOf = (journal: SimJournal): ClusterStore =>
    new ClusterStore({
      consensus: consensus.connect(),
      stream: stream.connect(() => true),
      journal: journal.open(),
    });

  beforeEach(async () => {
    consensus = new SimConsensus({ nowMs: () => 0 });
    stream = new SimStream();
    own = storeOf(new SimJournal());
    session = await consensus.connect().join("ann", 1_000);
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

  it("are not said to be back while the stream does not answer", async () => {
    stream.wipe();
    stream.isAway = true;
    await expect(own.restock(BUCKET)).rejects.toThrow(/STORE_FAILED/);
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
  it("is taken where it lies on the chain and the own disk has none, or an older one", async () => {
    const consensus = new SimConsensus({ nowMs: () => 0 });
    const stream = new SimStream();
    const storeOf = (): ClusterStore =>
      new ClusterStore({
        consensus: consensus.connect(),
        stream: stream.connect(() => true),
        journal: new SimJournal().open(),
      });
    const [own, other] = [storeOf(), storeOf()];
    const session = await consensus.connect().join("ann", 1_000);
    const [row] = await session.campaign([BUCKET]);
    const heads: Head[] = [];
    for (let at = 0; at < 5; at += 1) {
      const write = writeOn(heads.at(-1) ?? emptyHead(BUCKET), row!.epoch, [`record ${at}`]);
      await own.commit([write]);
      heads.push(write.head);
    }
    const save = (store: ClusterStore, head: Head, hash = head.hash) =>
      store.saveSnapshot({ ...head, hash, bytes: new Uint8Array(head.records) });
    const found = async () => (await other.loadSnapshot(BUCKET))?.records;
    expect(await found()).toBeUndefined();
    await save(other, heads[1]!);
    await save(own, heads[3]!);
    expect(await found()).toBe(4);
    // One of a record that the head does not lead to: the own one is the newest that counts.
    await save(own, heads[4]!, new Uint8Array(32).fill(9));
    expect(await found()).toBe(2);
    stream.isAway = true;
    expect(await found()).toBe(2);
    await expect(save(other, heads[4]!)).resolves.toBeUndefined();
    expect(await found()).toBe(5);
  });
});
