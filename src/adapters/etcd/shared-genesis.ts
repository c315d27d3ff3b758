/**
 * The genesis of a cluster's swarm: `/canswarm/genesis/CLUSTER`, written once by whoever founds it and
 * read by every supervisor that comes later. It is public: the operator's key is not in it. In the same
 * step the swarm's first generation is written: without it nobody joins (session.ts S4).
 */

import type { IRequestOp } from "etcd3";
import { Fault } from "#ports/faults.ts";
import { absent } from "./bucket-write.ts";
import { EtcdClient, type EtcdPlace } from "./client.ts";
import { Keys } from "./keys.ts";

export const genesisKey = (cluster: string): Buffer => Buffer.from(`/canswarm/genesis/${cluster}`);

const answered = async <T>(
  place: EtcdPlace,
  ask: (client: EtcdClient) => Promise<T>,
): Promise<T> => {
  const client = new EtcdClient(place);
  try {
    return await ask(client);
  } finally {
    client.close();
  }
};

/** Undefined where nobody has founded it. Rejects with a Fault where etcd does not answer. */
export const readGenesis = (place: EtcdPlace, cluster: string): Promise<Uint8Array | undefined> =>
  answered(place, async (client) => {
    const key = genesisKey(cluster);
    const { kvs } = await client.call((etcd, options) => etcd.kv.range({ key }, options));
    const [row] = kvs;
    return row === undefined ? undefined : new Uint8Array(row.value);
  });

const FIRST_GENERATION = Buffer.from("1");

/** Leaves one that is there alone: it is never lowered. */
const firstGeneration = (swarm: string): IRequestOp => {
  const { generation: key } = new Keys(swarm);
  const success = [{ request_put: { key, value: FIRST_GENERATION } }];
  return { request_txn: { compare: [absent(key)], success } };
};

/** The swarm alone, of whatever genesis: for programs that need no more of a cluster than its rows. */
export const foundSwarm = (place: EtcdPlace, swarm: string): Promise<void> =>
  answered(place, async (client) => {
    const success = [firstGeneration(swarm)];
    await client.call((etcd, options) => etcd.kv.txn({ success }, options));
  });

export interface OfferedGenesis {
  readonly bytes: Uint8Array;
  /** The id of its swarm. */
  readonly swarm: string;
}

/** The one that counts: ours, or that of whoever was first. */
export const foundGenesis = (
  place: EtcdPlace,
  cluster: string,
  { bytes, swarm }: OfferedGenesis,
): Promise<Uint8Array> =>
  answered(place, async (client) => {
    const key = genesisKey(cluster);
    const request = {
      compare: [absent(key)],
      success: [{ request_put: { key, value: Buffer.from(bytes) } }, firstGeneration(swarm)],
      failure: [{ request_range: { key } }],
    };
    const { succeeded, responses } = await client.call((etcd, options) =>
      etcd.kv.txn(request, options),
    );
    if (succeeded) return bytes;
    const row = responses[0]?.response_range?.kvs[0];
    if (row === undefined)
      throw new Fault("STORE_CORRUPT", `etcd has a genesis of ${cluster} and does not show it`);
    return new Uint8Array(row.value);
  });
