/** A gateway's needs before a swarm that says nothing until it is asked to, and time that only tests move. */

import { decodeSigned } from "#envelope/envelope.ts";
import { Needs } from "#gateway/needs.ts";
import type { GatewaySwarm } from "#gateway/swarm.ts";
import type { LinkEvents } from "#ports/swarm-link.ts";
import type { RefusalCode } from "#protocol/refusals.ts";
import { NEED } from "./answered-client.ts";
import { POLICY, signerOf, SWARM } from "./gateway.ts";
import { ManualClock, settled } from "./manual-clock.ts";

export const silentSwarm = (more: Partial<GatewaySwarm> = {}) => {
  let events: LinkEvents | undefined;
  const clock = new ManualClock();
  /** Ids of what was said and has no answer, every copy. */
  const sent: string[] = [];
  const swarm = {
    swarm: SWARM,
    policy: POLICY,
    clock,
    link: () => ({
      attach: (_did: string, heard: LinkEvents) => void (events = heard),
      detach: () => undefined,
      send: (_thread: string, wire: Uint8Array) => void sent.push(decodeSigned(wire).id),
    }),
    query: async () => undefined,
    ...more,
  };
  const needs = new Needs(swarm as unknown as GatewaySwarm);
  const post = () => needs.post("a", async () => signerOf("a"), NEED);
  /** To every copy that was sent. */
  const refuse = async (code: RefusalCode): Promise<void> => {
    for (const envelope of sent.splice(0)) events?.receipt({ kind: "nack", envelope, code });
    await settled();
  };
  const take = async (): Promise<void> => {
    for (const envelope of new Set(sent.splice(0)))
      events?.receipt({ kind: "ack", envelope, bucket: 1, seq: 1, head: "" });
    await settled();
  };
  return { needs, post, clock, refuse, take, sent };
};
