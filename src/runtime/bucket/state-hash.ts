/** The canonical form of states, from which `stateHash` is made (protocol section 16). */

import { encode } from "#envelope/canonical.ts";
import type { BucketState } from "./state.ts";

/** What `stateHash` hashes: DAG-CBOR of the sorted (bucket, actor, canonical state) of all buckets. */
export const canonicalBytes = (buckets: Iterable<BucketState>): Uint8Array => {
  const rows: unknown[] = [];
  for (const state of [...buckets].sort((a, b) => a.bucket - b.bucket))
    for (const [actor, digest] of state.canonical()) rows.push([state.bucket, actor, digest]);
  return encode(rows);
};
