/** A need that was told as pending is asked on: it is taken in the end, or gives its room back. */

import { expect, it } from "vitest";
import { decodeSigned } from "#envelope/envelope.ts";
import { ASK_ENDS_MS, RECEIPT_MS_MAX } from "#gateway/limits.ts";
import { Needs } from "#gateway/needs.ts";
import type { GatewaySwarm } from "#gateway/swarm.ts";
import type { LinkEvents } from "#ports/swarm-link.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { RefusalCode } from "#protocol/refusals.ts";
import { NEED } from "../support/answered-client.ts";
import { POLICY, signerOf, SWARM } from "../support/gateway.ts";
import { ManualClock, settled } from "../support/manual-clock.ts";

/** A swarm that says nothing until it is asked to, and time that only tests move. */
const silent = () => {
  let events: LinkEvents | undefined;
  const clock = new ManualClock();
  const sent: string[] = [];
  let status = (): unknown => undefined;
  const swarm = {
    swarm: SWARM,
    policy: POLICY,
    clock,
    link: () => ({
      attach: (_did: string, heard: LinkEvents) => void (events = heard),
      detach: () => undefined,
      send: (_thread: string, wire: Uint8Array) => void sent.push(decodeSigned(wire).id),
    }),
    query: async () => status(),
  };
  /** To every copy that was sent. */
  const refuse = async (code: RefusalCode): Promise<void> => {
    for (const envelope of sent.splice(0)) events?.receipt({ kind: "nack", envelope, code });
    await settled();
  };
  const take = async (): Promise<void> => {
    const [envelope = ""] = sent.splice(0);
    const ack: Receipt = { kind: "ack", envelope, bucket: 1, seq: 1, head: "" };
    events?.receipt(ack);
    await settled();
  };
  const needs = new Needs(swarm as unknown as GatewaySwarm);
  const pending = async (): Promise<void> => {
    const posted = needs.post("a", async () => signerOf("a"), NEED);
    await clock.pass(RECEIPT_MS_MAX);
    expect(await posted).toMatchObject({ kind: "pending" });
  };
  const says = (what: () => unknown): void => void (status = what);
  return { needs, pending, clock, refuse, take, sent, says };
};

it("is asked on after a crowd, and counts as accepted once it is taken", async () => {
  const { needs, pending, clock, refuse, take, sent } = silent();
  await pending();
  await refuse("MAILBOX_FULL");
  expect(needs.openCount).toBe(1);
  await refuse("MAILBOX_FULL");
  await clock.pass(1_000);
  expect(sent.length).toBeGreaterThan(0);
  await take();
  expect(needs.counts).toMatchObject({ accepted: 1, refused: 0 });
  expect(needs.openCount).toBe(1);
  await needs.close();
});

it("gives its room back when it is refused for good", async () => {
  const { needs, pending, refuse } = silent();
  await pending();
  await refuse("INSUFFICIENT_FUNDS");
  expect(needs.counts).toMatchObject({ accepted: 0, refused: 1 });
  expect(needs.openCount).toBe(0);
  await needs.close();
});

it("is asked for its end again where nobody could say, however long that was so", async () => {
  const { needs, pending, clock, take, says } = silent();
  says(() => {
    throw new Error("nobody answers");
  });
  await pending();
  await take();
  await clock.pass(5 * ASK_ENDS_MS);
  expect([needs.openCount, needs.counts.ended]).toEqual([1, 0]);
  says(() => ({ ended: { outcome: "finalized", attempts: 1 } }));
  await clock.pass(2 * ASK_ENDS_MS);
  expect([needs.openCount, needs.counts.ended]).toEqual([0, 1]);
  await needs.close();
});
