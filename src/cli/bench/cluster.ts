/**
 * Lifecycles per second of a cluster, all of its buckets led by this process, beside what its etcd and
 * its NATS give on the same cores in the same minute. The servers are those of a configuration, best
 * their own: the swarm and the probes stay in them.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUCKETS } from "#envelope/cid.ts";
import { EtcdClient, type EtcdPlace } from "#adapters/etcd/client.ts";
import { Keys } from "#adapters/etcd/keys.ts";
import { ClusterSwarm } from "../cluster/cluster-swarm.ts";
import { placementOf } from "../swarm/embedded.ts";
import { folderFor } from "../swarm/open.ts";
import { roomy } from "../swarm/young.ts";
import { CliError } from "../errors.ts";
import { loadSettings } from "../settings.ts";
import { measured, type LifecycleOptions, type LifecycleResult } from "./lifecycle.ts";
import {
  busSpread,
  etcdHeadsPerSecond,
  streamRecordsPerSecond,
  type BusSpread,
  type ProbeShape,
} from "./limits.ts";

const PROBE_MS = 4_000;
const LED_MS_MAX = 30_000;
const LOOK_MS = 100;
/** Buckets and records of each that are looked at for the size of a record. */
const SAMPLED_BUCKETS = 16;
const SAMPLED_RECORDS = 64;

export interface ClusterFigures {
  readonly product: LifecycleResult;
  readonly headsPerTask: number;
  readonly headsPerRequest: number;
  readonly recordsPerTask: number;
  readonly recordBytes: number;
  readonly limits: {
    readonly etcdHeadsPerSecond: number;
    readonly etcdTasksPerSecond: number;
    readonly natsRecordsPerSecond: number;
    readonly natsTasksPerSecond: number;
  };
  /** Of the product to the lower of the two limits. */
  readonly ratio: number;
  readonly bus: BusSpread;
}

/** How often heads have been written, and in how many requests. */
interface Written {
  readonly heads: number;
  readonly revision: number;
}

const written = async (place: EtcdPlace, swarm: string): Promise<Written> => {
  const client = new EtcdClient(place);
  try {
    const range = new Keys(swarm).everyHead;
    const { kvs, header } = await client.call((etcd, options) => etcd.kv.range(range, options));
    const heads = kvs.reduce((sum, { version }) => sum + Number(version), 0);
    return { heads, revision: Number(header.revision) };
  } finally {
    client.close();
  }
};

const recordBytesOf = async (swarm: ClusterSwarm): Promise<number> => {
  const sizes: number[] = [];
  for (let bucket = 0; bucket < SAMPLED_BUCKETS; bucket += 1) {
    const { records } = await swarm.store.head(bucket);
    const from = Math.max(0, records - SAMPLED_RECORDS);
    const found = await swarm.store.read(bucket, from, SAMPLED_RECORDS);
    sizes.push(...found.map(({ byteLength }) => byteLength));
  }
  return Math.round(sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length));
};

const allLed = async (swarm: ClusterSwarm): Promise<void> => {
  const endMs = performance.now() + LED_MS_MAX;
  while (swarm.ledHere().size <= BUCKETS) {
    if (performance.now() > endMs)
      throw new CliError("CLUSTER_UNANSWERED", { bucket: "all", seconds: LED_MS_MAX / 1_000 });
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
};

/** Refuses with CONFIG_INVALID where the configuration has no cluster. */
export const clusterFigures = async (
  options: LifecycleOptions & { readonly config: string },
): Promise<ClusterFigures> => {
  const settings = roomy(await loadSettings(options.config));
  const places = settings.cluster;
  if (places === undefined)
    throw new CliError("CONFIG_INVALID", { path: options.config, reason: "it has no `cluster`" });
  const dir = mkdtempSync(join(tmpdir(), "canswarm-bench-"));

  const folder = await folderFor(join(dir, "data"), settings, Date.now());
  const swarm = await ClusterSwarm.open({
    folder,
    settings,
    places,
    onNews: () => undefined,
    onHalt: (reason) => process.stderr.write(`${reason}\n`),
  });
  const counted: Written[] = [];
  const count = async (): Promise<void> =>
    void counted.push(await written(places.etcd, folder.swarm));
  let recordsBefore = 0;
  let records = 0;
  const stats = async () => {
    const all = await Promise.all(swarm.hosts?.controls().map((host) => host.stats()) ?? []);
    [recordsBefore, records] = [records, all.reduce((sum, one) => sum + one.records, 0)];
    return all;
  };
  try {
    await allLed(swarm);
    const product = await measured(
      swarm,
      options,
      { placement: placementOf(settings.hosts), nats: places.nats, stats },
      { begin: count, end: count },
    );
    const [before, after] = counted as [Written, Written];
    const tasks = Math.max(1, product.load.finalized);
    const heads = after.heads - before.heads;
    const recordBytes = await recordBytesOf(swarm);
    await swarm.close(true);
    const shape: ProbeShape = { ms: PROBE_MS, connections: settings.hosts };
    const headsPerRequest = heads / Math.max(1, after.revision - before.revision);
    const recordsPerTask = (records - recordsBefore) / tasks;
    const headsPerTask = heads / tasks;
    const etcd = await etcdHeadsPerSecond(places.etcd, shape, Math.round(headsPerRequest));
    const nats = await streamRecordsPerSecond(places.nats, shape, {
      together: product.batches.records,
      bytes: recordBytes,
    });
    const bus = await busSpread(places.nats, PROBE_MS);
    const limits = {
      etcdHeadsPerSecond: Math.round(etcd),
      etcdTasksPerSecond: Math.round(etcd / headsPerTask),
      natsRecordsPerSecond: Math.round(nats),
      natsTasksPerSecond: Math.round(nats / recordsPerTask),
    };
    const limit = Math.min(limits.etcdTasksPerSecond, limits.natsTasksPerSecond);
    const ratio = product.tasksPerSecond / Math.max(1, limit);
    return {
      product,
      headsPerTask,
      headsPerRequest,
      recordsPerTask,
      recordBytes,
      limits,
      ratio,
      bus,
    };
  } finally {
    await swarm.close(false);
    rmSync(dir, { recursive: true, force: true });
  }
};
