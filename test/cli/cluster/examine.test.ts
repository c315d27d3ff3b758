import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Etcd3 } from "etcd3";
import { connect } from "nats";
import { afterEach, describe, expect, it } from "vitest";
import type { EtcdCondition } from "#adapters/etcd/condition.ts";
import { NatsStream } from "#adapters/nats/stream.ts";
import {
  clusterFindings,
  etcdFinding,
  jetStreamFinding,
  natsFinding,
  QUOTA_BYTES_MIN,
  streamFinding,
} from "#cli/cluster/examine.ts";
import type { ClusterPlaces } from "#cli/cluster/settings.ts";
import { canswarm, type Ended } from "../../integration/command.ts";
import { startEtcd, type EtcdServer } from "../../support/etcd-server.ts";
import { freePort } from "../../support/free-port.ts";
import { NatsServer, startCluster } from "../../support/nats-server.ts";

/** What all waits side by side come to at most, with what a busy machine adds, ms. */
const EXAMINED_MS_MAX = 15_000;
const GIB = 2 ** 30;

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

const etcdOf = async (quota = `${QUOTA_BYTES_MIN}`): Promise<EtcdServer> => {
  const [server] = await startEtcd(1, [`--quota-backend-bytes=${quota}`]);
  undo.push(() => server!.dispose());
  return server!;
};

const natsOf = async (config = ""): Promise<NatsServer> => {
  const server = await NatsServer.start(config);
  undo.push(() => server.dispose());
  return server;
};

const dead = async (): Promise<string> => `127.0.0.1:${await freePort()}`;

const places = (endpoints: readonly string[], servers: readonly string[]): ClusterPlaces => ({
  name: "examined",
  reconcileSeconds: 60,
  etcd: { endpoints },
  nats: { servers, prefix: "examined" },
});

/** `name: health`, with the sentence and the remedy. */
const found = async (where: ClusterPlaces) => {
  const beginMs = performance.now();
  const findings = await clusterFindings(where);
  expect(performance.now() - beginMs).toBeLessThan(EXAMINED_MS_MAX);
  for (const { health, remedy } of findings) expect(remedy === undefined).toBe(health === "ok");
  return findings.map(({ name, health, found: told }) => `${name} ${health}: ${told}`);
};

/** The command as it is typed, with what these servers come to. */
const doctor = (etcd: string, nats: string): Promise<Ended> => {
  const dir = mkdtempSync(join(tmpdir(), "canswarm-examine-"));
  undo.push(() => rmSync(dir, { recursive: true, force: true }));
  const config = join(dir, "cluster.config.mjs");
  const host = '{ name: "host", threads: 1 }';
  writeFileSync(
    config,
    `export default { hosts: 1, tree: { name: "c", strategy: "one-for-one", children: [${host}] },
      cluster: { etcd: { endpoints: ["http://${etcd}"] }, nats: { servers: ["${nats}"] } } };`,
  );
  return canswarm("doctor", "--config", config).ended;
};

describe("the doctor of a configuration with a cluster", () => {
  it("asks its servers, and fails where one kind is not there", async () => {
    const [etcd, nats] = [await dead(), await dead()];
    const { code, stdout } = await doctor(etcd, nats);
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`etcd http://${etcd} +failed +CONSENSUS_UNREACHABLE etcd`));
    expect(stdout).toMatch(new RegExp(`NATS ${nats} +failed +BUS_UNREACHABLE no NATS server`));
    expect(stdout).toMatch(/\n +check that etcd runs and that its addresses are right/);
    expect(stdout).not.toContain("nats-server");
  });

  it("ends when it has said all, also where a server takes connections and says nothing", async () => {
    const sockets = new Set<Socket>();
    const mute = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }).listen(0, "127.0.0.1");
    await once(mute, "listening");
    undo.push(() => {
      for (const socket of sockets) socket.destroy();
      mute.close();
    });
    const place = `127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const beginMs = performance.now();
    const { code, stdout } = await doctor(place, place);
    expect(performance.now() - beginMs).toBeLessThan(EXAMINED_MS_MAX);
    expect(code).toBe(1);
    expect(stdout.match(/ failed /g)).toHaveLength(3);
  });

  it("finds servers as they should be, and leaves nothing on them", async () => {
    const [etcd, nats] = [await etcdOf(), await natsOf()];
    expect(await found(places([etcd.url], [nats.url]))).toEqual([
      expect.stringMatching(
        /^etcd http\S+ ok: 3\.\S+, [\d.]+ KiB of a quota of 4\.0 GiB used \(0 %\)$/,
      ),
      expect.stringMatching(/^NATS nats\S+ ok: 2\.\S+, takes messages of up to 1\.0 MiB$/),
      "JetStream ok: keeps one copy on disk of each message: its server is alone",
    ]);
    const client = await connect({ servers: nats.url });
    const { streams } = await client.jetstreamManager();
    expect(await streams.list().next()).toEqual([]);
    await client.close();
  });

  it.each([
    ["2147483648", /failed: .* of a quota of 2\.0 GiB used \(0 %\): too small a quota$/],
    ["-1", /failed: 3\.\S+, without a quota$/],
    [`${16 * GIB}`, /degraded: .* of 16\.0 GiB used \(0 %\): larger than etcd advises$/],
  ])("tells that %s is no quota for it", async (quota, told) => {
    const etcd = await etcdOf(quota);
    const [first] = await found(places([etcd.url], [await dead()]));
    expect(first).toMatch(told);
  });

  it("tells that etcd refuses every write", async () => {
    const etcd = await etcdOf();
    const raw = new Etcd3({ hosts: etcd.url });
    const { header } = await raw.maintenance.status();
    const memberID = header.member_id;
    await raw.maintenance.alarm({ action: "Activate", memberID, alarm: "Nospace" });
    raw.close();
    const [first] = await found(places([etcd.url], [await dead()]));
    expect(first).toMatch(/failed: .*its quota is used up \(alarm NOSPACE\)/);
  });

  it("is let in as a supervisor would be", async () => {
    const etcd = await etcdOf();
    const raw = new Etcd3({ hosts: etcd.url });
    const root = raw.user("root");
    await root.create("secret");
    await raw.role("root").create();
    await root.addRole("root");
    await raw.auth.authEnable();
    raw.close();
    const where = places([etcd.url], [await dead()]);
    const as = (name: string, password: string) =>
      found({ ...where, etcd: { ...where.etcd, user: { name, password } } });
    expect((await found(where))[0]).toMatch(/failed: CONSENSUS_DENIED .*user name is empty/);
    expect((await as("root", "wrong"))[0]).toMatch(/failed: CONSENSUS_DENIED/);
    expect((await as("root", "secret"))[0]).toMatch(/ ok: 3/);
  });

  it("takes away what a killed one left, when the servers were fewer or its stream was another", async () => {
    const [etcd, nats] = [await etcdOf(), await natsOf()];
    const client = await connect({ servers: nats.url });
    const manager = await client.jetstreamManager();
    await manager.streams.add({ name: "examined_doctor", subjects: ["examined.doctor.left"] });
    const told = await found(places([etcd.url], [nats.url]));
    expect(told.filter((one) => one.startsWith("JetStream"))).toEqual([
      expect.stringMatching(/^JetStream ok/),
    ]);
    await expect(manager.streams.info("examined_doctor")).rejects.toThrow(/not found/);
    await client.close();
  });

  it("misses one of three servers, and fails where a majority is away", async () => {
    const etcd = await startEtcd(3, [`--quota-backend-bytes=${QUOTA_BYTES_MIN}`]);
    const nats = await startCluster();
    undo.push(() => Promise.all([...etcd, ...nats].map((server) => server.dispose())));
    const where = places(
      etcd.map(({ url }) => url),
      nats.map(({ url }) => url),
    );
    const stream = await NatsStream.open(where.nats);
    undo.push(() => stream.close());
    expect(healthOf(await found(where))).toEqual([
      "etcd ok ok ok",
      "NATS ok ok ok",
      "JetStream ok",
      "stream ok ok",
    ]);
    await Promise.all([etcd[2]!.kill(), nats[2]!.kill()]);
    const one = healthOf(await found(where));
    expect(one.slice(0, 2)).toEqual(["etcd ok ok degraded", "NATS ok ok degraded"]);
    await Promise.all([etcd[1]!.kill(), nats[1]!.kill()]);
    const two = await found(where);
    expect(healthOf(two).slice(0, 3)).toEqual([
      "etcd failed failed failed",
      "NATS ok failed failed",
      "JetStream failed",
    ]);
  }, 60_000);

  it("waits for servers that do not answer as long as it says and no longer", async () => {
    const [etcd, nats] = [await etcdOf(), await natsOf()];
    etcd.freeze();
    nats.freeze();
    const [first, second, third] = await found(places([etcd.url], [nats.url]));
    expect([first, second, third]).toEqual([
      expect.stringContaining("failed: CONSENSUS_UNREACHABLE"),
      expect.stringContaining("failed: BUS_UNREACHABLE"),
      expect.stringContaining("failed: BUS_UNREACHABLE"),
    ]);
  });

  it("tells that there is no JetStream, and that messages may not be as large as they are", async () => {
    const account = "accounts { A { users: [{ user: a, password: b }] } }\nno_auth_user: a\n";
    const nats = await natsOf(`max_payload: 600KB\n${account}`);
    const etcd = await dead();
    const [, second, third] = await found(places([`http://${etcd}`], [nats.url]));
    expect(second).toMatch(/degraded: .* 600\.0 KiB: larger messages are dropped$/);
    expect(third).toMatch(/^JetStream failed: does not keep one copy on disk: .+/);
  });
});

/** The healths of each kind of finding, in order. */
const healthOf = (lines: readonly string[]): readonly string[] => {
  const byKind = Map.groupBy(lines, (line) => line.split(" ")[0] ?? "");
  return [...byKind].map(([kind, own]) =>
    [kind, ...own.map((line) => / (ok|degraded|failed):/.exec(line)?.[1])].join(" "),
  );
};

describe("one server", () => {
  const sizes = { databaseBytes: GIB, quotaBytes: 8 * GIB };
  const etcd: EtcdCondition = { version: "3.5.9", hasLeader: true, isOutOfSpace: false, sizes };
  it.each<[string, Partial<EtcdCondition>, string]>([
    ["as it should be", {}, "ok"],
    ["of an old version", { version: "3.3.27" }, "failed"],
    ["of a version that comes", { version: "4.0.0" }, "ok"],
    ["without a leader", { hasLeader: false }, "failed"],
    ["nearly full", { sizes: { ...sizes, databaseBytes: 6.4 * GIB } }, "degraded"],
    ["that hides its quota", { sizes: "status 404" }, "degraded"],
  ])("of etcd %s", (_, other, health) => {
    expect(etcdFinding("etcd", { ...etcd, ...other }).health).toBe(health);
  });

  it.each([
    ["2.9.0", 2 ** 20, "ok"],
    ["2.8.4", 2 ** 20, "failed"],
    ["2.10.1", 2 ** 20 - 1, "degraded"],
    ["2.10.1", 2 ** 19, "failed"],
  ])("of NATS %s that takes %i bytes", (version, messageBytesMax, health) => {
    expect(natsFinding("NATS", { version, messageBytesMax }).health).toBe(health);
  });
});

describe("streams", () => {
  const room = {
    stream: "c_records",
    bytes: GIB,
    bytesMax: 10 * GIB,
    replicas: 3,
    replicasBehind: 0,
  };
  it.each([
    ["with room", {}, undefined, "ok"],
    ["without a limit", { bytesMax: undefined }, undefined, "ok"],
    ["nearly full", { bytes: 8 * GIB }, 10 * GIB, "degraded"],
    ["full", { bytes: 10 * GIB - 1_000 }, 10 * GIB, "failed"],
    ["of which a copy is behind", { replicasBehind: 1 }, 10 * GIB, "degraded"],
    ["with another limit than was asked", {}, 5 * GIB, "degraded"],
    ["without the limit that was asked", { bytesMax: undefined }, 5 * GIB, "degraded"],
    ["that will be given more", {}, 20 * GIB, "ok"],
  ])("%s", (_, other, asked, health) => {
    expect(streamFinding({ ...room, ...other }, asked).health).toBe(health);
  });

  it("that are there go on where another copy could not be made now", () => {
    const three = { replicas: 3, failure: "no suitable peers" } as const;
    expect(jetStreamFinding("JetStream", { ...three, streams: [room] }).health).toBe("degraded");
    expect(jetStreamFinding("JetStream", { ...three, streams: [] }).health).toBe("failed");
  });
});
