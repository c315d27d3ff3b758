/** An etcd that has lost everything: nobody begins the logs anew, and a restore is all that it takes. */

import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LocalCluster, type Supervisor } from "../cluster/local-cluster.ts";
import { canswarm, runToEnd, until, type Ended } from "./command.ts";
import { market, module, tasks, verifier, worker } from "./square-market.ts";

const NEEDS = 6;
const TIMEOUT_MS = 120_000;
const swarm = market(tasks(NEEDS), [
  worker("w", "1", module),
  ...["v1", "v2", "v3"].map((name) => verifier(name, module)),
]);
let cluster: LocalCluster;
beforeAll(async () => {
  cluster = await LocalCluster.start({ servers: 1 });
  await cluster.join();
  await cluster.join();
}, 60_000);
afterAll(async () => {
  await cluster.close();
  swarm.remove();
});

const tend = (...args: readonly string[]): Promise<Ended> =>
  canswarm("cluster", ...args, "--config", cluster.config).ended;
const codeOf = ({ stderr }: Ended): string => /^([A-Z_]+) /m.exec(stderr)?.[1] ?? stderr;
const generations = async (): Promise<readonly number[]> => [
  ...new Set((await cluster.status()).buckets.map(({ epoch }) => epoch.generation)),
];
const isLed = async (): Promise<boolean> =>
  (await cluster.status()).buckets.every(({ leader }) => leader !== undefined);
const job = (): ReturnType<typeof runToEnd> => {
  const data = join(cluster.dir, "job");
  const args = [swarm.tasks, "--agents", swarm.agents, "--data", data];
  return runToEnd([...args, "--config", cluster.clientConfig]);
};

it(
  "stops everybody, is told by everybody, and goes on from a backup under a new generation",
  async () => {
    expect((await job()).finalized).toBe(NEEDS);
    const copy = join(cluster.dir, "copy");
    expect((await tend("backup", copy)).code).toBe(0);
    const before = await cluster.status();
    const [stays, returns] = cluster.supervisors as [Supervisor, Supervisor];
    returns.running.child.kill("SIGTERM");
    await returns.running.ended;

    const [etcd] = cluster.etcd;
    await etcd!.kill();
    etcd!.wipe();
    etcd!.start();
    await etcd!.healthy();
    const isTold = (): boolean => stays.running.stderr.includes("CONSENSUS_EMPTIED");
    await until("who runs says so", isTold, 30_000);
    expect(stays.running.stderr.match(/CONSENSUS_EMPTIED/g)).toHaveLength(1);
    const args = ["up", "--data", returns.data, "--port", "0", "--config", cluster.config];
    const again = await canswarm(...args).ended;
    expect([again.code, codeOf(again)]).toEqual([1, "CLUSTER_LOST"]);

    // Nor does one that has nothing of it found another in its place: NATS has its records.
    const empty = ["up", "--data", cluster.folder("empty"), "--port", "0"];
    const founder = await canswarm(...empty, "--config", cluster.config).ended;
    expect([founder.code, codeOf(founder)]).toEqual([1, "CLUSTER_LOST"]);

    const restored = await tend("restore", copy);
    expect([restored.code, restored.stderr]).toEqual([0, ""]);
    await until("all is led by who never left", isLed, 30_000);
    expect(await generations()).toEqual([2]);
    await returns.up();
    const after = await cluster.status();
    const sizes = ({ buckets }: typeof after): readonly number[] => buckets.map(({ size }) => size);
    for (const [bucket, size] of sizes(after).entries())
      expect(size).toBeGreaterThanOrEqual(sizes(before)[bucket]!);
    const { finalized, credits } = await job();
    expect([finalized, credits.conserved]).toEqual([NEEDS, true]);
  },
  TIMEOUT_MS,
);

it(
  "begins another generation where the operator says so, under way",
  async () => {
    const raised = await tend("raise");
    expect([raised.code, raised.stdout]).toEqual([0, "the next epochs are of generation 3\n"]);
    const isNew = async (): Promise<boolean> =>
      (await isLed()) && (await generations()).join() === "3";
    await until("all is led under it", isNew, 60_000);
    const { finalized, credits } = await job();
    expect([finalized, credits.conserved]).toEqual([NEEDS, true]);
  },
  TIMEOUT_MS,
);
