/**
 * What supervisors do by themselves: one is cut off from NATS, NATS loses all, and one has on its disk what
 * it wrote in vain.
 */

import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { NatsStream } from "#adapters/nats/stream.ts";
import { openJournalInThread } from "#adapters/sqlite/journal.ts";
import type { JournalRecord } from "#ports/journal.ts";
import { decodeRecord, encodeRecord } from "#runtime/log/record.ts";
import { LocalCluster, type Supervisor } from "../cluster/local-cluster.ts";
import { journalRecord, plainRecord, ZERO } from "../contracts/records.ts";
import { runToEnd, until } from "./command.ts";
import { market, module, tasks, verifier, worker } from "./square-market.ts";

const agents = [
  worker("w", "1", module),
  ...["v1", "v2", "v3"].map((name) => verifier(name, module)),
];
const BUCKETS = 257;

let cluster: LocalCluster;
let apart: Supervisor;
beforeAll(async () => {
  cluster = await LocalCluster.start({ servers: 1, reconcileSeconds: 1 });
  await cluster.join();
  apart = await cluster.joinApart();
}, 60_000);
afterAll(() => cluster.close());

/** Buckets of the one apart, and of the other. */
const ledNow = async (): Promise<readonly [apart: number, other: number]> => {
  const { supervisors } = await cluster.status();
  const of = (isIt: boolean): number =>
    supervisors.find(({ name }) => (name === apart.name) === isIt)?.buckets ?? 0;
  return [of(true), of(false)];
};

it("leaves its buckets to the other, which ends all needs, and leads its share again after", async () => {
  await until("both lead", async () => Math.min(...(await ledNow())) > 60, 30_000);
  apart.cutOff("nats");
  await until("the other leads all", async () => (await ledNow())[1] === BUCKETS, 30_000);
  const told = (await cluster.status()).supervisors.map(({ name, isCutOff }) => [name, isCutOff]);
  expect(Object.fromEntries(told)).toMatchObject({ [apart.name]: true });
  expect(apart.running.stderr).toMatch(/cut off from NATS: \d+ buckets are left to other/);

  const swarm = market(tasks(10), agents);
  const args = [swarm.tasks, "--agents", swarm.agents, "--data", cluster.folder("run")];
  const { finalized, credits } = await runToEnd([...args, "--config", cluster.clientConfig]);
  expect([finalized, credits.conserved]).toEqual([10, true]);
  // The reconcilers compared these needs every second, and none was found to drift.
  for (const { running } of cluster.supervisors) expect(running.stderr).not.toContain(", need ");
  swarm.remove();

  apart.joinUp();
  await until("both lead again", async () => Math.min(...(await ledNow())) > 60, 30_000);
  expect(apart.running.stderr).toContain("reaches NATS again");
  expect((await cluster.status()).supervisors.some(({ isCutOff }) => isCutOff)).toBe(false);
}, 150_000);

it("puts back what NATS has lost, and says so; after that nothing is found", async () => {
  const reconciled = async () => (await cluster.status()).supervisors.map((one) => one.reconciled);
  const isClean = async (): Promise<boolean> =>
    (await reconciled()).every(
      (one) => one !== undefined && one.failure === undefined && one.findingsCount === 0,
    );
  await until("nothing is found", isClean, 30_000);
  const [nats] = cluster.nats;
  await nats?.kill();
  nats?.wipe();
  await nats?.restart();
  const says = (one: Supervisor): boolean =>
    /records of \d+ buckets were put back/.test(one.running.stderr);
  await until("both put records back", () => cluster.supervisors.every(says), 60_000);
  // While NATS was away they may have left buckets to each other: each gets its share again first.
  const isWhole = async (): Promise<boolean> =>
    (await isClean()) && (await reconciled()).every((one) => (one?.buckets ?? 0) > 60);
  await until("nothing is found again, in the share of either", isWhole, 60_000);
  for (const { running } of cluster.supervisors) expect(running.stderr).not.toContain("halted");
  expect(apart.running.stderr).toMatch(/bucket \d+: a record of its log is not on the stream/);
}, 150_000);

it("deletes what it wrote in vain, and nothing that counts", async () => {
  const [other] = cluster.supervisors;
  await until("both lead", async () => Math.min(...(await ledNow())) > 60, 30_000);
  for (const { running } of [other!, apart]) {
    running.child.kill("SIGTERM");
    expect((await running.ended).code).toBe(0);
  }
  const openDisk = () => openJournalInThread(join(other!.data, "journal"));
  const disk = openDisk();
  const before = await Promise.all(
    Array.from({ length: BUCKETS }, (_, bucket) => disk.hashes(bucket, undefined)),
  );
  const logs = before.flatMap((hashes, bucket) => (hashes.length > 0 ? [bucket] : [])).slice(0, 8);
  expect(logs).toHaveLength(8);
  const rivals = async (bucket: number): Promise<JournalRecord[]> => {
    const [known] = await disk.getMany(bucket, before[bucket]!);
    const record = decodeRecord(known!.bytes);
    // The first, one that may be committed still, and one that a restore may give back.
    return [
      journalRecord(bucket, 0, ZERO, encodeRecord({ ...record, first: 1e6 })),
      journalRecord(bucket, 1_000_000, ZERO, encodeRecord({ ...record, first: 2e6 })),
      journalRecord(bucket, 0, ZERO, encodeRecord({ ...record, generation: 0 })),
    ];
  };
  const planted = (await Promise.all(logs.map(rivals))).flat();
  await disk.append(planted);
  await disk.close();
  const stream = await NatsStream.open({ servers: [cluster.nats[0]!.url], prefix: "local" });
  await stream.publish(planted);

  await other!.up();
  const deleted = (): number =>
    [...other!.running.stderr.matchAll(/(\d+) records that were never committed/g)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
  await until("they are deleted", () => deleted() === logs.length, 90_000);
  for (const [at, record] of planted.entries()) {
    const kept = at % 3 === 0 ? undefined : plainRecord(record);
    expect(plainRecord(await stream.get(record.bucket, record.hash))).toEqual(kept);
  }
  await stream.close();
  other!.running.child.kill("SIGTERM");
  expect((await other!.running.ended).code).toBe(0);
  const after = openDisk();
  for (const [at, { bucket, hash }] of planted.entries())
    expect((await after.get(bucket, hash)) === undefined).toBe(at % 3 === 0);
  for (const [bucket, hashes] of before.entries())
    expect(await after.getMany(bucket, hashes)).toHaveLength(hashes.length);
  await after.close();
}, 150_000);
