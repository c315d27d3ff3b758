/**
 * All that a cluster keeps in etcd, as of one moment, and back into an etcd that holds nothing of it.
 *
 * Y1  What is read is of one revision: whatever a log says that another has heard, the other's head shows.
 * Y2  Heads, genesis and generation are put back in one step, and last: a restore that was cut off has
 *     made nothing that a supervisor would go on from.
 * Y3  The generation is above every earlier one, so every epoch is above those of the logs, and whoever
 *     still believes that he leads is refused (P4). Sessions and pins are not put back.
 */

import type { ICompare, IRequestOp } from "etcd3";
import { emptyHead } from "#ports/commit-rules.ts";
import { Fault } from "#ports/faults.ts";
import type { Head } from "#ports/store.ts";
import { absent } from "./bucket-write.ts";
import { EtcdClient, type EtcdPlace } from "./client.ts";
import { bucketOf, headValue, Keys, readHead } from "./keys.ts";
import { REQUEST_OPERATIONS_MAX } from "./operations.ts";
import { genesisKey } from "./shared-genesis.ts";

export interface EtcdCopy {
  readonly generation: number;
  /** Of buckets that have a log. */
  readonly heads: readonly Head[];
  /** Of attempts that are decided and have not ended: bucket and `need/attempt`. */
  readonly decides: readonly (readonly [bucket: number, key: string])[];
}

export interface CopyPlace {
  readonly place: EtcdPlace;
  readonly cluster: string;
  /** The id of the swarm. */
  readonly swarm: string;
}

/** Puts of one nested transaction of Y2: with as many of these it stays under etcd's default limits. */
const PUTS_TOGETHER = REQUEST_OPERATIONS_MAX / 2;

const opened = async <T>(place: EtcdPlace, run: (client: EtcdClient) => Promise<T>): Promise<T> => {
  const client = new EtcdClient(place);
  try {
    return await run(client);
  } finally {
    client.close();
  }
};

const readWith = async (client: EtcdClient, swarm: string): Promise<EtcdCopy> => {
  const keys = new Keys(swarm);
  const ranges = [
    { key: keys.generation },
    keys.everyHead,
    { ...keys.allDecides, keys_only: true },
  ];
  const success = ranges.map((request_range) => ({ request_range }));
  const { responses } = await client.call((etcd, options) => etcd.kv.txn({ success }, options));
  const [generation, heads, decides] = responses.map((one) => one.response_range?.kvs ?? []);
  return {
    generation: Number(generation?.[0]?.value.toString() ?? 0),
    heads: (heads ?? []).map(({ key, value }) => readHead(bucketOf(key), value)),
    decides: (decides ?? []).map(({ key }) => keys.decideIn(key)),
  };
};

export const readCopy = ({ place, swarm }: CopyPlace): Promise<EtcdCopy> =>
  opened(place, (client) => readWith(client, swarm));

/** The generation under which the supervisors will lead; undefined where there are logs already. */
export const restoreCopy = (
  { place, cluster, swarm }: CopyPlace,
  { heads, decides, generation }: EtcdCopy,
  genesis: Uint8Array,
): Promise<number | undefined> =>
  opened(place, async (client) => {
    const keys = new Keys(swarm);
    const there = await readWith(client, swarm);
    if (there.heads.length > 0) return undefined;
    const decidePuts = decides.map(([bucket, key]) =>
      put(keys.decide(bucket, key), Buffer.alloc(0)),
    );
    for (let at = 0; at < decidePuts.length; at += REQUEST_OPERATIONS_MAX) {
      const success = decidePuts.slice(at, at + REQUEST_OPERATIONS_MAX);
      await client.call((etcd, options) => etcd.kv.txn({ success }, options));
    }
    const raised = Math.max(generation, there.generation) + 1;
    const puts = heads.map((head) => put(keys.head(head.bucket), headValue(head)));
    const nested = Array.from({ length: Math.ceil(puts.length / PUTS_TOGETHER) }, (_, at) => ({
      request_txn: { success: puts.slice(at * PUTS_TOGETHER, (at + 1) * PUTS_TOGETHER) },
    }));
    const request = {
      compare: [
        there.generation === 0
          ? absent(keys.generation)
          : ({
              key: keys.generation,
              target: "Value",
              result: "Equal",
              value: Buffer.from(String(there.generation)),
            } as const),
      ],
      success: [
        put(keys.generation, Buffer.from(String(raised))),
        put(genesisKey(cluster), Buffer.from(genesis)),
        ...nested,
      ],
    };
    const { succeeded } = await client.call((etcd, options) => etcd.kv.txn(request, options));
    if (succeeded) return raised;
    // Ours, whose answer was lost, or somebody else's: the heads say which.
    const now = await readWith(client, swarm);
    if (now.generation === raised && isSame(now.heads, heads)) return raised;
    throw new Fault("CONSENSUS_DENIED", "etcd was written to by somebody else meanwhile");
  });

/**
 * The generation after the one that is there, for an etcd that was put back to an earlier time by other
 * means than ours: its revisions come a second time, and so would epochs (Y3). Nobody leads any more: whoever
 * lives campaigns again. Undefined where etcd has no such swarm.
 */
export const raiseGeneration = ({ place, swarm }: CopyPlace): Promise<number | undefined> =>
  opened(place, async (client) => {
    const { generation: key, leaders } = new Keys(swarm);
    const { generation } = await readWith(client, swarm);
    if (generation === 0) return undefined;
    const isStill = (text: number): ICompare => ({
      key,
      target: "Value",
      result: "Equal",
      value: Buffer.from(String(text)),
    });
    const request = {
      compare: [isStill(generation)],
      success: [
        put(key, Buffer.from(String(generation + 1))),
        { request_delete_range: { ...leaders } },
      ],
    };
    const { succeeded } = await client.call((etcd, options) => etcd.kv.txn(request, options));
    // Not so: an answer to this was lost, or somebody else raised it. Either way it is higher than it was.
    return succeeded ? generation + 1 : (await readWith(client, swarm)).generation;
  });

const put = (key: Buffer, value: Buffer): IRequestOp => ({ request_put: { key, value } });

const isSame = (some: readonly Head[], others: readonly Head[]): boolean => {
  const text = (heads: readonly Head[]): string =>
    heads.map((head) => `${head.bucket} ${headValue(head).toString()}`).join("\n");
  return text(some) === text(others);
};

/** Of a copy: every bucket has a head, if an empty one. */
export const headsIn = ({ heads }: EtcdCopy, buckets: readonly number[]): readonly Head[] => {
  const known = new Map(heads.map((head) => [head.bucket, head]));
  return buckets.map((bucket) => known.get(bucket) ?? emptyHead(bucket));
};
