/** The data folder of one machine of a cluster: its genesis is the cluster's, which etcd keeps. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { EtcdPlace } from "#adapters/etcd/client.ts";
import { foundGenesis, readGenesis } from "#adapters/etcd/shared-genesis.ts";
import { NatsBus } from "#adapters/nats/bus.ts";
import type { NatsOptions } from "#adapters/nats/connect.ts";
import { streamName } from "#adapters/nats/stream-rooms.ts";
import { connectJournal, openJournal } from "#adapters/sqlite/journal-client.ts";
import { decodeGenesis } from "#domain/genesis/codec.ts";
import { BUCKETS } from "#envelope/cid.ts";
import { swarmIdOf } from "#envelope/swarm.ts";
import { sameBytes } from "#ports/commit-rules.ts";
import { CliError } from "../errors.ts";
import {
  adoptGenesis,
  adoptOperatorKey,
  GENESIS_FILE,
  holdsSwarm,
  newGenesis,
  openFolder,
  type Folder,
  type NewSwarm,
} from "../swarm/folder.ts";
import type { ClusterPlaces } from "./settings.ts";

const found = (place: EtcdPlace, name: string, bytes: Uint8Array): Promise<Uint8Array> =>
  foundGenesis(place, name, { bytes, swarm: swarmIdOf(decodeGenesis(bytes).name, bytes) });

const holdsLogs = async (dir: string): Promise<boolean> => {
  const path = join(dir, "journal");
  if (!holdsSwarm(dir) || !existsSync(path)) return false;
  const thread = await openJournal(path);
  try {
    const journal = connectJournal(thread.port());
    const buckets = Array.from({ length: BUCKETS + 1 }, (_, bucket) => bucket);
    const newest = await Promise.all(buckets.map((bucket) => journal.newest(bucket)));
    return newest.some((record) => record !== undefined);
  } finally {
    await thread.close();
  }
};

/** Records of the cluster: then its swarm was founded, and another is not to be put in its place (E6). */
const whereLogsAre = async (dir: string, nats: NatsOptions): Promise<string | undefined> => {
  if (await holdsLogs(dir)) return dir;
  const bus = await NatsBus.open(nats);
  try {
    const records = streamName(bus.prefix, "records");
    const found = (await bus.rooms()).find(({ stream }) => stream === records);
    return found === undefined || found.bytes === 0 ? undefined : `NATS (${records})`;
  } finally {
    await bus.close();
  }
};

/**
 * Founds the swarm where nobody has and this machine will lead, with this folder's rules. Refuses with
 * CLUSTER_UNFOUNDED, with CLUSTER_FOREIGN where the folder is of another swarm, with CLUSTER_LOST where it
 * or NATS has logs and etcd knows of none, with KEY_MISSING where the operator's key is not here.
 */
export const openClusterFolder = async (
  dir: string,
  { name, etcd, nats, operatorKeyFile }: ClusterPlaces,
  create: NewSwarm & { readonly leads: boolean },
): Promise<Folder> => {
  const shared = await readGenesis(etcd, name);
  if (shared === undefined && !create.leads)
    throw new CliError("CLUSTER_UNFOUNDED", { cluster: name });
  if (operatorKeyFile !== undefined && existsSync(operatorKeyFile))
    adoptOperatorKey(dir, readFileSync(operatorKeyFile, "utf8"));
  const where = shared === undefined ? await whereLogsAre(dir, nats) : undefined;
  if (where !== undefined) throw new CliError("CLUSTER_LOST", { cluster: name, where });
  const own = holdsSwarm(dir)
    ? new Uint8Array(readFileSync(join(dir, GENESIS_FILE)))
    : (shared ?? newGenesis(dir, create));
  const counts = shared ?? (await found(etcd, name, own));
  if (holdsSwarm(dir) && !sameBytes(counts, own))
    throw new CliError("CLUSTER_FOREIGN", { path: dir, cluster: name });
  if (!holdsSwarm(dir)) adoptGenesis(dir, counts);
  const folder = openFolder(dir, undefined);
  if (operatorKeyFile !== undefined && !existsSync(operatorKeyFile)) {
    mkdirSync(dirname(operatorKeyFile), { recursive: true, mode: 0o700 });
    writeFileSync(operatorKeyFile, readFileSync(join(dir, "keys", "operator")), { mode: 0o600 });
  }
  return folder;
};
