import { Etcd3, type ITxnRequest } from "etcd3";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { operationsOf, REQUEST_OPERATIONS_MAX } from "#adapters/etcd/operations.ts";
import { EtcdClient, type EtcdOptions } from "#adapters/etcd/client.ts";
import { Keys } from "#adapters/etcd/keys.ts";
import { StagedWrite } from "#adapters/etcd/staged-write.ts";
import { EtcdConsensus } from "#adapters/etcd/consensus.ts";
import { foundSwarm } from "#adapters/etcd/shared-genesis.ts";
import { hex } from "#envelope/cid.ts";
import { emptyHead } from "#ports/commit-rules.ts";
import { WRITE_KEYS_MAX, type HeadWrite, type Session } from "#ports/consensus.ts";
import type { Epoch } from "#ports/store.ts";
import { writeOn } from "../../contracts/consensus.ts";
import { freshSwarm, startEtcd, type EtcdServer } from "../../support/etcd-server.ts";

const BUCKETS = Array.from({ length: 257 }, (_, bucket) => bucket);
const DAY_MS = 86_400_000;

const named = (what: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${what}${at}/1`);

const committed = (buckets: readonly number[]) =>
  buckets.map((bucket) => ({ bucket, kind: "committed" }));

/** Holds one of its calls back until it is told to go on. */
class LateClient extends EtcdClient {
  #left: number;
  readonly #held = Promise.withResolvers<void>();
  readonly #waits = Promise.withResolvers<void>();

  constructor(options: EtcdOptions, held: number) {
    super(options);
    this.#left = held;
  }

  get waits(): Promise<void> {
    return this.#waits.promise;
  }

  goOn(): void {
    this.#held.resolve();
  }

  override async call<T>(run: Parameters<EtcdClient["call"]>[0]): Promise<T> {
    this.#left -= 1;
    if (this.#left === 0) {
      this.#waits.resolve();
      await this.#held.promise;
    }
    return super.call(run) as Promise<T>;
  }
}

describe("one request of etcd", () => {
  let servers: readonly EtcdServer[];
  let raw: Etcd3;
  beforeAll(async () => {
    servers = await startEtcd(1);
    raw = new Etcd3({ hosts: servers[0]!.url });
  });
  afterAll(async () => {
    raw.close();
    for (const server of servers) await server.dispose();
  });

  let swarm: string;
  let store: EtcdConsensus;
  let session: Session;
  let epochs: ReadonlyMap<number, Epoch>;
  beforeEach(async () => {
    swarm = freshSwarm();
    const endpoints = [servers[0]!.url];
    await foundSwarm({ endpoints }, swarm);
    store = new EtcdConsensus({ endpoints, swarm });
    session = await store.join("ann", DAY_MS, "a test");
    const won = await session.campaign(BUCKETS);
    epochs = new Map(won.map(({ bucket, epoch }) => [bucket, epoch]));
  });
  afterEach(() => store.close());

  const first = (bucket: number, keys: Parameters<typeof writeOn>[3], content = "a"): HeadWrite =>
    writeOn(emptyHead(bucket), epochs.get(bucket)!, content, keys);
  /** Each request that writes is one revision. */
  const revisionsOf = async (run: () => Promise<unknown>): Promise<number> => {
    const now = async (): Promise<number> =>
      Number((await raw.kv.range({ key: Buffer.from("/none") })).header.revision);
    const before = await now();
    await run();
    return (await now()) - before;
  };
  const decidesOf = async (bucket: number): Promise<readonly string[]> => {
    const prefix = `/canswarm/${swarm}/decide/${String(bucket).padStart(3, "0")}/`;
    return (await raw.getAll().prefix(prefix).keys()).map((key) => key.slice(prefix.length));
  };
  const stageOf = async (): Promise<readonly string[]> =>
    raw.getAll().prefix(`/canswarm/${swarm}/stage/`).strings().then(Object.values);

  it("holds as many operations as are counted here, and not one more", async () => {
    const range = { request_range: { key: Buffer.from("/none") } };
    const nested = (parts: number, gets: number): ITxnRequest => ({
      success: Array.from({ length: parts }, () => ({
        request_txn: { success: Array.from({ length: gets }, () => range) },
      })),
    });
    const most = nested(64, REQUEST_OPERATIONS_MAX - 64);
    const more = nested(65, REQUEST_OPERATIONS_MAX - 64);
    expect([most, more].map(operationsOf)).toEqual([128, 129]);
    expect((await raw.kv.txn(most)).succeeded).toBe(true);
    await expect(raw.kv.txn(more)).rejects.toThrow(/too many operations/);
  });

  it("commits 64 buckets with as many decide keys as a write may have", async () => {
    const buckets = BUCKETS.slice(0, 64);
    const writes = buckets.map((bucket) => first(bucket, { decides: named("n", WRITE_KEYS_MAX) }));
    const revisions = await revisionsOf(async () => {
      expect(await store.commit(writes)).toEqual(committed(buckets));
    });
    expect(revisions).toBe(1);
    expect(await decidesOf(63)).toHaveLength(WRITE_KEYS_MAX);
  });

  it("is followed by others where 257 buckets each have decide keys", async () => {
    const writes = BUCKETS.map((bucket) => first(bucket, { decides: named("n", bucket % 7) }));
    const revisions = await revisionsOf(async () => {
      expect(await store.commit(writes)).toEqual(committed(BUCKETS));
    });
    expect(revisions).toBe(3);
    const heads = await store.heads(BUCKETS);
    expect(heads).toEqual(writes.map(({ head }) => head));
    const again = BUCKETS.map((bucket) =>
      writeOn(heads[bucket]!, epochs.get(bucket)!, "b", { decides: ["n3/1"] }),
    );
    const outcomes = await store.commit(again);
    for (const [bucket, outcome] of outcomes.entries())
      expect(outcome).toEqual(
        bucket % 7 > 3 ? { bucket, kind: "decided", key: "n3/1" } : { bucket, kind: "committed" },
      );
  });

  it("makes and deletes, and a key that is both is neither", async () => {
    await store.commit([first(1, { decides: ["old/1"] })]);
    const [head] = await store.heads([1]);
    const both = { decides: ["new/1", "both/1"], decided: ["old/1", "both/1", "gone/1", "gone/1"] };
    const write = writeOn(head!, epochs.get(1)!, "b", both);
    expect(await store.commit([write])).toEqual(committed([1]));
    expect(await decidesOf(1)).toEqual(["new/1"]);
  });

  it("refuses a write that decides one key twice (P1)", async () => {
    for (const more of [0, 300]) {
      const decides = ["n/1", "m/1", "n/1", ...named("x", more)];
      const write = first(2, { decides });
      expect(await store.commit([write])).toEqual([{ bucket: 2, kind: "decided", key: "n/1" }]);
      expect(await store.heads([2])).toEqual([emptyHead(2)]);
    }
  });

  describe("is too small for a record with 300 decide keys: several steps", () => {
    const decides = named("n", 300);

    it("count together, beside other buckets, and again", async () => {
      const wide = first(1, { decides, decided: named("old", 150) });
      const writes = [first(0, {}), wide, first(2, {})];
      expect(await store.commit(writes)).toEqual(committed([0, 1, 2]));
      expect(await store.commit([wide])).toEqual(committed([1]));
      expect((await decidesOf(1)).length).toBe(300);
      expect(await stageOf()).toEqual([]);
      const next = writeOn(wide.head, epochs.get(1)!, "b", { decided: [...decides, "x/1"] });
      expect(await store.commit([next])).toEqual(committed([1]));
      expect(await decidesOf(1)).toEqual([]);
    });

    it("are refused like any write: a key that exists, another head, another epoch", async () => {
      await store.commit([first(1, { decides: ["n250/1"] })]);
      const [head] = await store.heads([1]);
      const wide = writeOn(head!, epochs.get(1)!, "b", { decides });
      const decided = { bucket: 1, kind: "decided", key: "n250/1" };
      expect(await store.commit([wide])).toEqual([decided]);
      const rival = first(1, { decides }, "c");
      const refused = { bucket: 1, kind: "refused", head };
      expect(await store.commit([rival])).toEqual([refused]);
      const { generation, revision } = epochs.get(1)!;
      for (const epoch of [
        { generation, revision: revision - 1 },
        { generation: generation + 1, revision },
      ])
        expect(await store.commit([writeOn(head!, epoch, "d", { decides })])).toEqual([refused]);
    });

    /** What is there when a writer dies after its second step of four. */
    const halfDone = async (): Promise<HeadWrite> => {
      const wide = first(1, { decides });
      const hash = hex(wide.head.hash);
      const root = `/canswarm/${swarm}`;
      await raw.put(`${root}/stage/001`).value(hash);
      for (const key of decides.slice(0, 100))
        await raw.put(`${root}/decide/001/${key}`).value(hash);
      return wide;
    };

    it("go on where the same write was left", async () => {
      const wide = await halfDone();
      expect(await store.commit([wide])).toEqual(committed([1]));
      expect((await decidesOf(1)).length).toBe(300);
      expect(await stageOf()).toEqual([]);
    });

    it("that were left by another leader stand in nobody's way", async () => {
      const wide = await halfDone();
      expect(await stageOf()).toEqual([hex(wide.head.hash)]);
      await session.resign([{ bucket: 1, epoch: epochs.get(1)! }]);
      const [row] = await session.campaign([1]);
      const own = writeOn(emptyHead(1), row!.epoch, "b", { decides: ["n5/1"] });
      const outcomes = [await store.commit([own]), await store.commit([own])];
      expect(outcomes).toEqual([[{ bucket: 1, kind: "unknown" }], committed([1])]);
      expect(await decidesOf(1)).toEqual(["n5/1"]);
      const late = { bucket: 1, kind: "refused", head: own.head };
      expect(await store.commit([wide])).toEqual([late]);
    });

    it("that come late, after they were cleared away, do nothing", async () => {
      const options = { endpoints: [servers[0]!.url], swarm };
      const client = new LateClient(options, 3);
      const keys = new Keys(swarm);
      const late = new StagedWrite(client, keys, first(1, { decides })).commit();
      await client.waits;
      expect(await decidesOf(1)).toHaveLength(100);
      const other = new StagedWrite(client, keys, first(1, {}, "b"));
      expect(await other.clear()).toBe(true);
      client.goOn();
      expect(await late).toEqual({ bucket: 1, kind: "unknown" });
      expect([await decidesOf(1), await stageOf()]).toEqual([[], []]);
      expect(await store.heads([1])).toEqual([emptyHead(1)]);
      client.close();
    });

    it("cannot be finished any more from when their clearing has begun", async () => {
      const options = { endpoints: [servers[0]!.url], swarm };
      const keys = new Keys(swarm);
      // The fifth step writes the head; the third of a clearing, after the mark, looks for the keys.
      const [finishing, clearing] = [new LateClient(options, 5), new LateClient(options, 3)];
      const late = new StagedWrite(finishing, keys, first(1, { decides })).commit();
      await finishing.waits;
      const cleared = new StagedWrite(clearing, keys, first(1, {}, "b")).clear();
      await clearing.waits;
      finishing.goOn();
      expect(await late).toEqual({ bucket: 1, kind: "unknown" });
      clearing.goOn();
      expect(await cleared).toBe(true);
      expect([await decidesOf(1), await stageOf()]).toEqual([[], []]);
      expect(await store.heads([1])).toEqual([emptyHead(1)]);
      for (const client of [finishing, clearing]) client.close();
    });

    it("that were left by another record are cleared away before a wide one", async () => {
      await halfDone();
      const own = first(1, { decides: named("m", 200) }, "b");
      expect(await store.commit([own])).toEqual(committed([1]));
      expect([...(await decidesOf(1))].sort()).toEqual([...named("m", 200)].sort());
    });
  });
});
