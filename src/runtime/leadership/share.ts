/**
 * Who should lead a bucket: highest random weight (Thaler, Ravishankar 1998). Every supervisor computes
 * the same order from the same members, and a member that comes or goes moves only its own share. An
 * operator's word puts one member before all others, for as long as it is there.
 */

import { sha256 } from "#envelope/cid.ts";

const text = new TextEncoder();

const weightOf = (member: string, bucket: number): number => {
  const digest = sha256(text.encode(`canswarm/v1/share\0${bucket}\0${member}`));
  return new DataView(digest.buffer, digest.byteOffset, digest.byteLength).getUint32(0);
};

/** By bucket, who should lead it though its weight says another: `canswarm cluster move`. */
export type Pins = ReadonlyMap<number, string>;

/** Members in the order in which they should lead the bucket. */
export const rankOf = (
  members: readonly string[],
  bucket: number,
  pins?: Pins,
): readonly string[] => {
  const pinned = pins?.get(bucket);
  return members
    .map((member) => ({ member, weight: member === pinned ? Infinity : weightOf(member, bucket) }))
    .sort((a, b) => b.weight - a.weight || (a.member < b.member ? -1 : 1))
    .map(({ member }) => member);
};
