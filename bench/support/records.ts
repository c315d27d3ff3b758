/** The records of a folder that no supervisor has open. */

import { openLogs } from "#cli/audit/folder-logs.ts";
import { recordsOf } from "#cli/swarm/log-report.ts";
import { BUCKETS } from "#envelope/cid.ts";

export interface Records {
  readonly genesisBytes: Uint8Array;
  readonly byBucket: ReadonlyMap<number, readonly Uint8Array[]>;
  readonly count: number;
  readonly bytes: number;
}

export const recordsIn = async (dir: string): Promise<Records> => {
  const logs = await openLogs(dir);
  const byBucket = new Map<number, Uint8Array[]>();
  for (let bucket = 0; bucket <= BUCKETS; bucket += 1)
    byBucket.set(bucket, await Array.fromAsync(recordsOf(logs.store, bucket)));
  await logs.close();
  const all = [...byBucket.values()].flat();
  return {
    genesisBytes: logs.folder.genesisBytes,
    byBucket,
    count: all.length,
    bytes: all.reduce((sum, { byteLength }) => sum + byteLength, 0),
  };
};
