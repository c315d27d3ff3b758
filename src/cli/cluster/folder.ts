/** The data folder of one machine of a cluster: its genesis is the cluster's, which etcd keeps. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { foundGenesis, readGenesis } from "#adapters/etcd/shared-genesis.ts";
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

/**
 * Founds the swarm where nobody has and this machine will lead, with this folder's rules. Refuses with
 * CLUSTER_UNFOUNDED, with CLUSTER_FOREIGN where the folder is of another swarm, with KEY_MISSING where the
 * operator's key is not here.
 */
export const openClusterFolder = async (
  dir: string,
  { name, etcd, operatorKeyFile }: ClusterPlaces,
  create: NewSwarm & { readonly leads: boolean },
): Promise<Folder> => {
  const shared = await readGenesis(etcd, name);
  if (shared === undefined && !create.leads)
    throw new CliError("CLUSTER_UNFOUNDED", { cluster: name });
  if (operatorKeyFile !== undefined && existsSync(operatorKeyFile))
    adoptOperatorKey(dir, readFileSync(operatorKeyFile, "utf8"));
  const own = holdsSwarm(dir)
    ? new Uint8Array(readFileSync(join(dir, GENESIS_FILE)))
    : (shared ?? newGenesis(dir, create));
  const counts = shared ?? (await foundGenesis(etcd, name, own));
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
