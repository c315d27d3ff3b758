/** What an operator does to a cluster: moves buckets, restarts all in turn, copies it and puts it back. */

import { copyFileSync, cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { EtcdConsensus } from "#adapters/etcd/consensus.ts";
import { buildText, OWN_BUILD } from "#cli/cluster/build.ts";
import { rankOf } from "#runtime/leadership/share.ts";
import { LocalCluster } from "../cluster/local-cluster.ts";
import { canswarm, runToEnd, summaryOf, until, type Ended } from "./command.ts";
import { market, module, tasks, verifier, worker } from "./square-market.ts";

const NEEDS = 20;
const TIMEOUT_MS = 120_000;
/** A collector gives up after 10 s as a rule. */
const SCRAPE_MS_MAX = 5_000;
const swarm = market(tasks(NEEDS), [
  worker("w", "1", module),
  ...["v1", "v2", "v3"].map((name) => verifier(name, module)),
]);

const open: LocalCluster[] = [];
const started = async (): Promise<LocalCluster> => {
  const one = await LocalCluster.start({ servers: 1 });
  open.push(one);
  return one;
};
let cluster: LocalCluster;
beforeAll(async () => {
  cluster = await started();
  await cluster.join();
  await cluster.join();
}, 60_000);
afterAll(async () => {
  for (const one of open) await one.close();
  swarm.remove();
});

const tend = (...args: readonly string[]): Promise<Ended> => canswarm("cluster", ...args).ended;
const leadersOf = async (one: LocalCluster): Promise<readonly (string | undefined)[]> =>
  (await one.status()).buckets.map(({ leader }) => leader);
const codeOf = ({ stderr }: Ended): string => /^([A-Z_]+) /m.exec(stderr)?.[1] ?? stderr;

it(
  "moves buckets to the supervisor that is named, where they stay until they may go back",
  async () => {
    const to = ["--config", cluster.config];
    const names = cluster.supervisors.map(({ name }) => name);
    const shares = Array.from({ length: 257 }, (_, bucket) => rankOf(names, bucket)[0]);
    const isShared = async (): Promise<boolean> =>
      (await leadersOf(cluster)).every((leader, bucket) => leader === shares[bucket]);
    await until("each leads its share", isShared, 30_000);
    const before = await leadersOf(cluster);
    const [first = "", second = ""] = names;
    const target = before[256] === first ? second : first;
    const moved = await tend("move", "system", "0-9", "--to", target, ...to);
    expect([moved.code, moved.stderr]).toEqual([0, ""]);
    const after = await leadersOf(cluster);
    expect(new Set([...after.slice(0, 10), after[256]])).toEqual(new Set([target]));
    expect(after.slice(10, 256)).toEqual(before.slice(10, 256));

    expect((await tend("move", "all", "--back", ...to)).code).toBe(0);
    const isBack = async (): Promise<boolean> =>
      (await leadersOf(cluster)).every((leader, bucket) => leader === before[bucket]);
    await until("all are back", isBack, 30_000);

    const foreign = await tend("move", "3", "--to", "nobody", ...to);
    expect([foreign.code, codeOf(foreign)]).toEqual([2, "SUPERVISOR_MISSING"]);
    const wrong = await tend("move", "300", "--to", first, ...to);
    expect([wrong.code, codeOf(wrong)]).toEqual([2, "USAGE"]);
  },
  TIMEOUT_MS,
);

/** What one supervisor tells a collector, by the names of its figures. */
const figuresOf = async (url: string): Promise<ReadonlyMap<string, number>> => {
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(SCRAPE_MS_MAX) });
  const lines = (await answer.text()).split("\n").filter((line) => line.startsWith("canswarm_"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
};

it(
  "each tells a collector of the cluster, also while neither etcd nor NATS answers",
  async () => {
    const [etcd, nats] = [cluster.etcd[0]!, cluster.nats[0]!];
    const all = await Promise.all(cluster.supervisors.map(({ url }) => figuresOf(url)));
    const led = all.map((one) => one.get("canswarm_cluster_buckets_led") ?? 0);
    expect(led.reduce((sum, one) => sum + one, 0)).toBe(257);
    for (const one of all) {
      expect(one.get("canswarm_nats_connected")).toBe(1);
      expect(one.get('canswarm_hosts{what="unconfirmed"}')).toBeGreaterThanOrEqual(0);
      expect(one.get("canswarm_cluster_keep_alive_age_seconds")).toBeLessThan(2);
      expect(one.get(`canswarm_etcd_database_bytes{endpoint="${etcd.url}"}`)).toBeGreaterThan(0);
      expect(one.get('canswarm_stream_bytes{stream="local_records"}')).toBeGreaterThan(0);
    }
    etcd.freeze();
    nats.freeze();
    const { url } = cluster.supervisors[0]!;
    const frozen = await figuresOf(url).finally(() => {
      etcd.thaw();
      nats.thaw();
    });
    expect(frozen.has('canswarm_nats_messages{what="dropped"}')).toBe(true);
  },
  TIMEOUT_MS,
);

it(
  "restarts every supervisor in turn under way, and every need ends once",
  async () => {
    const args = [swarm.tasks, "--agents", swarm.agents, "--data", cluster.folder("job"), "--json"];
    const run = canswarm("run", ...args, "--config", cluster.clientConfig);
    await until("one has ended", () => run.stderr.includes("finalized"), 40_000);
    for (const one of cluster.supervisors) {
      one.running.child.kill("SIGTERM");
      expect((await one.running.ended).code).toBe(0);
      await one.up();
    }
    const { code, stdout } = await run.ended;
    expect(code).toBe(0);
    const { finalized, credits } = summaryOf(stdout);
    expect([finalized, credits.conserved]).toEqual([NEEDS, true]);
  },
  TIMEOUT_MS,
);

it(
  "lets nobody lead beside one that would write other logs",
  async () => {
    const other = await started();
    const one = await other.join();
    const { swarm: id } = await other.status();
    const consensus = new EtcdConsensus({ endpoints: [other.etcd[0]!.url], swarm: id });
    const build = buildText({ ...OWN_BUILD, version: "canswarm 9.9.9", machines: "others" });
    const late = await consensus.join("newer", TIMEOUT_MS, build);
    expect(new Set(await leadersOf(other))).toEqual(new Set([one.name]));
    await late.end();
    one.running.child.kill("SIGTERM");
    expect((await one.running.ended).code).toBe(0);

    const early = await consensus.join("newer", TIMEOUT_MS, build);
    const args = ["up", "--data", one.data, "--port", "0", "--config", other.config];
    const refused = await canswarm(...args).ended;
    expect([refused.code, codeOf(refused)]).toEqual([1, "CLUSTER_VERSION"]);
    expect(refused.stderr).toMatch(/newer .* runs canswarm 9\.9\.9 .* would write other logs/);
    expect(refused.stderr).not.toMatch(/joined/);
    await early.end();
    await consensus.close();
  },
  TIMEOUT_MS,
);

it(
  "starts nobody under a name that another has, and says so",
  async () => {
    const data = cluster.folder("copied");
    for (const part of ["genesis.cbor", "keys", "name"])
      cpSync(join(cluster.supervisors[0]!.data, part), join(data, part), { recursive: true });
    const args = ["up", "--data", data, "--port", "0", "--config", cluster.config];
    const copied = await canswarm(...args).ended;
    expect([copied.code, codeOf(copied)]).toEqual([1, "DATA_IN_USE"]);
    expect(copied.stderr).toMatch(/ is there already/);
  },
  TIMEOUT_MS,
);

/** What was said, and what came of it, in the logs of needs that the folder's swarm has. */
const doneIn = async (data: string): Promise<number> => {
  const { code, stdout } = await canswarm("audit", data).ended;
  expect(code).toBe(0);
  const lines = stdout.split("\n").filter((line) => line.includes('"kind":"record"'));
  const entries = lines.flatMap((line) => {
    const { bucket, view } = JSON.parse(line) as AuditRecord;
    return bucket < 256 ? view.entries : [];
  });
  return entries.filter(({ kind }) => kind === "envelope" || kind === "derived").length;
};

interface AuditRecord {
  readonly bucket: number;
  readonly view: { readonly entries: readonly { readonly kind: string }[] };
}

it(
  "copies a cluster while it goes on, and puts it back where everything was lost",
  async () => {
    const copy = join(cluster.dir, "copy");
    const missing = await tend("restore", copy, "--config", cluster.config);
    expect([missing.code, codeOf(missing)]).toEqual([2, "BACKUP_MISSING"]);
    const copied = await tend("backup", copy, "--config", cluster.config);
    expect([copied.code, copied.stderr]).toEqual([0, ""]);
    expect(copied.stdout).toMatch(/^copied 257 buckets, [\d,]+ records and [\d,]+ blocks .* 1\n$/);
    expect(existsSync(join(copy, "keys", "operator"))).toBe(false);
    const taken = await tend("restore", copy, "--config", cluster.config);
    expect([taken.code, codeOf(taken)]).toEqual([2, "CLUSTER_NOT_EMPTY"]);
    const before = await cluster.status();
    const data = join(cluster.dir, "job");
    const doneBefore = await doneIn(data);
    expect(doneBefore).toBeGreaterThan(NEEDS * 8);

    const other = await started();
    copyFileSync(join(cluster.dir, "operator.key"), join(other.dir, "operator.key"));
    for (const one of cluster.supervisors) one.running.child.kill("SIGKILL");
    const restored = await tend("restore", copy, "--config", other.config);
    expect([restored.code, restored.stderr]).toEqual([0, ""]);
    await other.join();
    await other.join();

    const isLed = async (): Promise<boolean> => !(await leadersOf(other)).includes(undefined);
    await until("all is led", isLed, 30_000);
    const after = await other.status();
    expect(after.swarm).toBe(before.swarm);
    expect(new Set(after.buckets.map(({ epoch }) => epoch.generation))).toEqual(new Set([2]));
    const args = [swarm.tasks, "--agents", swarm.agents, "--data", data];
    const again = await runToEnd([...args, "--config", other.clientConfig]);
    expect([again.finalized, again.credits.conserved]).toEqual([NEEDS, true]);
    // Nothing was posted or done anew: what is logged besides is of leaders, the registry and time alone.
    expect(await doneIn(data)).toBe(doneBefore);
    const replay = await canswarm("replay", data, "--json").ended;
    expect([replay.code, replay.stderr]).toEqual([0, ""]);
    rmSync(copy, { recursive: true, force: true });
  },
  TIMEOUT_MS,
);
