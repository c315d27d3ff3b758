/**
 * Who should lead a bucket: highest random weight (Thaler, Ravishankar 1998). Every supervisor computes
 * the same order from the same members, and a member that comes or goes moves only its own share. An
 * operator's word puts one member before all others, for as long as it is there.
 */

import { sha256 } from "#envelope/cid.ts";

const text = new TextEncoder();

/** How much weight a member has in the choice of who leads a bucket. */
export type Weigh = (member: string, bucket: number) => number;

const weightOf: Weigh = (member, bucket) => {
  const digest = sha256(text.encode(`canswarm/v1/share\0${bucket}\0${member}`));
  return new DataView(digest.buffer, digest.byteOffset, digest.byteLength).getUint32(0);
};

/** Members whose weights are kept. */
const KEPT_MAX = 64;

/** The same, each computed once: all are asked for twice a second. */
export const keptWeights = (): Weigh => {
  const kept = new Map<string, Map<number, number>>();
  return (member, bucket) => {
    let weights = kept.get(member);
    if (weights === undefined) {
      if (kept.size === KEPT_MAX) kept.clear();
      weights = new Map();
      kept.set(member, weights);
    }
    const known = weights.get(bucket);
    if (known !== undefined) return known;
    const weight = weightOf(member, bucket);
    weights.set(bucket, weight);
    return weight;
  };
};

/** By bucket, who should lead it though its weight says another: `canswarm cluster move`. */
export type Pins = ReadonlyMap<number, string>;

/** Members in the order in which they should lead the bucket. */
export const rankOf = (
  members: readonly string[],
  bucket: number,
  { pins, weigh = weightOf }: { readonly pins?: Pins | undefined; readonly weigh?: Weigh } = {},
): readonly string[] => {
  const pinned = pins?.get(bucket);
  return members
    .map((member) => ({ member, weight: member === pinned ? Infinity : weigh(member, bucket) }))
    .sort((a, b) => b.weight - a.weight || (a.member < b.member ? -1 : 1))
    .map(({ member }) => member);
};
