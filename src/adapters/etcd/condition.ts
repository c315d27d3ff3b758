/** What one server of etcd says of itself, over the connection that a supervisor would use. */

import type { EtcdSizes } from "./sizes.ts";
import { etcdSizes } from "./sizes.ts";
import { EtcdClient, type EtcdPlace } from "./client.ts";

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

/** Rejects with a Fault. `waitMs`: for the page of figures; a call ends within CALL_MS_MAX. */
export const etcdCondition = async (
  place: EtcdPlace,
  endpoint: string,
  waitMs: number,
): Promise<EtcdCondition> => {
  const sizes = etcdSizes(place, endpoint, waitMs).catch((error: Error) => error.message);
  const client = new EtcdClient({ ...place, endpoints: [endpoint] });
  try {
    const { version, leader } = await client.call((etcd, options) =>
      etcd.maintenance.status(options),
    );
    const hasLeader = leader !== NOBODY;
    // Alarms are asked of the majority: without one there is no answer.
    const { alarms } = hasLeader
      ? await client.call((etcd, options) => etcd.maintenance.alarm({ action: "Get" }, options))
      : { alarms: [] };
    const isOutOfSpace = alarms.some(({ alarm }) => isNoSpace(alarm));
    return { version, hasLeader, isOutOfSpace, sizes: await sizes };
  } finally {
    client.close();
  }
};

/** The library tells enumerations by their names in etcd's own letters. */
const isNoSpace = (alarm: string): boolean => alarm.toUpperCase() === "NOSPACE";
