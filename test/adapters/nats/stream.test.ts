import { connect, headers, type NatsConnection } from "nats";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { NatsStream } from "#adapters/nats/stream.ts";
import { hex, sha256 } from "#envelope/cid.ts";
import type { JournalRecord } from "#ports/journal.ts";
import { PART_BYTES } from "#adapters/nats/stream-parts.ts";
import { STREAM_READY_MS } from "#adapters/nats/stream-setup.ts";
import { streamName, streamRooms, type StreamRoom } from "#adapters/nats/stream-rooms.ts";
import { chainOf, journalRecord, plainRecord, ZERO } from "../../contracts/records.ts";
import { messagesIn, publishedAll } from "./publishing.ts";
import { newPrefix } from "./rigs.ts";
import { NatsServer, until } from "../../support/nats-server.ts";

let server: NatsServer;
beforeAll(async () => {
  server = await NatsServer.start();
});
afterAll(() => server.dispose());

const opened: NatsStream[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

const open = async (prefix: string, streamBytesMax?: number): Promise<NatsStream> => {
  const stream = await NatsStream.open({
    servers: [server.url],
    prefix,
    ...(streamBytesMax === undefined ? {} : { streamBytesMax }),
  });
  opened.push(stream);
  return stream;
};

const roomOf = async (prefix: string): Promise<StreamRoom | undefined> => {
  const nats = await connect({ servers: [server.url] });
  const rooms = await streamRooms(nats, prefix, 5_000);
  await nats.close();
  return rooms.find(({ stream }) => stream === `${prefix}_records`);
};

const texts = (count: number): string[] => Array.from({ length: count }, (_, at) => `record ${at}`);

const foundAll = async (stream: NatsStream, records: readonly JournalRecord[]) => {
  const found = await Promise.all(records.map(({ bucket, hash }) => stream.get(bucket, hash)));
  expect(found.map(plainRecord)).toEqual(records.map(plainRecord));
};

describe("a stream whose server is killed", () => {
  it("has all that was acknowledged, and what is sent again is there once", async () => {
    const prefix = newPrefix();
    const stream = await open(prefix);
    const records = chainOf(1, ...texts(1_000));
    const failures = await publishedAll(stream, records, async (at) => {
      if (at !== 400) return;
      await server.kill();
      await expect(stream.get(1, ZERO)).rejects.toMatchObject({ code: "BUS_UNREACHABLE" });
      await server.restart();
    });
    expect(failures).toBeGreaterThan(0);
    await foundAll(stream, records);
    expect(await messagesIn([server], prefix)).toBe(records.length);
  });

  it("fails at once what waits for an answer, and what is asked until it is back", async () => {
    const stream = await open(newPrefix());
    const [record] = chainOf(1, "a");
    server.freeze();
    const refused = stream.publish([record!]).catch((error: unknown) => error);
    const startMs = performance.now();
    await server.kill();
    expect(await refused).toMatchObject({ code: "BUS_UNREACHABLE" });
    await expect(stream.publish([record!])).rejects.toMatchObject({ code: "BUS_UNREACHABLE" });
    await expect(stream.loadSnapshot(1)).rejects.toMatchObject({ code: "BUS_UNREACHABLE" });
    expect(performance.now() - startMs).toBeLessThan(1_500);
    await server.restart();
    await until(() =>
      stream.publish([record!]).then(
        () => true,
        () => false,
      ),
    );
    await foundAll(stream, [record!]);
  });

  it("is made anew when the servers have lost it", async () => {
    const prefix = newPrefix();
    const stream = await open(prefix);
    const records = chainOf(1, "a", "b");
    await stream.publish(records);
    await server.kill();
    server.wipe();
    await server.restart();
    await until(() =>
      stream.publish(records.slice(1)).then(
        () => true,
        () => false,
      ),
    );
    expect(await stream.get(1, records[0]!.hash)).toBeUndefined();
    await foundAll(stream, records.slice(1));
  });
});

describe("a stream whose server does not answer", () => {
  it("rejects in time, and what was asked may have been done", async () => {
    const prefix = newPrefix();
    const stream = await open(prefix);
    const records = chainOf(1, "a", "b");
    server.freeze();
    await expect(stream.publish(records)).rejects.toMatchObject({ code: "BUS_UNREACHABLE" });
    server.thaw();
    await until(() =>
      stream.publish(records).then(
        () => true,
        () => false,
      ),
    );
    await foundAll(stream, records);
    expect(await messagesIn([server], prefix)).toBe(2);
  });
});

describe("a stream that is full", () => {
  it("refuses what is new and keeps what it has, which may come again", async () => {
    const prefix = newPrefix();
    const stream = await open(prefix, 100_000);
    const records = Array.from({ length: 20 }, (_, at) =>
      journalRecord(1, at, ZERO, new Uint8Array(10_000).fill(at)),
    );
    const stored: JournalRecord[] = [];
    const fill = async (): Promise<void> => {
      for (const record of records) {
        await stream.publish([record]);
        stored.push(record);
      }
    };
    const limit = `${prefix}_records has reached its limit of 100000 bytes (cluster.nats.streamBytesMax)`;
    await expect(fill()).rejects.toMatchObject({
      code: "STREAM_FULL",
      sentence: `the stream ${limit}`,
      remedy: expect.stringContaining("raise cluster.nats.streamBytesMax") as string,
    });
    expect(stored.length).toBeGreaterThan(5);
    await stream.publish(stored);
    await foundAll(stream, stored);
    const mixed = [stored[0]!, records.at(-1)!];
    await expect(stream.publish(mixed)).rejects.toMatchObject({ code: "STREAM_FULL" });
    expect(await messagesIn([server], prefix)).toBe(stored.length);
  });

  it("is given more room where more is asked, and never less: the servers would drop records", async () => {
    const prefix = newPrefix();
    const small = await open(prefix, 50_000);
    const records = Array.from({ length: 8 }, (_, at) =>
      journalRecord(1, at, ZERO, new Uint8Array(10_000).fill(at)),
    );
    await expect(small.publish(records)).rejects.toMatchObject({ code: "STREAM_FULL" });
    const large = await open(prefix, 200_000);
    await large.publish(records);
    await open(prefix, 20_000);
    await open(prefix);
    await foundAll(small, records);
    expect(await roomOf(prefix)).toMatchObject({ bytesMax: 200_000, replicas: 1 });
  });

  it("tells what it takes and may take, also where it has no limit of its own", async () => {
    const prefix = newPrefix();
    const stream = await open(prefix);
    expect(await roomOf(prefix)).toMatchObject({ bytes: 0, bytesMax: undefined });
    await stream.publish(chainOf(1, "a"));
    expect((await roomOf(prefix))?.bytes).toBeGreaterThan(100);
    expect(await roomOf(newPrefix())).toBeUndefined();
  });

  it("is refused at once where the servers have no room to set aside for it", async () => {
    const crowded = await NatsServer.start("", undefined, { storage: "max_file_store: 1MB" });
    const options = { servers: [crowded.url], prefix: "a", streamBytesMax: 2_000_000 };
    const beginMs = performance.now();
    const error = await NatsStream.open(options).catch((refused: unknown) => refused);
    expect(String(error)).toMatch(
      /STREAM_FULL the NATS servers have no room for the stream a_\w+, which may take 2000000 bytes/,
    );
    expect(performance.now() - beginMs).toBeLessThan(STREAM_READY_MS / 2);
    await crowded.dispose();
  });
});

describe("a record of the stream", () => {
  const spoil = async (subject: string, bytes: Uint8Array) => {
    const nats = await connect({ servers: [server.url] });
    const manager = await nats.jetstreamManager();
    const name = `${subject.split(".")[0]}_records`;
    const { header } = await manager.streams.getMessage(name, { last_by_subj: subject });
    await nats.jetstream().publish(subject, bytes, { headers: header });
    await nats.close();
  };

  it("is given only if its bytes have its hash", async () => {
    const prefix = newPrefix();
    const stream = await open(prefix);
    const [record, other] = chainOf(1, "a", "b");
    await stream.publish([record!, other!]);
    await spoil(`${prefix}.rec.1.${hex(record!.hash)}.0`, new Uint8Array(3));
    await expect(stream.get(1, record!.hash)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    await foundAll(stream, [other!]);
    await stream.publish([record!]);
    await foundAll(stream, [record!]);
  });

  it("is left out of many where it is damaged, has no index or is none, and the others come", async () => {
    const prefix = newPrefix();
    const stream = await open(prefix);
    const records = chainOf(1, "a", "b", "c");
    await stream.publish(records);
    await spoil(`${prefix}.rec.1.${hex(records[1]!.hash)}.0`, new Uint8Array(3));
    const nats = await connect({ servers: [server.url] });
    const [bare] = chainOf(1, "without headers");
    const header = headers();
    header.set("Canswarm-Parts", "1");
    for (const subject of [`${hex(bare!.hash)}.0`, "x.y.0", "x"])
      await nats
        .jetstream()
        .publish(`${prefix}.rec.1.${subject}`, bare!.bytes, { headers: header });
    await nats.close();
    const read: string[] = [];
    const take = async (some: readonly JournalRecord[]): Promise<boolean> => {
      read.push(...some.map(({ hash }) => hex(hash)));
      return true;
    };
    const sound = [records[0]!, records[2]!].map(({ hash }) => hex(hash));
    await stream.readAfter(1, undefined, take);
    await stream.readAll(take);
    expect(read).toEqual([...sound, ...sound]);
  });

  it("is not there while a part of it is missing", async () => {
    const prefix = newPrefix();
    const stream = await open(prefix);
    const record = journalRecord(1, 0, ZERO, new Uint8Array(1_500_000).fill(1));
    await stream.publish([record]);
    const nats = await connect({ servers: [server.url] });
    const { streams } = await nats.jetstreamManager();
    const filter = `${prefix}.rec.1.${hex(record.hash)}.1`;
    expect((await streams.purge(`${prefix}_records`, { filter })).purged).toBe(1);
    await nats.close();
    expect(await stream.get(1, record.hash)).toBeUndefined();
  });
});

describe("a record that is dropped", () => {
  const large = journalRecord(1, 0, ZERO, new Uint8Array(1_500_000).fill(1));
  const purged = async (prefix: string, ...parts: readonly number[]): Promise<void> => {
    const nats = await connect({ servers: [server.url] });
    const { streams } = await nats.jetstreamManager();
    for (const part of parts)
      await streams.purge(`${prefix}_records`, {
        filter: `${prefix}.rec.1.${hex(large.hash)}.${part}`,
      });
    await nats.close();
  };

  it.each([[[]], [[0]], [[2]], [[0, 2]], [[1, 2]], [[0, 1, 2]]])(
    "leaves nothing, where parts %j had not come",
    async (lacking) => {
      const prefix = newPrefix();
      const stream = await open(prefix);
      const [other] = chainOf(1, "a");
      await stream.publish([large, other!]);
      await purged(prefix, ...lacking);
      await stream.drop(1, [large.hash]);
      expect(await messagesIn([server], prefix)).toBe(1);
      await foundAll(stream, [other!]);
    },
  );

  it("makes room for others, where the stream was full", async () => {
    const prefix = newPrefix();
    const stream = await open(prefix, 100_000);
    const records = Array.from({ length: 20 }, (_, at) =>
      journalRecord(1, at, ZERO, new Uint8Array(10_000).fill(at)),
    );
    await expect(stream.publish(records)).rejects.toMatchObject({ code: "STREAM_FULL" });
    await stream.drop(
      1,
      records.slice(0, 3).map(({ hash }) => hash),
    );
    await stream.publish(records.slice(-2));
    await foundAll(stream, records.slice(-2));
  });

  it("stays where the servers are told to delete nothing, which is told", async () => {
    const prefix = newPrefix();
    const stream = await open(prefix);
    const [one] = chainOf(1, "a");
    await stream.publish([one!]);
    const nats = await connect({ servers: [server.url] });
    const { streams } = await nats.jetstreamManager();
    await streams.update(`${prefix}_records`, { deny_delete: true });
    await nats.close();
    await expect(stream.drop(1, [one!.hash])).rejects.toThrow(/BUS_\w+ the stream .*delete/);
    await foundAll(stream, [one!]);
  });

  it("may stay where the servers do not answer, which is told", async () => {
    const prefix = newPrefix();
    const stream = await open(prefix);
    const [one] = chainOf(1, "a");
    await stream.publish([one!]);
    server.freeze();
    const refused = { code: "BUS_UNREACHABLE" };
    await expect(stream.drop(1, [one!.hash])).rejects.toMatchObject(refused);
    server.thaw();
    await until(() =>
      stream.drop(1, [one!.hash]).then(
        () => true,
        () => false,
      ),
    );
    expect(await messagesIn([server], prefix)).toBe(0);
  });
});

describe("a snapshot of the stream", () => {
  const snapshotOf = (records: number, bytes: number) => ({
    bucket: 1,
    records,
    size: records,
    hash: ZERO,
    bytes: new Uint8Array(bytes).fill(records),
    parts: [],
  });

  it.each([
    ["1.0", PART_BYTES + 1],
    ["newest", PART_BYTES + 1],
    ["newest", PART_BYTES],
  ])("is none when its %s is not as it was saved, of %i bytes", async (spoilt, bytes) => {
    const prefix = newPrefix();
    const stream = await open(prefix);
    const newer = snapshotOf(2, bytes);
    await stream.saveSnapshot(snapshotOf(1, bytes));
    await stream.saveSnapshot(newer);
    expect((await stream.loadSnapshot(1))!.records).toBe(2);
    const nats = await connect({ servers: [server.url] });
    await nats.jetstream().publish(`${prefix}.snap.1.${spoilt}`, "other");
    await nats.close();
    expect(await stream.loadSnapshot(1)).toBeUndefined();
    await stream.saveSnapshot(newer);
    expect((await stream.loadSnapshot(1))!.records).toBe(2);
  });

  const part = (text: string) => {
    const bytes = new TextEncoder().encode(text);
    return { hash: sha256(bytes), bytes };
  };
  const again = (text: string) => ({ ...part(text), bytes: undefined });
  /** Subjects that have a message, behind `PREFIX.snap.1.`, in their order. */
  const subjectsOf = async (nats: NatsConnection, prefix: string): Promise<readonly string[]> => {
    const manager = await nats.jetstreamManager();
    const name = streamName(prefix, "snapshots");
    const { state } = await manager.streams.info(name, { subjects_filter: ">" });
    const below = `${prefix}.snap.1.`;
    return Object.keys(state.subjects ?? {})
      .map((subject) => subject.slice(below.length))
      .toSorted();
  };
  const partSubject = (text: string): string => `part.${hex(part(text).hash)}`;

  it("is none when a part of it is not as it was saved, until the next", async () => {
    const prefix = newPrefix();
    const stream = await open(prefix);
    await stream.saveSnapshot({ ...snapshotOf(1, 10), parts: [part("one")] });
    expect((await stream.loadSnapshot(1))!.parts).toHaveLength(1);
    const nats = await connect({ servers: [server.url] });
    await nats.jetstream().publish(`${prefix}.snap.1.${partSubject("one")}`, "other");
    await nats.close();
    expect(await stream.loadSnapshot(1)).toBeUndefined();
    await stream.saveSnapshot({ ...snapshotOf(2, 10), parts: [part("one")] });
    expect((await stream.loadSnapshot(1))!.records).toBe(2);
  });

  it("is none where it names more parts than there is room for in it", async () => {
    const prefix = newPrefix();
    const stream = await open(prefix);
    await stream.saveSnapshot({ ...snapshotOf(1, 10), parts: [part("one")] });
    const nats = await connect({ servers: [server.url] });
    const subject = `${prefix}.snap.1.newest`;
    const manager = await nats.jetstreamManager();
    const name = streamName(prefix, "snapshots");
    const { header, data } = await manager.streams.getMessage(name, { last_by_subj: subject });
    header.set("Canswarm-Shared-Parts", String(2 ** 50));
    await nats.jetstream().publish(subject, data, { headers: header });
    await nats.close();
    expect(await stream.loadSnapshot(1)).toBeUndefined();
  });

  it("asks for its parts when the stream has lost them, whoever saved them", async () => {
    const prefix = newPrefix();
    const stream = await open(prefix);
    await stream.saveSnapshot({ ...snapshotOf(1, 10), parts: [part("one")] });
    const nats = await connect({ servers: [server.url] });
    const manager = await nats.jetstreamManager();
    await manager.streams.purge(streamName(prefix, "snapshots"));
    await nats.close();
    const partly = { ...snapshotOf(2, 10), parts: [again("one"), part("two")] };
    await expect(stream.saveSnapshot(partly)).rejects.toMatchObject({ code: "PART_MISSING" });
    expect(await stream.loadSnapshot(1)).toBeUndefined();
    await stream.saveSnapshot({ ...partly, parts: [part("one"), part("two")] });
    expect((await stream.loadSnapshot(1))!.parts).toHaveLength(2);
  });

  it("leaves no message of what the newest does not name", async () => {
    const prefix = newPrefix();
    const stream = await open(prefix);
    const nats = await connect({ servers: [server.url] });
    const orphan = `${prefix}.snap.1.${partSubject("orphan")}`;
    await stream.saveSnapshot({ ...snapshotOf(1, PART_BYTES), parts: [part("one"), part("two")] });
    await nats.jetstream().publish(orphan, "orphan");
    expect(await subjectsOf(nats, prefix)).toEqual(
      ["0.0", "0.1", "newest", ...["one", "two", "orphan"].map(partSubject)].toSorted(),
    );
    await stream.saveSnapshot({ ...snapshotOf(2, PART_BYTES), parts: [again("two")] });
    expect(await subjectsOf(nats, prefix)).toEqual(
      ["0.0", "0.1", "1.0", "1.1", "newest", partSubject("two")].toSorted(),
    );
    expect((await stream.loadSnapshot(1))!.parts).toHaveLength(1);
    await stream.saveSnapshot(snapshotOf(3, 10));
    expect(await subjectsOf(nats, prefix)).toEqual(["newest"]);
    await stream.saveSnapshot(snapshotOf(4, 10));
    // Another leads in between.
    const other = await open(prefix);
    await other.saveSnapshot({ ...snapshotOf(5, 10), parts: [part("one")] });
    expect((await stream.loadSnapshot(1))!.records).toBe(5);
    await stream.saveSnapshot(snapshotOf(6, 10));
    expect(await subjectsOf(nats, prefix)).toEqual(["newest"]);
    await nats.close();
  });

  it("is the last one saved, whether it fits into a message or not", async () => {
    const stream = await open(newPrefix());
    const sizes = [PART_BYTES, PART_BYTES + 1, 10, 2 * PART_BYTES + 1, 0];
    for (const [at, bytes] of sizes.entries()) {
      await stream.saveSnapshot(snapshotOf(at + 1, bytes));
      const loaded = await stream.loadSnapshot(1);
      expect([loaded!.records, loaded!.bytes.length]).toEqual([at + 1, bytes]);
    }
  });
});

describe("opening a stream", () => {
  it("refuses one that was made in another shape", async () => {
    const prefix = newPrefix();
    const nats = await connect({ servers: [server.url] });
    const { streams } = await nats.jetstreamManager();
    await streams.add({ name: `${prefix}_records`, subjects: [`${prefix}.rec.>`] });
    await nats.close();
    await expect(open(prefix)).rejects.toMatchObject({ code: "BUS_UNFIT" });
    await expect(open(prefix)).rejects.toThrow(/discard old, not new|max_msgs_per_subject/);
  });

  it("refuses servers that take small messages only", async () => {
    const small = await NatsServer.start("max_payload: 100KB\n");
    const options = { servers: [small.url], prefix: "a" };
    await expect(NatsStream.open(options)).rejects.toThrow(/BUS_UNFIT .*at most 102400 bytes/);
    await small.dispose();
  });

  it("asks for three copies only where there are servers for them", async () => {
    const options = { servers: [server.url], prefix: newPrefix(), replicas: 3 } as const;
    await expect(NatsStream.open(options)).rejects.toMatchObject({ code: "BUS_UNFIT" });
  });
});
