/** What one server of etcd says of itself, over the connection that a supervisor would use. */

import { etcdSizes, type EtcdSizes } from "./sizes.ts";
import { EtcdClient, type EtcdPlace } from "./client.ts";
import { genesisKey } from "./shared-genesis.ts";

const NOBODY = "0";

export interface EtcdCondition {
  readonly version: string;
  /** It takes part in a majority. */
  readonly hasLeader: boolean;
  /** Its quota was used up: it refuses writes until the alarm is disarmed. */
  readonly isOutOfSpace: boolean;
  /** Or why it does not tell. */
  readonly sizes: EtcdSizes | string;
}

/**
 * Rejects with a Fault, also where the user may not read what the cluster of this name is. `waitMs`: for the
 * page of figures; a call ends within CALL_MS_MAX, and there are three.
 */
export const etcdCondition = async (
  place: EtcdPlace,
  endpoint: string,
  { cluster, waitMs }: { readonly cluster: string; readonly waitMs: number },
): Promise<EtcdCondition> => {
  const sizes = etcdSizes(place, endpoint, waitMs).catch((error: Error) => error.message);
  const client = new EtcdClient({ ...place, endpoints: [endpoint] });
  try {
    const { version, leader } = await client.call((etcd, options) =>
      etcd.maintenance.status(options),
    );
    const hasLeader = leader !== NOBODY;
    // What follows is asked of the majority: without one there is no answer.
    if (!hasLeader) return { version, hasLeader, isOutOfSpace: false, sizes: await sizes };
    // The status is told to anybody; rows are not.
    const key = genesisKey(cluster);
    await client.call((etcd, options) => etcd.kv.range({ key, keys_only: true }, options));
    const { alarms } = await client.call((etcd, options) =>
      etcd.maintenance.alarm({ action: "Get" }, options),
    );
    const isOutOfSpace = alarms.some(({ alarm }) => isNoSpace(alarm));
    return { version, hasLeader, isOutOfSpace, sizes: await sizes };
  } finally {
    client.close();
  }
};

/** The library tells enumerations by their names in etcd's own letters. */
const isNoSpace = (alarm: string): boolean => alarm.toUpperCase() === "NOSPACE";
