/**
 * Live needs as bytes: what is held for one that nobody asks about for a while rests (resting-map.ts), and so
 * does its key. A hundred thousand needs that wait for a worker would be a million objects otherwise, which
 * every major collection walks.
 *
 * R1 (E1)  What comes out is what was packed, whatever is held for the need.
 */

import { decode, encode } from "#envelope/canonical.ts";
import type { RestingCodec } from "#envelope/resting-map.ts";
import type { Credits, Did, NeedId, Tier } from "#protocol/words.ts";
import type { AttemptHolds, BondHold, NeedHold, Posted, Spent } from "./state.ts";
import { widenCredits } from "./widen.ts";

/** A hold without the names of its fields. Lists of one or none: what may be absent. */
type Row = readonly [
  requester: Did,
  key: string,
  content: string,
  tier: Tier,
  sequence: number,
  bounty: Credits | number,
  rest: Credits | number,
  spent: readonly Spent[],
  attempt: number,
  sealed: boolean,
  bond: readonly BondHold[],
  exposures: AttemptHolds["exposures"],
  challenges: AttemptHolds["challenges"],
  waiting: AttemptHolds["waiting"],
  postings: Posted[],
];

/** What may be absent, as plain data has it. */
export const optional = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value]);

const rowOf = ({ need: _, open, ...hold }: NeedHold): Row => {
  const { requester, key, content, tier, sequence, bounty, rest, spent, postings, ...more } = hold;
  const { attempt, sealed, bond, exposures, challenges, waiting, ...moreOpen } = open;
  // A field that the row lacks would be lost at the first rest: it does not compile.
  ({ ...more, ...moreOpen }) satisfies Record<string, never>;
  return [
    requester,
    key,
    content,
    tier,
    sequence,
    bounty,
    rest,
    optional(spent),
    attempt,
    sealed,
    optional(bond),
    exposures,
    challenges,
    waiting,
    postings,
  ];
};

const holdOf = (row: Row, need: NeedId): NeedHold => {
  const [requester, key, content, tier, sequence, bounty, rest, [spent], ...holds] = row;
  const [attempt, sealed, [bond], exposures, challenges, waiting, postings] = holds;
  return {
    need,
    requester,
    key,
    content,
    tier,
    sequence,
    bounty: BigInt(bounty),
    rest: BigInt(rest),
    ...(spent === undefined ? {} : { spent }),
    open: { attempt, sealed, bond, exposures, challenges, waiting },
    postings,
  };
};

/** What is held, under its need. */
export const HOLDS: RestingCodec<NeedHold> = {
  pack: (hold) => encode(rowOf(hold)),
  unpack: (bytes, need) => holdOf(widenCredits(decode(bytes) as Row), need),
};

/** A need, under its requester and key. */
export const KEYS: RestingCodec<NeedId> = {
  pack: (need) => encode(need),
  unpack: (bytes) => decode(bytes) as NeedId,
};
