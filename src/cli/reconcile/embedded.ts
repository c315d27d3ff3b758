/** The reconciler of a supervisor that has no others: needs, holds, leases and the registry are compared. */

import type { Clock } from "#ports/clock.ts";
import type { Store } from "#ports/store.ts";
import type { BucketHead } from "#runtime/threads/protocol.ts";
import { look, type Sight } from "./look.ts";
import { Reconciler } from "./reconciler.ts";

/** From the end of one run to the next, ms. */
export const RECONCILE_MS = 60_000;
const NAME = "this supervisor";

export interface EmbeddedSight extends Pick<Sight, "query"> {
  readonly clock: Clock;
  readonly store: Pick<Store, "head">;
  readonly buckets: readonly number[];
  /** Of all hosts. */
  readonly built: () => Promise<readonly BucketHead[]>;
}

/** One store keeps every record, and its heads with them: nothing has a copy that could be missing. */
const copies = async () => ({ isOnDisk: true, isOnStream: true });

export const embeddedReconciler = (
  { clock, store, buckets, built, query }: EmbeddedSight,
  { periodMs, tell }: { readonly periodMs: number; readonly tell: (text: string) => void },
): Reconciler => {
  const heads: Sight["heads"] = (some) => Promise.all(some.map((bucket) => store.head(bucket)));
  const sight: Sight = {
    name: NAME,
    led: () => buckets,
    query,
    built,
    leaders: async () =>
      (await heads(buckets)).map(({ bucket, epoch }) => ({ bucket, holder: NAME, epoch })),
    heads,
    copies,
  };
  return new Reconciler({
    clock,
    periodMs,
    look: () => look(sight),
    mend: async () => undefined,
    restockBlocks: async () => 0,
    fill: async () => ({ missing: [], dropped: 0 }),
    tell,
  });
};
