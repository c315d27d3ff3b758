/**
 * What `npm run chaos:cluster` strikes a cluster with. Where one supervisor is struck it is the one whose
 * loss costs the most: every need asks the ledger, so whoever leads the system bucket is the busiest.
 */

import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { LocalCluster, Supervisor } from "./local-cluster.ts";

/** What has not recovered by then will not, ms. */
export const RECOVERY_MS_MAX = 60_000;
/** After these, records older than a snapshot may be nowhere (docs/operating/double-faults.md). */
export const WIPING: readonly string[] = [
  "a disk and a NATS server's files lost",
  "one gone for good, then NATS emptied",
];
const LOOK_MS = 20;
const SESSION_FREEZE_MS = 8_000;
const OUTAGE_MS = 10_000;
const LONG_OUTAGE_MS = 30_000;
const BACK_AFTER_MS = 5_000;
/** Others lead what a dead supervisor led within so long, ms: its session lives for 3,000. */
const DEAD_MS_MAX = 5_000;
/** One that NATS alone does not reach notices within 3,000 ms, and lays down what it led after 3,000 more. */
const CUT_OFF_MS_MAX = 10_000;

export interface Strikes {
  readonly faults: Readonly<Record<string, () => Promise<void>>>;
  /** What a fault was to show besides, and whether it did. */
  readonly shown: readonly string[];
  readonly failed: readonly string[];
}

const secondsOf = (ms: number): string => (ms / 1_000).toFixed(1);

const killed = async (one: Supervisor): Promise<void> => {
  one.running.child.kill("SIGKILL");
  await one.running.ended;
};

export const strikesOn = (cluster: LocalCluster): Strikes => {
  const shown: string[] = [];
  const failed: string[] = [];

  const busiest = async (): Promise<Supervisor> => {
    const name = (await cluster.leaders()).get(SYSTEM_BUCKET);
    const found = cluster.supervisors.find((one) => one.name === name);
    if (found === undefined) throw new Error("nobody leads the system bucket");
    return found;
  };

  const etcdLeader = async () => {
    for (const server of cluster.etcd) if (await server.isLeader()) return server;
    throw new Error("etcd has no leader");
  };

  /** Strikes one supervisor; then others must lead all that it led, soon. */
  const ledElsewhere = async (
    what: string,
    victim: Supervisor,
    strike: () => Promise<void> | void,
    msMax = DEAD_MS_MAX,
  ): Promise<void> => {
    const { name } = victim;
    const its = [...(await cluster.leaders())].flatMap(([bucket, holder]) =>
      holder === name ? [bucket] : [],
    );
    const fromMs = performance.now();
    await strike();
    const isElsewhere = (leaders: ReadonlyMap<number, string>): boolean =>
      its.every((bucket) => leaders.has(bucket) && leaders.get(bucket) !== name);
    while (!isElsewhere(await cluster.leaders()) && performance.now() < fromMs + LONG_OUTAGE_MS)
      await sleep(LOOK_MS);
    const tookMs = performance.now() - fromMs;
    const list = tookMs < msMax ? shown : failed;
    list.push(`${what}: its ${its.length} buckets were led elsewhere after ${secondsOf(tookMs)} s`);
  };

  /** It must lead some again when it is back. */
  const partition = async (from: "nats" | "everything"): Promise<void> => {
    const victim = await busiest();
    const fromMs = performance.now();
    const msMax = from === "nats" ? CUT_OFF_MS_MAX : DEAD_MS_MAX;
    await ledElsewhere(`cut off from ${from}`, victim, () => victim.cutOff(from), msMax);
    await sleep(Math.max(0, LONG_OUTAGE_MS - (performance.now() - fromMs)));
    victim.joinUp();
    const backMs = performance.now();
    const isBack = async (): Promise<boolean> =>
      [...(await cluster.leaders()).values()].includes(victim.name);
    while (!(await isBack()) && performance.now() < backMs + RECOVERY_MS_MAX) await sleep(LOOK_MS);
    const list = (await isBack()) ? shown : failed;
    const tookMs = performance.now() - backMs;
    list.push(`cut off from ${from}: it led some again ${secondsOf(tookMs)} s after its return`);
  };

  const faults: Strikes["faults"] = {
    "kill -9 of the busiest supervisor": async () => {
      const victim = await busiest();
      await ledElsewhere("kill -9", victim, () => killed(victim));
      await sleep(BACK_AFTER_MS);
      await victim.up();
    },
    "freeze of a supervisor for 8 s": async () => {
      const victim = await busiest();
      const fromMs = performance.now();
      await ledElsewhere("freeze", victim, () => void victim.running.child.kill("SIGSTOP"));
      await sleep(Math.max(0, SESSION_FREEZE_MS - (performance.now() - fromMs)));
      victim.running.child.kill("SIGCONT");
    },
    "disk of a supervisor deleted": async () => {
      const victim = await busiest();
      await killed(victim);
      rmSync(victim.data, { recursive: true, force: true });
      await victim.up();
    },
    "partition of one supervisor for 30 s": () => partition("everything"),
    "one cut off from NATS for 30 s": () => partition("nats"),
    "etcd leader killed": async () => {
      const leader = await etcdLeader();
      await leader.kill();
      await sleep(BACK_AFTER_MS);
      leader.start();
      await leader.healthy();
    },
    "etcd silent for 30 s": async () => {
      for (const server of cluster.etcd) server.freeze();
      await sleep(LONG_OUTAGE_MS);
      for (const server of cluster.etcd) server.thaw();
    },
    "all etcd stopped for 10 s": async () => {
      await Promise.all(cluster.etcd.map((server) => server.kill()));
      await sleep(OUTAGE_MS);
      for (const server of cluster.etcd) server.start();
      await Promise.all(cluster.etcd.map((server) => server.healthy()));
    },
    "a NATS server killed": async () => {
      const [server] = cluster.nats;
      await server?.kill();
      await sleep(BACK_AFTER_MS);
      await server?.restart();
    },
    "all NATS stopped for 10 s": async () => {
      await Promise.all(cluster.nats.map((server) => server.kill()));
      await sleep(OUTAGE_MS);
      await Promise.all(cluster.nats.map((server) => server.restart()));
    },
    "a disk and a NATS server's files lost": async () => {
      const [server] = cluster.nats;
      const victim = await busiest();
      await Promise.all([killed(victim), server?.kill()]);
      rmSync(victim.data, { recursive: true, force: true });
      server?.wipe();
      await victim.up();
      await server?.restart();
    },
    "two supervisors and etcd's leader": async () => {
      const leader = await etcdLeader();
      const victim = await busiest();
      const other = cluster.supervisors.find((one) => one !== victim);
      await Promise.all([
        killed(victim),
        other === undefined ? undefined : killed(other),
        leader.kill(),
      ]);
      await sleep(BACK_AFTER_MS);
      leader.start();
      await Promise.all([victim.up(), other?.up()]);
      await leader.healthy();
    },
    "one gone for good, then NATS emptied": async () => {
      const victim = await busiest();
      await killed(victim);
      await sleep(BACK_AFTER_MS);
      await Promise.all(cluster.nats.map((server) => server.kill()));
      for (const server of cluster.nats) server.wipe();
      await Promise.all(cluster.nats.map((server) => server.restart()));
      await victim.up();
    },
    "rolling restart": async () => {
      for (const one of cluster.supervisors) {
        one.running.child.kill("SIGTERM");
        await one.running.ended;
        await one.up();
      }
    },
  };
  return { faults, shown, failed };
};
