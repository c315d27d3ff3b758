/** Supervisors as processes over real etcd and NATS: the same files, the same commands, the same ends. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ClusterStatus } from "#cli/cluster/status.ts";
import { LocalCluster, type Supervisor } from "../cluster/local-cluster.ts";
import type { NatsServer } from "../support/nats-server.ts";
import { canswarm, runToEnd, summaryOf, until } from "./command.ts";
import { market, module, tasks, verifier, worker } from "./square-market.ts";

const NEEDS = 30;
/** In each line of an audit that shows a record. */
const RECORD = '"kind":"record"';

const agents = [
  worker("w", "1", module),
  worker("dear", "2", module),
  ...["v1", "v2", "v3"].map((name) => verifier(name, module)),
];

let cluster: LocalCluster;
beforeAll(async () => {
  cluster = await LocalCluster.start({ servers: 1 });
  await cluster.join();
  await cluster.join();
}, 60_000);
afterAll(() => cluster.close());

const told = async (): Promise<ClusterStatus> => {
  const { stdout } = await canswarm("cluster", "status", "--json", "--config", cluster.config)
    .ended;
  return JSON.parse(stdout) as ClusterStatus;
};

const ledBy = ({ buckets }: ClusterStatus): ReadonlyMap<string | undefined, number> => {
  const counts = new Map<string | undefined, number>();
  for (const { leader } of buckets) counts.set(leader, (counts.get(leader) ?? 0) + 1);
  return counts;
};

const isSpread = (status: ClusterStatus, supervisors: number): boolean => {
  const counts = ledBy(status);
  return !counts.has(undefined) && counts.size === supervisors;
};

it("spreads the buckets over the supervisors, and tells who leads which", async () => {
  await until("both lead", async () => isSpread(await cluster.status(), 2), 30_000);
  const status = await told();
  expect(isSpread(status, 2)).toBe(true);
  expect(status.supervisors).toHaveLength(2);
  for (const { version, buckets } of status.supervisors) {
    expect(version).toMatch(/^canswarm /);
    expect(buckets).toBeGreaterThan(60);
  }
}, 60_000);

it("ends every need, though the supervisor with the most buckets is killed, and pays once", async () => {
  const before = await cluster.status();
  const names = cluster.supervisors.map(({ name }) => name);
  const [busiest] = [...ledBy(before)].toSorted((one, other) => other[1] - one[1])[0]!;
  const victim = cluster.supervisors[names.indexOf(String(busiest))] as Supervisor;
  const swarm = market(tasks(NEEDS), agents);
  const data = cluster.folder("run");
  const args = [swarm.tasks, "--agents", swarm.agents, "--data", data, "--json"];
  const run = canswarm("run", ...args, "--config", cluster.clientConfig);
  await until("some have ended", () => (run.stderr.match(/finalized/g) ?? []).length >= 5, 40_000);
  victim.running.child.kill("SIGKILL");
  const { code, stdout, stderr } = await run.ended;
  expect(stderr).not.toContain("UNEXPECTED");
  expect(code).toBe(0);
  const { finalized, credits, tasks: ends } = summaryOf(stdout);
  expect(finalized).toBe(NEEDS);
  expect(credits.conserved).toBe(true);
  for (const { output, id } of ends) {
    const n = Number(id.slice(1));
    expect(output).toEqual({ square: n * n });
  }
  await until("all is led again", async () => isSpread(await cluster.status(), 1), 30_000);
  await victim.up();
  await until("both lead again", async () => isSpread(await cluster.status(), 2), 30_000);
  swarm.remove();
}, 120_000);

it("shows the whole log to whoever audits, while its supervisors go on", async () => {
  const data = join(cluster.dir, "run");
  const audit = await canswarm("audit", data).ended;
  expect(audit.stderr).toBe("");
  const file = join(cluster.dir, "audit.jsonl");
  writeFileSync(file, audit.stdout);
  const replay = await canswarm("replay", file, "--json").ended;
  expect(replay.stderr).toBe("");
  expect(replay.code).toBe(0);
  const check = await canswarm("check", data, "--json").ended;
  expect(check.code).toBe(0);
}, 60_000);

it("waits for servers that are away when an audit begins, and says so", async () => {
  const [nats] = cluster.nats as [NatsServer];
  await nats.kill();
  const audit = canswarm("audit", join(cluster.dir, "run"));
  await until("it says what it waits for", () => audit.stderr.includes("BUS_UNREACHABLE"));
  await nats.restart();
  const { code, stdout, stderr } = await audit.ended;
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(code).toBe(0);
  // Leaders have changed since, and logged it; what was there is there.
  const records = (text: string) => text.split("\n").filter((line) => line.includes(RECORD));
  const now = new Set(records(stdout));
  const before = records(readFileSync(join(cluster.dir, "audit.jsonl"), "utf8"));
  expect(before.length).toBeGreaterThan(257);
  expect(before.filter((line) => !now.has(line)).length).toBe(0);
}, 60_000);

it("says what is wrong: no founder, another swarm, a folder in use, servers that are not there", async () => {
  const swarm = market(tasks(1), agents);
  const refused = async (data: string, config: string): Promise<string> => {
    const args = [swarm.tasks, "--agents", swarm.agents, "--data", data, "--config", config];
    const { code, stderr } = await canswarm("run", ...args, "--json").ended;
    expect(code).not.toBe(0);
    return (JSON.parse(stderr.trim().split("\n").at(-1)!) as { error: { code: string } }).error
      .code;
  };
  const [first] = cluster.supervisors as [Supervisor];
  expect(await refused(first.data, cluster.config)).toBe("DATA_IN_USE");
  await runToEnd([swarm.tasks, "--agents", swarm.agents, "--data", swarm.data]);
  expect(await refused(swarm.data, cluster.clientConfig)).toBe("CLUSTER_FOREIGN");
  const other = cluster.change("client", (text) => text.replace('"local"', '"nobody"'));
  expect(await refused(join(swarm.folder, "new"), other)).toBe("CLUSTER_UNFOUNDED");
  const away = cluster.change("client", (text) => text.replace(/endpoints: \[[^\]]*\]/, AWAY));
  expect(await refused(join(swarm.folder, "new"), away)).toBe("CONSENSUS_UNREACHABLE");
  rmSync(swarm.folder, { recursive: true, force: true });
}, 60_000);

/** The port of discard, which nothing serves. */
const AWAY = 'endpoints: ["http://127.0.0.1:9"]';

it("refuses at the store whatever one writes who only believes that it leads", async () => {
  const own = await LocalCluster.start({ servers: 1 });
  const believer = await own.join("--fault", "leader:believe@256");
  await own.join();
  const says = (text: RegExp): boolean => text.test(believer.running.stderr);
  await until("it believes", () => says(/gave bucket 256 .* up in the store/), 30_000);
  const swarm = market(tasks(10), agents);
  const args = [swarm.tasks, "--agents", swarm.agents, "--data", own.folder("run")];
  const { finalized, credits } = await runToEnd([...args, "--config", own.clientConfig]);
  expect(finalized).toBe(10);
  expect(credits.conserved).toBe(true);
  await until("it is refused", () => says(/refused by the store, \d+ times/));
  swarm.remove();
  await own.close();
}, 120_000);
