/** Which of a write's decide keys stand in its way, once neither head nor leader does. Rare. */

import type { HeadWrite } from "#ports/consensus.ts";
import type { EtcdClient } from "./client.ts";
import type { Keys } from "./keys.ts";
import { REQUEST_OPERATIONS_MAX } from "./operations.ts";

/** Their values, as they were at `revision`; undefined: absent. */
export const decidesAt = async (
  client: EtcdClient,
  keys: Keys,
  { bucket, decides }: HeadWrite,
  revision: string,
): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>();
  for (let at = 0; at < decides.length; at += REQUEST_OPERATIONS_MAX) {
    const part = decides.slice(at, at + REQUEST_OPERATIONS_MAX);
    const success = part.map((key) => ({
      request_range: { key: keys.decide(bucket, key), revision },
    }));
    const { responses } = await client.call((etcd, options) => etcd.kv.txn({ success }, options));
    for (const [index, key] of part.entries()) {
      const row = responses[index]?.response_range.kvs[0];
      if (row !== undefined) found.set(key, row.value.toString());
    }
  }
  return found;
};

/** The first that exists or is named a second time, in the order of ports/commit-rules.ts. */
export const blockingKey = (
  { decides }: HeadWrite,
  exists: (key: string) => boolean,
): string | undefined => {
  const seen = new Set<string>();
  for (const key of decides) {
    if (seen.has(key) || exists(key)) return key;
    seen.add(key);
  }
  return undefined;
};
