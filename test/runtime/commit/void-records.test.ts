import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { hex } from "#envelope/cid.ts";
import { emptyHead } from "#ports/commit-rules.ts";
import { collectMarks } from "#ports/marks.ts";
import type { Consensus, Session } from "#ports/consensus.ts";
import { Fault } from "#ports/faults.ts";
import {
  HASHES_TOGETHER_MAX,
  type Journal,
  type JournalRecord,
  type RecordStream,
} from "#ports/journal.ts";
import type { BucketWrite, Epoch, Head } from "#ports/store.ts";
import { ClusterStore } from "#runtime/commit/cluster-store.ts";
import { DROPPED_AT_A_TIME } from "#runtime/commit/void-records.ts";
import { Prng } from "#sim/kernel/prng.ts";
import { SimConsensus } from "#sim/world/consensus.ts";
import { SimJournal, SimStream } from "#sim/world/journal.ts";
import { chainOf, journalRecord } from "../../contracts/records.ts";
import { writeOn } from "../../contracts/store.ts";

const BUCKET = 7;
const OTHER = 8;

interface Asked {
  /** Records that were walked over. */
  walked: number;
  readonly dropped: string[];
}

/** One supervisor: its disk, its ways to it and to the stream, and what it asked of them. */
class Member {
  readonly disk = new SimJournal();
  readonly asked: Asked = { walked: 0, dropped: [] };
  journal: Journal;
  readonly stream: RecordStream;
  store: ClusterStore;
  consensus: Consensus;
  /** Under which it says that all records were built but those that are named. */
  readonly generations = new Map<string, number>();
  generation = 1;
  #revision = 0;
  failure: Fault | undefined;
  isLeading = true;

  constructor(consensus: SimConsensus, stream: SimStream) {
    const shared = stream.connect(() => true);
    this.consensus = consensus.connect();
    this.stream = {
      ...shared,
      drop: async (bucket, hashes) => {
        if (this.failure !== undefined) throw this.failure;
        await shared.drop(bucket, hashes);
        this.asked.dropped.push(...hashes.map(() => "stream"));
      },
    };
    [this.journal, this.store] = this.#opened();
  }

  #opened(): [Journal, ClusterStore] {
    const own = this.disk.open();
    const journal: Journal = {
      ...own,
      links: async (...args) => {
        const links = await own.links(...args);
        this.asked.walked += links.length;
        return links;
      },
      drop: async (bucket, hashes) => {
        await own.drop(bucket, hashes);
        this.asked.dropped.push(...hashes.map(() => "disk"));
      },
    };
    const consensus: Pick<Consensus, "heads" | "commit"> = {
      heads: (buckets) => this.consensus.heads(buckets),
      commit: (writes) => this.consensus.commit(writes),
    };
    const generationOf = (bytes: Uint8Array): number =>
      this.generations.get(new TextDecoder().decode(bytes)) ?? this.generation;
    return [journal, new ClusterStore({ consensus, stream: this.stream, journal, generationOf })];
  }

  /** Its process ends and is started again. */
  restart(): void {
    this.disk.crash();
    [this.journal, this.store] = this.#opened();
  }

  /** It leads these anew, and the reconciler runs. */
  fillAnew(buckets: readonly number[] = [BUCKET], rest = async (): Promise<void> => {}) {
    this.#revision += 1;
    return this.fill(buckets, rest);
  }

  /** The reconciler runs again. */
  fill(buckets: readonly number[] = [BUCKET], rest = async (): Promise<void> => {}) {
    return this.store.fill(() => this.led(buckets), rest);
  }

  led(buckets: readonly number[] = [BUCKET]): ReadonlyMap<number, Epoch> {
    const epoch: Epoch = { generation: this.generation, revision: this.#revision };
    return new Map(this.isLeading ? buckets.map((bucket) => [bucket, epoch]) : []);
  }
}

/** One that is on the disk and the stream of who wrote it, and under no head. */
const written = async (by: Member, records: readonly JournalRecord[]): Promise<void> => {
  await by.journal.append(records);
  await by.stream.publish(records);
};

const rival = (index: number, parent: Uint8Array, content = "rival"): JournalRecord =>
  journalRecord(BUCKET, index, parent, `${content} at ${index} on ${hex(parent)}`);

describe("what is void (Q8)", () => {
  let consensus: SimConsensus;
  let stream: SimStream;
  let ann: Member;
  let session: Session;
  let epoch: Epoch;
  let heads: Head[];

  beforeEach(async () => {
    consensus = new SimConsensus({ nowMs: () => 0 });
    stream = new SimStream();
    ann = new Member(consensus, stream);
    session = await consensus.connect().join("ann", 1_000, "");
    epoch = (await session.campaign([BUCKET]))[0]!.epoch;
    heads = [emptyHead(BUCKET)];
    await grow(10);
  });

  const committed = async (write: BucketWrite, by = ann): Promise<Head> => {
    expect((await by.store.commit([write]))[0]?.kind).toBe("committed");
    return write.head;
  };
  const grow = async (count: number, by = ann): Promise<void> => {
    for (let at = 0; at < count; at += 1)
      heads.push(await committed(writeOn(heads.at(-1)!, epoch, [`record ${at}`]), by));
  };
  const isHere = ({ hash }: Pick<JournalRecord, "hash">, by = ann, bucket = BUCKET) => ({
    disk: by.disk.contents(bucket, hash) !== undefined,
    stream: stream.contents(bucket, hash) !== undefined,
  });
  const here = { disk: true, stream: true };
  const gone = { disk: false, stream: false };
  const log = (by = ann): Promise<readonly Uint8Array[]> => by.store.read(BUCKET, 0, 1_000);

  it("is deleted below the head, from the stream before the disk, and nothing else is", async () => {
    const before = await log();
    const lost = rival(4, heads[4]!.hash);
    const onTop = rival(5, lost.hash);
    const elsewhere = chainOf(OTHER, "of another bucket");
    await written(ann, [lost, onTop, ...elsewhere]);
    const marks = collectMarks();
    expect(await ann.fillAnew()).toEqual({ missing: [], dropped: 2 });
    expect(marks()).toContain("store.void-dropped");
    expect([isHere(lost), isHere(onTop)]).toEqual([gone, gone]);
    expect(ann.asked.dropped).toEqual(["stream", "stream", "disk", "disk"]);
    expect(isHere(elsewhere[0]!, ann, OTHER)).toEqual(here);
    expect(await log()).toEqual(before);
    stream.wipe();
    ann.restart();
    expect(await log()).toEqual(before);
  });

  it("is not what is at the head or above, as long as it may be committed still", async () => {
    const waits = writeOn(heads.at(-1)!, epoch, ["under way", "and behind it"]);
    const records = waits.records.map((one, at) => ({ ...one, bucket: BUCKET, index: 10 + at }));
    await written(ann, records);
    expect(await ann.fillAnew()).toEqual({ missing: [], dropped: 0 });
    expect(records.map((one) => isHere(one))).toEqual([here, here]);
    await grow(1);
    expect((await ann.fillAnew()).dropped).toBe(1);
    expect(records.map((one) => isHere(one))).toEqual([gone, here]);
    await grow(1);
    expect((await ann.fillAnew()).dropped).toBe(1);
    expect(isHere(records[1]!)).toEqual(gone);
  });

  it("is looked at again in the same lead once the chain has passed it, and by no walk of all", async () => {
    const lost = [10, 12].map((index) => rival(index, heads[10]!.hash));
    const next = writeOn(heads.at(-1)!, epoch, ["record 0"]).records[0]!;
    await written(ann, [...lost, { ...next, bucket: BUCKET, index: 10 }]);
    expect((await ann.fillAnew()).dropped).toBe(0);
    const { walked } = ann.asked;
    expect((await ann.fill()).dropped).toBe(0);
    expect(ann.asked.walked).toBe(walked);
    await grow(1);
    expect(heads.at(-1)!.hash).toEqual(next.hash);
    expect((await ann.fill()).dropped).toBe(1);
    expect([isHere(lost[0]!), isHere(lost[1]!), isHere(next)]).toEqual([gone, here, here]);
    await grow(2);
    expect((await ann.fill()).dropped).toBe(1);
    expect(isHere(lost[1]!)).toEqual(gone);
    expect(ann.asked.walked).toBeLessThan(walked + 8);
  });

  it("is not what was built under an earlier generation: a restore may give it back", async () => {
    const undone = rival(4, heads[4]!.hash, "undone");
    const lost = rival(5, heads[5]!.hash);
    await written(ann, [undone, lost]);
    ann.generations.set(new TextDecoder().decode(undone.bytes), 1);
    ann.generation = 2;
    expect((await ann.fillAnew()).dropped).toBe(1);
    expect([isHere(undone), isHere(lost)]).toEqual([here, gone]);
  });

  it("is deleted no more once the bucket is led elsewhere", async () => {
    const many = Array.from({ length: 3 * DROPPED_AT_A_TIME }, (_, at) =>
      rival(at % 10, heads[3]!.hash, `rival ${at}`),
    );
    await written(ann, many);
    const rest = async (): Promise<void> => {
      ann.isLeading &&= !ann.asked.dropped.includes("disk");
    };
    expect((await ann.fillAnew([BUCKET], rest)).dropped).toBe(DROPPED_AT_A_TIME);
    expect(many.filter((one) => isHere(one).disk)).toHaveLength(2 * DROPPED_AT_A_TIME);
    ann.isLeading = true;
    expect((await ann.fillAnew()).dropped).toBe(2 * DROPPED_AT_A_TIME);
  });

  it("that is damaged on the stream hinders no other, and one that is refused is told", async () => {
    const lost = [3, 4, 5].map((index) => rival(index, heads[index]!.hash));
    await written(ann, lost);
    const drop = ann.stream.drop.bind(ann.stream);
    let code: "STORE_CORRUPT" | "BUS_UNFIT" = "BUS_UNFIT";
    Object.assign(ann.stream, {
      drop: async (bucket: number, hashes: readonly Uint8Array[]) => {
        if (hashes.some((hash) => hex(hash) === hex(lost[1]!.hash)))
          throw new Fault(code, "the stream says no");
        await drop(bucket, hashes);
      },
    });
    const refused = new Fault(code, "the stream says no").message;
    expect(await ann.fillAnew()).toEqual({ missing: [], dropped: 0, refused });
    code = "STORE_CORRUPT";
    expect(await ann.fill()).toEqual({ missing: [], dropped: 2 });
    expect(lost.map((one) => isHere(one).disk)).toEqual([false, true, false]);
  });

  it("is counted by the next run where one fails behind it", async () => {
    const lost = rival(4, heads[4]!.hash);
    await written(ann, [lost]);
    const usual = ann.consensus;
    let asked = 0;
    ann.consensus = {
      ...usual,
      heads: async (buckets) => {
        if (buckets.includes(OTHER) && (asked += 1) === 1)
          throw new Fault("CONSENSUS_UNREACHABLE", "no answer");
        return usual.heads(buckets);
      },
    };
    await expect(ann.fillAnew([BUCKET, OTHER])).rejects.toThrow("no answer");
    expect(isHere(lost)).toEqual(gone);
    expect((await ann.fill([BUCKET, OTHER])).dropped).toBe(1);
  });

  it("is found, and what lacks is brought, where a restore has put another chain below", async () => {
    await ann.fillAnew();
    const undone = heads.slice(8);
    const restored = new SimConsensus({ nowMs: () => 0 });
    const restorer = new Member(restored, stream);
    const later = await restored.connect().join("bob", 1_000, "");
    epoch = (await later.campaign([BUCKET]))[0]!.epoch;
    const known = heads.slice(1, 8);
    heads = [emptyHead(BUCKET)];
    await grow(7, restorer);
    expect(heads.slice(1).map(({ hash }) => hash)).toEqual(known.map(({ hash }) => hash));
    for (let at = 0; at < 6; at += 1)
      heads.push(await committed(writeOn(heads.at(-1)!, epoch, [`other ${at}`]), restorer));
    ann.consensus = restored.connect();
    expect((await ann.fillAnew()).dropped).toBe(undone.length);
    expect(heads.slice(1).map(({ hash }) => isHere({ hash }).disk)).not.toContain(false);
  });

  it("is not what is committed while it is looked for", async () => {
    await written(ann, [rival(2, heads[2]!.hash)]);
    const filled = await ann.fillAnew([BUCKET], () => grow(1));
    expect(filled).toEqual({ missing: [], dropped: 1 });
    expect(heads.length).toBeGreaterThan(12);
    expect(await log()).toHaveLength(heads.length - 1);
    expect(isHere(heads.at(-1)!)).toEqual(here);
  });

  it("is on the disk until the stream answers again, and all else goes on", async () => {
    const other = new Member(consensus, stream);
    const lost = rival(4, heads[4]!.hash);
    await written(other, [lost]);
    other.failure = new Fault("BUS_UNREACHABLE", "no server");
    expect(await other.fillAnew([BUCKET, OTHER])).toEqual({ missing: [], dropped: 0 });
    expect(isHere(lost, other)).toEqual(here);
    expect(other.disk.contents(BUCKET, heads[1]!.hash)).toBeDefined();
    const { walked } = other.asked;
    other.failure = undefined;
    expect((await other.fill([BUCKET, OTHER])).dropped).toBe(1);
    expect(isHere(lost, other)).toEqual(gone);
    expect(other.asked.walked).toBe(walked);
  });

  it("is looked for anew under another epoch: a restore may have made it count", async () => {
    const write = writeOn(heads[10]!, epoch, ["lost, until heads are put back"]);
    const lost: JournalRecord = { ...write.records[0]!, bucket: BUCKET, index: 10 };
    await written(ann, [lost]);
    await grow(1);
    ann.failure = new Fault("BUS_UNREACHABLE", "no server");
    await ann.fillAnew();
    ann.failure = undefined;

    const restored = new SimConsensus({ nowMs: () => 0 });
    const restorer = new Member(restored, stream);
    const later = await restored.connect().join("ann", 1_000, "");
    epoch = (await later.campaign([BUCKET]))[0]!.epoch;
    const voided = heads[11]!;
    heads = [emptyHead(BUCKET)];
    await grow(10, restorer);
    await committed(writeOn(heads[10]!, epoch, ["lost, until heads are put back"]), restorer);
    ann.consensus = restored.connect();
    expect((await ann.fillAnew()).dropped).toBe(1);
    expect([isHere(lost), isHere(voided)]).toEqual([here, gone]);
    expect(await log()).toEqual(await log(restorer));
  });

  it("is deleted from the disk by the next process, where one ended in between", async () => {
    const lost = rival(4, heads[4]!.hash);
    await written(ann, [lost]);
    await ann.stream.drop(BUCKET, [lost.hash]);
    ann.restart();
    expect((await ann.fillAnew()).dropped).toBe(1);
    expect(isHere(lost)).toEqual(gone);
  });

  it("stays while the disk takes nothing", async () => {
    const lost = rival(4, heads[4]!.hash);
    await written(ann, [lost]);
    ann.disk.isFull = true;
    expect((await ann.fillAnew()).dropped).toBe(0);
    ann.disk.isFull = false;
    expect((await ann.fill()).dropped).toBe(1);
    expect(isHere(lost)).toEqual(gone);
  });

  it("costs no walk where there is none: led again, only what is newer is walked", async () => {
    await ann.fillAnew();
    expect(ann.asked.walked).toBe(10);
    // The last that was known is looked at again: it tells whether the chain is the same.
    await ann.fillAnew();
    expect(ann.asked.walked).toBe(10 + 1);
    await grow(3);
    await ann.fillAnew();
    expect(ann.asked.walked).toBe(11 + 1 + 3);
    await ann.fill();
    expect(ann.asked.walked).toBe(15);
    await written(ann, [rival(12, heads[12]!.hash)]);
    expect((await ann.fill()).dropped).toBe(0);
    expect((await ann.fillAnew()).dropped).toBe(1);
    // All of the chain.
    expect(ann.asked.walked).toBe(15 + 1 + 13);
  });

  it("costs no walk either where records are committed all the time", async () => {
    await ann.fillAnew();
    const walked = ann.asked.walked;
    const busy = async (): Promise<void> => {
      const before = heads.at(-1)!;
      await grow(1);
      // One that is under way whenever the disk is looked at.
      const next = writeOn(heads.at(-1)!, epoch, ["record 0"]);
      await written(ann, [{ ...next.records[0]!, bucket: BUCKET, index: before.records + 1 }]);
    };
    await busy();
    await ann.fillAnew([BUCKET], busy);
    expect(heads).toHaveLength(1 + 12);
    expect(ann.asked.walked).toBeLessThan(2 * walked);
  });

  it("is what one writes who only believes that it leads, and leads again", async () => {
    const bob = new Member(consensus, stream);
    const stale = epoch;
    await session.resign([{ bucket: BUCKET, epoch }]);
    const theirs = await consensus.connect().join("bob", 1_000, "");
    epoch = (await theirs.campaign([BUCKET]))[0]!.epoch;
    const believed: Head[] = [];
    for (let at = 0; at < 3; at += 1) {
      const write = writeOn(heads.at(-1)!, stale, [`believed ${at}`]);
      expect((await ann.store.commit([write]))[0]?.kind).toBe("refused");
      believed.push(write.head);
      await grow(1, bob);
    }
    // Whoever leads has not written them.
    expect((await bob.fillAnew()).dropped).toBe(0);
    expect(believed.map((one) => isHere(one))).toEqual([here, here, here]);
    expect((await ann.fillAnew()).dropped).toBe(3);
    expect(believed.map((one) => isHere(one))).toEqual([gone, gone, gone]);
    expect(await log()).toEqual(await log(bob));
  });

  it("of others is deleted too, where it came to a new disk with all the rest", async () => {
    await grow(40);
    const lost = rival(4, heads[4]!.hash);
    await written(ann, [lost]);
    const bob = new Member(consensus, stream);
    expect((await bob.fillAnew()).dropped).toBe(1);
    expect(isHere(lost)).toEqual({ disk: true, stream: false });
    expect((await ann.fillAnew()).dropped).toBe(1);
    expect(isHere(lost)).toEqual(gone);
  });

  it("stays where a record of the chain is nowhere: what the chain names is not known", async () => {
    const bob = new Member(consensus, stream);
    const lost = rival(4, heads[4]!.hash);
    await written(bob, [lost]);
    stream.wipe();
    expect(await bob.fillAnew()).toEqual({ missing: [BUCKET], dropped: 0 });
    expect(isHere(lost, bob).disk).toBe(true);
  });

  it("stays where it is damaged: it does not tell its place", async () => {
    const bob = new Member(consensus, stream);
    const lost = rival(4, heads[4]!.hash);
    await bob.journal.append([lost]);
    while (isHere(lost, bob).disk) bob.disk.flipBits(1, Prng.of(1));
    expect((await bob.fillAnew()).dropped).toBe(0);
    expect((await bob.journal.hashes(BUCKET, undefined)).map(hex)).toContain(hex(lost.hash));
  });

  it("is found among many, with rests, and deleted so many at a time", async () => {
    const many = Array.from({ length: HASHES_TOGETHER_MAX + 100 }, (_, at) =>
      rival(at % 10, heads[3]!.hash, `rival ${at}`),
    );
    await written(ann, many);
    let rests = 0;
    let droppedBetween = 0;
    let most = 0;
    const rest = async (): Promise<void> => {
      rests += 1;
      const dropped = ann.asked.dropped.filter((one) => one === "disk").length;
      most = Math.max(most, dropped - droppedBetween);
      droppedBetween = dropped;
    };
    expect((await ann.fillAnew([BUCKET], rest)).dropped).toBe(many.length);
    expect(await ann.journal.hashes(BUCKET, undefined)).toHaveLength(10);
    expect(most).toBe(DROPPED_AT_A_TIME);
    expect(rests).toBeGreaterThan(many.length / DROPPED_AT_A_TIME);
  });

  it("may be the last record of a snapshot that a restore has undone: it is not missed", async () => {
    const undone = rival(4, heads[4]!.hash);
    await written(ann, [undone]);
    const snapshot = { bucket: BUCKET, records: 5, size: 5, hash: undone.hash };
    await ann.store.saveSnapshot({ ...snapshot, bytes: new Uint8Array(1), parts: [] });
    await ann.fillAnew();
    expect(isHere(undone)).toEqual(gone);
    expect(await ann.store.loadSnapshot(BUCKET)).toBeUndefined();
    expect(await ann.store.copiesOf(heads.at(-1)!)).toEqual({ isOnDisk: true, isOnStream: true });
  });

  it("is all that goes, whatever rivals there are: every read is as it was", async () => {
    const onChain = fc.record({ at: fc.nat(14), length: fc.integer({ min: 1, max: 4 }) });
    const property = fc.asyncProperty(
      fc.integer({ min: 0, max: 8 }),
      fc.array(onChain, { maxLength: 8 }),
      fc.boolean(),
      async (more, rivals, isLedAgain) => {
        if (isLedAgain) await ann.fillAnew();
        await grow(more);
        const head = heads.length - 1;
        const before = await log();
        const records = rivals.flatMap(({ at, length }, seed) => {
          const made: JournalRecord[] = [];
          const start = Math.min(at, head);
          for (let index = start; made.length < length; index += 1)
            made.push(rival(index, made.at(-1)?.hash ?? heads[start]!.hash, `${head} ${seed}`));
          return made;
        });
        await written(ann, records);
        const kept = records.filter(({ index }) => index >= head);
        const expected = [...heads.slice(1), ...kept].map(({ hash }) => hex(hash)).toSorted();
        await ann.fillAnew();
        expect((await ann.journal.hashes(BUCKET, undefined)).map(hex)).toEqual(expected);
        for (const record of records)
          expect(stream.contents(BUCKET, record.hash) !== undefined).toBe(record.index >= head);
        expect(await log()).toEqual(before);
        const reader = new Member(consensus, stream);
        expect(await log(reader)).toEqual(before);
        // The next run begins with no rival at all.
        const left = kept.map(({ hash }) => hash);
        await ann.journal.drop(BUCKET, left);
        await ann.stream.drop(BUCKET, left);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });
});
