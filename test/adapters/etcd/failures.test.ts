import { Etcd3 } from "etcd3";
import { afterEach, describe, expect, it } from "vitest";
import { CALL_MS_MAX } from "#adapters/etcd/client.ts";
import { EtcdConsensus } from "#adapters/etcd/consensus.ts";
import { raiseGeneration } from "#adapters/etcd/copy.ts";
import { foundSwarm } from "#adapters/etcd/shared-genesis.ts";
import { emptyHead } from "#ports/commit-rules.ts";
import type { HeadWrite } from "#ports/consensus.ts";
import type { CommitOutcome, Head } from "#ports/store.ts";
import { writeOn } from "../../contracts/consensus.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { freshSwarm, startEtcd, until } from "../../support/etcd-server.ts";

const DAY_MS = 86_400_000;
/** What a busy machine may add to a deadline, ms. */
const SLACK_MS = 1_500;

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

const started = async (count: number, flags?: readonly string[]) => {
  const servers = await startEtcd(count, flags);
  undo.push(() => Promise.all(servers.map((server) => server.dispose())));
  return servers;
};

const founded = async (endpoints: readonly string[]): Promise<string> => {
  const swarm = freshSwarm();
  await foundSwarm({ endpoints }, swarm);
  return swarm;
};

const connected = (endpoints: readonly string[], swarm: string): EtcdConsensus => {
  const store = new EtcdConsensus({ endpoints, swarm });
  undo.push(() => store.close());
  return store;
};

const led = async (store: EtcdConsensus, buckets: readonly number[]) => {
  const session = await store.join("ann", DAY_MS, "a test");
  const rows = await session.campaign(buckets);
  return { session, epochOf: new Map(rows.map(({ bucket, epoch }) => [bucket, epoch])) };
};

const timed = async <T>(run: () => Promise<T>): Promise<{ value: T; ms: number }> => {
  const beganMs = performance.now();
  const value = await run();
  return { value, ms: performance.now() - beganMs };
};

describe("an answer that is lost", () => {
  const behindProxy = async () => {
    const [server] = await started(1);
    const proxy = await FaultProxy.to(server!.port);
    undo.push(() => proxy.close());
    const swarm = await founded([server!.url]);
    const store = connected([`http://127.0.0.1:${proxy.port}`], swarm);
    const direct = connected([server!.url], swarm);
    const { session, epochOf } = await led(store, [1]);
    await store.heads([1]);
    /** The request gets through, its answer does not. */
    const asked = async (write: HeadWrite) => {
      proxy.weather = { kind: "half-open", lost: "to-client" };
      const answer = store.commit([write]);
      await until(async () => (await direct.heads([1]))[0]!.records > 0, "applied");
      proxy.cut();
      proxy.weather = { kind: "fair" };
      return answer;
    };
    const write = writeOn(emptyHead(1), epochOf.get(1)!, "a", { decides: ["n/1"] });
    return { proxy, store, direct, session, asked, write };
  };

  it("is asked for again, and what was applied is committed", async () => {
    const { proxy, store, asked, write } = await behindProxy();
    const answer = asked(write);
    await until(async () => proxy.refused > 0, "asked again in vain");
    proxy.mend();
    expect(await answer).toEqual([{ bucket: 1, kind: "committed" }]);
    expect((await store.heads([1]))[0]).toEqual(write.head);
  });

  it("is unknown as long as nobody answers; the same write is then found committed", async () => {
    const { proxy, store, asked, write, session } = await behindProxy();
    const { value, ms } = await timed(() => asked(write));
    expect(value).toEqual([{ bucket: 1, kind: "unknown" }]);
    expect(ms).toBeLessThan(CALL_MS_MAX + SLACK_MS);
    proxy.mend();
    expect(await store.commit([write])).toEqual([{ bucket: 1, kind: "committed" }]);
    await session.keepAlive();
  });

  it("of a campaign is asked for again, and the bucket is ours", async () => {
    const { proxy, store, session, direct } = await behindProxy();
    proxy.weather = { kind: "half-open", lost: "to-client" };
    const won = session.campaign([2, 3]);
    const isLed = async (): Promise<boolean> =>
      (await direct.leaders()).filter(({ bucket }) => bucket > 1).length === 2;
    await until(isLed, "applied");
    proxy.reset();
    proxy.weather = { kind: "fair" };
    const rows = await won;
    expect(rows.map(({ bucket }) => bucket)).toEqual([2, 3]);
    expect(await store.leaders()).toEqual(expect.arrayContaining([...rows]));
  });
});

describe("three servers", () => {
  it("lose their leader, and every commit is in the end what it was said to be", async () => {
    const servers = await started(3);
    const store = connected(
      servers.map(({ url }) => url),
      await founded(servers.map(({ url }) => url)),
    );
    const buckets = Array.from({ length: 16 }, (_, bucket) => bucket);
    const { session, epochOf } = await led(store, buckets);
    const leaders = await Promise.all(servers.map((server) => server.isLeader()));
    const leader = servers[leaders.indexOf(true)]!;
    /** As the runtime does: an unknown one is asked about, then sent again. */
    const settled = async (write: HeadWrite): Promise<CommitOutcome> => {
      for (;;) {
        const outcome = (await store.commit([write]))[0]!;
        if (outcome.kind !== "unknown") return outcome;
      }
    };
    const rounds = 40;
    const chains = buckets.map(async (bucket): Promise<Head> => {
      let head = emptyHead(bucket);
      for (let round = 0; round < rounds; round += 1) {
        const decides = [`${bucket}.${round}/1`];
        const write = writeOn(head, epochOf.get(bucket)!, `${round}`, { decides });
        expect(await settled(write)).toEqual({ bucket, kind: "committed" });
        head = write.head;
        if (bucket === 0 && round === 5) await leader.kill();
      }
      return head;
    });
    expect(await store.heads(buckets)).toHaveLength(buckets.length);
    const heads = await Promise.all(chains);
    expect(await store.heads(buckets)).toEqual(heads);
    await session.keepAlive();
  });

  it("lose one that neither answers nor goes away, and calls go to the others", async () => {
    const servers = await started(3);
    const store = connected(
      servers.map(({ url }) => url),
      await founded(servers.map(({ url }) => url)),
    );
    const { session, epochOf } = await led(store, [1]);
    servers[0]!.freeze();
    const write = writeOn(emptyHead(1), epochOf.get(1)!, "a");
    const { value, ms } = await timed(() => store.commit([write]));
    expect(value).toEqual([{ bucket: 1, kind: "committed" }]);
    expect(ms).toBeLessThan(CALL_MS_MAX + SLACK_MS);
    await session.keepAlive();
  });
});

describe("etcd that is stopped", () => {
  it("ends calls in time with the fault's name, and goes on when it is back", async () => {
    const [server] = await started(1);
    const store = connected([server!.url], await founded([server!.url]));
    const { session, epochOf } = await led(store, [1]);
    let changes = 0;
    undo.push(store.watch(() => (changes += 1)));
    await until(async () => changes > 0, "watched");
    const write = writeOn(emptyHead(1), epochOf.get(1)!, "a");
    await server!.kill();
    const { value, ms } = await timed(() =>
      Promise.allSettled([
        store.commit([write]),
        store.heads([1]),
        store.members(),
        store.join("bea", DAY_MS, "a test"),
        session.keepAlive(),
        session.campaign([2]),
        session.resign([{ bucket: 1, epoch: epochOf.get(1)! }]),
      ]),
    );
    expect(ms).toBeLessThan(CALL_MS_MAX + SLACK_MS);
    const [first, ...others] = value;
    expect(first).toMatchObject({ value: [{ bucket: 1, kind: "unknown" }] });
    for (const one of others)
      expect(one).toMatchObject({
        status: "rejected",
        reason: { name: "Fault", code: "CONSENSUS_UNREACHABLE" },
      });
    const before = changes;
    server!.start();
    await server!.healthy();
    expect(await store.commit([write])).toEqual([{ bucket: 1, kind: "committed" }]);
    await session.keepAlive();
    await until(async () => changes > before, "watched again");
    expect(await store.leaders()).toMatchObject([{ bucket: 1, holder: "ann" }]);
  });

  it("is not waited for by whoever has closed the store", async () => {
    const [server] = await started(1);
    const store = connected([server!.url], await founded([server!.url]));
    await store.close();
    await expect(store.heads([1])).rejects.toThrow(/STORE_CLOSED/);
    await expect(
      store.commit([writeOn(emptyHead(1), { generation: 1, revision: 1 }, "a")]),
    ).rejects.toThrow(/STORE_CLOSED/);
  });
});

describe("etcd that refuses", () => {
  it("says that its quota is used up", async () => {
    const [server] = await started(1, ["--quota-backend-bytes", "200000"]);
    const store = connected([server!.url], await founded([server!.url]));
    const { epochOf } = await led(store, [1]);
    let head = emptyHead(1);
    const fill = async (): Promise<void> => {
      const decides = Array.from(
        { length: 60 },
        (_, at) => `${"n".repeat(900)}${head.records}.${at}/1`,
      );
      const write = writeOn(head, epochOf.get(1)!, "a", { decides });
      await store.commit([write]);
      head = write.head;
    };
    const filled = async (): Promise<void> => {
      for (;;) await fill();
    };
    await expect(filled()).rejects.toThrow(/CONSENSUS_FULL/);
  });

  it("says whom it does not let in, and lets in whom it knows", async () => {
    const [server] = await started(1, ["--bcrypt-cost", "4"]);
    const root = new Etcd3({ hosts: server!.url });
    await root.auth.userAdd({ name: "root", password: "a" });
    await root.auth.roleAdd({ name: "root" });
    await root.auth.userGrantRole({ user: "root", role: "root" });
    await root.auth.authEnable();
    root.close();
    const endpoints = [server!.url];
    const swarm = freshSwarm();
    const as = (user?: { name: string; password: string }): EtcdConsensus => {
      const store = new EtcdConsensus({
        endpoints,
        swarm,
        ...(user === undefined ? {} : { user }),
      });
      undo.push(() => store.close());
      return store;
    };
    const denied = { name: "Fault", code: "CONSENSUS_DENIED" };
    await expect(as().heads([1])).rejects.toMatchObject(denied);
    await expect(as({ name: "root", password: "b" }).heads([1])).rejects.toMatchObject(denied);
    const user = { name: "root", password: "a" };
    await foundSwarm({ endpoints, user }, swarm);
    const known = as(user);
    const { session } = await led(known, [1]);
    await session.keepAlive();
    expect(await known.members()).toMatchObject([{ name: "ann", isCutOff: false }]);
    // Its tokens do not outlive it.
    await server!.kill();
    server!.start();
    await server!.healthy();
    await Promise.all([session.keepAlive(), known.members()]);
  });
});

describe("an etcd that is shared, or was put back", () => {
  it("keeps swarms apart", async () => {
    const [server] = await started(1);
    const endpoints = [server!.url];
    const one = connected(endpoints, await founded(endpoints));
    const other = connected(endpoints, await founded(endpoints));
    await led(one, [1]);
    expect(await other.members()).toEqual([]);
    expect(await other.leaders()).toEqual([]);
    const { epochOf } = await led(other, [1]);
    const write = writeOn(emptyHead(1), epochOf.get(1)!, "a");
    expect(await other.commit([write])).toEqual([{ bucket: 1, kind: "committed" }]);
    expect(await one.heads([1])).toEqual([emptyHead(1)]);
  });

  it("lets nobody join once it has lost everything, however often he asks", async () => {
    const [server] = await started(1);
    const store = connected([server!.url], await founded([server!.url]));
    const { session } = await led(store, [1]);
    await server!.kill();
    server!.wipe();
    server!.start();
    await server!.healthy();
    const emptied = { name: "Fault", code: "CONSENSUS_EMPTIED" };
    await expect(store.join("bea", DAY_MS, "a test")).rejects.toMatchObject(emptied);
    await expect(store.join("ann", DAY_MS, "a test")).rejects.toMatchObject(emptied);
    await expect(session.campaign([1])).rejects.toMatchObject({ code: "SESSION_LOST" });
    expect(await store.members()).toEqual([]);
  });

  it("lets nobody join who has seen a later revision, until its generation is raised", async () => {
    const [server] = await started(1);
    const endpoints = [server!.url];
    const swarm = await founded(endpoints);
    const store = connected(endpoints, swarm);
    const first = await store.join("ann", DAY_MS, "a test");
    await first.campaign([1, 2]);
    await store.members();
    const { generation, revision } = store.seen;
    expect([generation, revision > 2]).toEqual([1, true]);
    const as = (seen: { generation: number; revision: number }): EtcdConsensus => {
      const one = new EtcdConsensus({ endpoints, swarm }, seen);
      undo.push(() => one.close());
      return one;
    };
    // As after a restart of its own, with etcd as it was.
    await first.end();
    await (await as({ generation, revision }).join("ann", DAY_MS, "a test")).end();
    const later = { generation, revision: revision + 1_000 };
    const put = as(later);
    const behind = { name: "Fault", code: "CONSENSUS_BEHIND" };
    for (let tries = 0; tries < 3; tries += 1)
      await expect(put.join("ann", DAY_MS, "a test")).rejects.toMatchObject(behind);
    expect([put.seen, await put.members()]).toEqual([later, []]);
    expect(await raiseGeneration({ place: { endpoints }, cluster: "any", swarm })).toBe(2);
    const session = await put.join("ann", DAY_MS, "a test");
    const [row] = await session.campaign([1]);
    expect(row!.epoch.generation).toBe(2);
    await put.members();
    expect(put.seen.generation).toBe(2);
    expect(put.seen.revision).toBeLessThan(later.revision);
    // Raised under way: the session that learns of it remembers it.
    expect(await raiseGeneration({ place: { endpoints }, cluster: "any", swarm })).toBe(3);
    expect((await session.campaign([2]))[0]!.epoch.generation).toBe(3);
    await put.members();
    expect(put.seen.generation).toBe(3);
  });

  it("fences what was led before its generation was raised", async () => {
    const [server] = await started(1);
    const swarm = await founded([server!.url]);
    const store = connected([server!.url], swarm);
    const { session, epochOf } = await led(store, [1, 2]);
    const raw = new Etcd3({ hosts: server!.url });
    await raw.put(`/canswarm/${swarm}/generation`).value("2");
    raw.close();
    const old = epochOf.get(1)!;
    const write = writeOn(emptyHead(1), old, "a");
    expect(await store.commit([write])).toEqual([
      { bucket: 1, kind: "refused", head: emptyHead(1) },
    ]);
    await session.resign([{ bucket: 1, epoch: old }]);
    const [row] = await session.campaign([1]);
    expect(row!.epoch.generation).toBe(2);
    const own = writeOn(emptyHead(1), row!.epoch, "a");
    expect(await store.commit([own])).toEqual([{ bucket: 1, kind: "committed" }]);
  });
});
