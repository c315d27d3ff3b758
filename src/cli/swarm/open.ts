/**
 * A swarm as the settings say: all of it in this process, or this machine's part of a cluster. What a
 * cluster needs is loaded only for one: etcd's client alone takes as long as half a start.
 */

import { decodeGenesis } from "#domain/genesis/codec.ts";
import type { Genesis } from "#domain/genesis/genesis.ts";
import type { ClusterOptions } from "../cluster/cluster-swarm.ts";
import { CliError } from "../errors.ts";
import type { Settings } from "../settings.ts";
import { EmbeddedSwarm } from "./embedded.ts";
import { holdsSwarm, MINTED_DEFAULT, openFolder, rulesIn, type Folder } from "./folder.ts";
import { markCluster } from "./reader.ts";
import type { RunningSwarm } from "./running-swarm.ts";

/** The folder's own, or that of the cluster it will join, or what the settings say of a new one. */
export const rulesFor = async (
  dir: string | undefined,
  { parameters, cluster }: Settings,
): Promise<Pick<Genesis, "parameters" | "minted">> => {
  if (cluster === undefined || (dir !== undefined && holdsSwarm(dir)))
    return rulesIn(dir, parameters);
  const { readGenesis } = await import("#adapters/etcd/shared-genesis.ts");
  const shared = await readGenesis(cluster.etcd, cluster.name);
  return shared === undefined ? { parameters, minted: MINTED_DEFAULT } : decodeGenesis(shared);
};

export const folderFor = async (
  dir: string,
  { parameters, cluster, hosts, path }: Settings,
  nowMs: number,
): Promise<Folder> => {
  if (cluster !== undefined) {
    const create = { name: cluster.name, parameters, nowMs, leads: hosts > 0 };
    const { openClusterFolder } = await import("../cluster/folder.ts");
    const folder = await openClusterFolder(dir, cluster, create);
    markCluster(dir, path ?? "supervisor.config.ts");
    return folder;
  }
  return openFolder(dir, holdsSwarm(dir) ? undefined : { name: "local", parameters, nowMs });
};

export interface OpenOptions extends Omit<ClusterOptions, "places"> {
  readonly settings: Settings;
  /** As in EmbeddedOptions; a cluster's settings say their own. */
  readonly reconcileMs?: number;
}

/** Refuses with FAULT_REFUSED where there is nobody else who could lead. */
export const openSwarm = async (options: OpenOptions): Promise<RunningSwarm> => {
  const { settings, believe, folder } = options;
  const { cluster } = settings;
  if (cluster === undefined && believe !== undefined)
    throw new CliError("FAULT_REFUSED", {
      path: folder.dir,
      reason: "leader:believe is a fault of a cluster, and the configuration has none",
    });
  if (cluster === undefined) return EmbeddedSwarm.open(options);
  const { ClusterSwarm } = await import("../cluster/cluster-swarm.ts");
  return ClusterSwarm.open({ ...options, places: cluster });
};
