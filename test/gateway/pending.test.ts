/** A need that was told as pending is asked on: it is taken in the end, or gives its room back. */

import { expect, it } from "vitest";
import { decodeSigned } from "#envelope/envelope.ts";
import { RECEIPT_MS_MAX } from "#gateway/limits.ts";
import { Needs } from "#gateway/needs.ts";
import type { GatewaySwarm } from "#gateway/swarm.ts";
import type { LinkEvents } from "#ports/swarm-link.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { RefusalCode } from "#protocol/refusals.ts";
import { POLICY, signerOf, SWARM } from "../support/gateway.ts";

const body = {
  key: "n",
  capability: "echo",
  input: { value: 1 },
  bounty: 1n,
  verifyBounty: 0n,
  deadlineMs: 60_000,
};

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A swarm that says nothing until it is asked to, and time that only tests move. */
const silent = () => {
  let events: LinkEvents | undefined;
  let nowMs = 0;
  let due: { readonly atMs: number; readonly wake: () => void }[] = [];
  const sent: string[] = [];
  const swarm = {
    swarm: SWARM,
    policy: POLICY,
    clock: {
      wallMs: () => nowMs,
      monotonicMs: () => nowMs,
      after: (delayMs: number, wake: () => void) => {
        const timer = { atMs: nowMs + delayMs, wake };
        due.push(timer);
        return () => void (due = due.filter((other) => other !== timer));
      },
    },
    link: () => ({
      attach: (_did: string, heard: LinkEvents) => void (events = heard),
      detach: () => undefined,
      send: (_thread: string, wire: Uint8Array) => void sent.push(decodeSigned(wire).id),
    }),
    query: async () => undefined,
  };
  const pass = async (ms: number): Promise<void> => {
    for (const untilMs = nowMs + ms; nowMs < untilMs;) {
      await settled();
      nowMs = Math.min(untilMs, ...due.map(({ atMs }) => atMs));
      const ready = due.filter(({ atMs }) => atMs <= nowMs);
      due = due.filter(({ atMs }) => atMs > nowMs);
      for (const { wake } of ready) wake();
    }
    await settled();
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
    const posted = needs.post("a", async () => signerOf("a"), body);
    await pass(RECEIPT_MS_MAX);
    expect(await posted).toMatchObject({ kind: "pending" });
  };
  return { needs, pending, pass, refuse, take, sent };
};

it("is asked on after a crowd, and counts as accepted once it is taken", async () => {
  const { needs, pending, pass, refuse, take, sent } = silent();
  await pending();
  await refuse("MAILBOX_FULL");
  expect(needs.openCount).toBe(1);
  await refuse("MAILBOX_FULL");
  await pass(1_000);
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
