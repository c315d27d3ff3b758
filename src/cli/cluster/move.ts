/** Buckets to the supervisor that the operator wants, by a pin in etcd that every supervisor heeds. */

import { BUCKETS, SYSTEM_BUCKET } from "#envelope/cid.ts";
import { swarmIdOf } from "#envelope/swarm.ts";
import { decodeGenesis } from "#domain/genesis/codec.ts";
import { EtcdConsensus } from "#adapters/etcd/consensus.ts";
import { readGenesis } from "#adapters/etcd/shared-genesis.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { CliError } from "../errors.ts";
import type { ClusterPlaces } from "./settings.ts";

/** 257 buckets go sixteen at a time, two seconds after they are due, ms. */
export const MOVE_MS_MAX = 90_000;
const LOOK_MS = 200;

export interface Moving {
  readonly buckets: readonly number[];
  /** Undefined: to whoever leads them by weight. */
  readonly to: string | undefined;
}

/** `3`, `10-20`, `system`, `all`. Undefined: none of these. */
export const bucketsIn = (words: readonly string[]): readonly number[] | undefined => {
  const found = new Set<number>();
  for (const word of words) {
    const range = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(
      word === "system" ? String(SYSTEM_BUCKET) : word,
    );
    const [from, to] =
      word === "all" ? [0, BUCKETS] : [Number(range?.[1]), Number(range?.[2] ?? range?.[1])];
    if (!(from <= to && to <= BUCKETS)) return undefined;
    for (let bucket = from; bucket <= to; bucket += 1) found.add(bucket);
  }
  return [...found].sort((a, b) => a - b);
};

/**
 * Resolves when all of them are led where they should be; one that goes back to its weight is not waited
 * for. Refuses with SUPERVISOR_MISSING, CLUSTER_UNFOUNDED, CLUSTER_UNMOVED.
 */
export const moveBuckets = async (
  places: ClusterPlaces,
  { buckets, to }: Moving,
): Promise<void> => {
  const { name: cluster, etcd } = places;
  const genesis = await readGenesis(etcd, cluster);
  if (genesis === undefined) throw new CliError("CLUSTER_UNFOUNDED", { cluster });
  const swarm = swarmIdOf(decodeGenesis(genesis).name, genesis);
  const consensus = new EtcdConsensus({ ...etcd, swarm });
  try {
    const members = (await consensus.members()).map(({ name }) => name);
    if (to !== undefined && !members.includes(to))
      throw new CliError("SUPERVISOR_MISSING", { name: to, names: members.join(", ") });
    await consensus.pin(buckets, to);
    if (to !== undefined) await moved(consensus, buckets, to);
  } finally {
    await consensus.close();
  }
};

const moved = async (
  consensus: EtcdConsensus,
  buckets: readonly number[],
  to: string,
): Promise<void> => {
  const clock = systemClock();
  const endMs = clock.monotonicMs() + MOVE_MS_MAX;
  for (;;) {
    const holders = new Map(
      (await consensus.leaders()).map(({ bucket, holder }) => [bucket, holder]),
    );
    const count = buckets.filter((bucket) => holders.get(bucket) !== to).length;
    if (count === 0) return;
    if (clock.monotonicMs() > endMs)
      throw new CliError("CLUSTER_UNMOVED", { count, name: to, seconds: MOVE_MS_MAX / 1_000 });
    await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
  }
};
