/**
 * Blocks of a supervisor in a cluster: on its own disk and on the servers that all machines read. What
 * came from there is kept here.
 */

import { codecOf } from "#envelope/cid.ts";
import type { Blocks } from "#ports/blocks.ts";

export const sharedBlocks = (own: Blocks, shared: Blocks): Blocks => ({
  put: async (bytes, codec) => {
    const [cid] = await Promise.all([own.put(bytes, codec), shared.put(bytes, codec)]);
    return cid;
  },
  get: async (cid) => {
    const here = await own.get(cid);
    if (here !== undefined) return here;
    const there = await shared.get(cid);
    if (there !== undefined) await own.put(there, codecOf(cid));
    return there;
  },
  has: async (cid) => (await own.has(cid)) || shared.has(cid),
});
