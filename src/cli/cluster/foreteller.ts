/**
 * Tells agents of a need that is held here, over the bus: each hears it where it hears its notices, in this
 * process, at a gateway or on a machine of its own.
 *
 * F2  Who is told is who could bid: who would be called by the newest registry that the own hosts have. It
 *     outlives the cut, and may be older than what the need's bucket will pin; the call for bids counts.
 * F6  At most TOLD_MAX are told of one need. Which of more follows from the need's id, so that nobody is
 *     told more often than others.
 */

import { digestOf } from "#envelope/cid.ts";
import type { CouldBid } from "#actors/queries.ts";
import type { Foreteller } from "#gateway/swarm.ts";
import type { Bus } from "#ports/bus.ts";
import { FORETOLD, type Notice } from "#protocol/notices.ts";
import type { Did, NeedId } from "#protocol/words.ts";
import { noticesOut } from "#runtime/bus/outward.ts";

/** Agents that are told of one need: 4 MiB where it is as large as a need can be. */
export const TOLD_MAX = 64;

export interface ForetellerOptions {
  /** What is published while it is broken is held, and would be told when it is of no use any more. */
  readonly bus: Pick<Bus, "publish"> & { readonly isConnected: boolean };
  /** The consensus store does not answer. */
  readonly isCutOff: () => boolean;
  /** A CouldBid of each host that answers. */
  readonly couldBid: (capability: string, requester: Did) => Promise<readonly unknown[]>;
}

export const foretellerOf = ({ bus, isCutOff, couldBid }: ForetellerOptions): Foreteller => ({
  isCutOff: () => isCutOff() && bus.isConnected,
  tell: async ({ need, requester, body }) => {
    const known = (await couldBid(body.capability, requester)) as readonly CouldBid[];
    const notice: Notice = { kind: "foretell", need, ...FORETOLD, requester, body };
    const told = some(newestOf(known), need).map((to) => ({ to, notice }));
    for (const { subject, bytes } of noticesOut(told)) bus.publish(subject, bytes);
  },
});

/** Hosts hear of a new registry one after another. */
const newestOf = (known: readonly CouldBid[]): readonly Did[] =>
  known.toSorted((one, other) => other.revision - one.revision)[0]?.workers ?? [];

/** F6. */
const some = (workers: readonly Did[], need: NeedId): readonly Did[] => {
  if (workers.length <= TOLD_MAX) return workers;
  const { buffer, byteOffset } = digestOf(need);
  const from = new DataView(buffer, byteOffset).getUint32(0) % workers.length;
  return [...workers.slice(from), ...workers.slice(0, from)].slice(0, TOLD_MAX);
};
