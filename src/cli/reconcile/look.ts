/** One look of a supervisor at all that must agree: what domain/reconcile compares. */

import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { HeldAsked, OpenFact } from "#actors/reconciling.ts";
import type { HeldFact, HeldNeed, LedLog, OpenNeed, View } from "#domain/reconcile/view.ts";
import type { LeaderRow } from "#ports/consensus.ts";
import type { Head } from "#ports/store.ts";
import type { Copies } from "#runtime/commit/cluster-store.ts";
import type { BucketHead } from "#runtime/threads/protocol.ts";

/** Buckets that are looked at side by side: a look is no load beside the work. */
const BUCKETS_AT_A_TIME = 8;

export interface Sight {
  readonly name: string;
  /** Buckets that are led here. */
  readonly led: () => readonly number[];
  /** Of the bucket's leader, whoever that is. */
  readonly query: <T>(bucket: number, name: string, about: unknown) => Promise<T | undefined>;
  /** Of the hosts of this supervisor. */
  readonly built: () => Promise<readonly BucketHead[]>;
  readonly leaders: () => Promise<readonly LeaderRow[]>;
  readonly heads: (buckets: readonly number[]) => Promise<readonly Head[]>;
  readonly copies: (head: Head) => Promise<Copies>;
}

const inTurn = async <T, R>(
  all: readonly T[],
  one: (item: T) => Promise<readonly R[]>,
): Promise<readonly R[]> => {
  const results: R[] = [];
  for (let at = 0; at < all.length; at += BUCKETS_AT_A_TIME)
    results.push(...(await Promise.all(all.slice(at, at + BUCKETS_AT_A_TIME).map(one))).flat());
  return results;
};

/** Rejects where somebody who must be asked does not answer in time. */
export const look = async (sight: Sight): Promise<View> => {
  const led = sight.led();
  // One that is halted, or is loaded still, would let the question wait for its time.
  const live = new Set(
    (await sight.built()).flatMap(({ status, bucket }) => (status === "live" ? [bucket] : [])),
  );
  const asked = led.filter((bucket) => live.has(bucket));
  return {
    name: sight.name,
    needs: await inTurn(asked, (bucket) => needsOf(sight, bucket)),
    holds: asked.includes(SYSTEM_BUCKET) ? await holdsOf(sight) : [],
    logs: await logsOf(sight, led),
  };
};

const needsOf = async ({ query }: Sight, bucket: number): Promise<readonly OpenNeed[]> => {
  const open = (await query<readonly OpenFact[]>(bucket, "open-needs", bucket)) ?? [];
  if (open.length === 0) return [];
  const asked = open.map(({ need, leases }): HeldAsked => [need, leases]);
  const facts = await query<readonly HeldFact[]>(SYSTEM_BUCKET, "held-for", asked);
  return open.flatMap((fact, at) => {
    const held = facts?.[at];
    return held === undefined ? [] : [{ ...fact, bucket, held }];
  });
};

const holdsOf = async ({ query }: Sight): Promise<readonly HeldNeed[]> => {
  type ByBucket = readonly (readonly [number, readonly string[]])[];
  const held = (await query<ByBucket>(SYSTEM_BUCKET, "held-needs", undefined)) ?? [];
  return inTurn(held, async ([bucket, needs]) => {
    const open = await query<readonly boolean[]>(bucket, "are-open", [bucket, needs]);
    return needs.flatMap((need, at) => {
      const isOpen = open?.[at];
      return isOpen === undefined ? [] : [{ need, bucket, isOpen }];
    });
  });
};

/** Heads are read before what is built on them, so that a leader is never behind its own commit. */
const logsOf = async (sight: Sight, led: readonly number[]): Promise<readonly LedLog[]> => {
  const leaders = new Map((await sight.leaders()).map(({ bucket, holder }) => [bucket, holder]));
  const heads = await sight.heads(led);
  const built = new Map((await sight.built()).map((head) => [head.bucket, head]));
  // What has been let go meanwhile is another's to look at.
  const still = new Set(sight.led());
  const own = heads.filter(({ bucket }) => still.has(bucket));
  return inTurn(own, async (head) => {
    const { bucket, records } = head;
    const host = built.get(bucket);
    const isHalted = host?.status === "halted";
    return [
      {
        bucket,
        leader: leaders.get(bucket),
        records,
        built: host?.status === "live" ? host.records : undefined,
        isHalted,
        ...(await sight.copies(head)),
      },
    ];
  });
};
