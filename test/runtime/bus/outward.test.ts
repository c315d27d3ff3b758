import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, encode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { publicKeyOf } from "#envelope/did.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { bestSuite } from "#envelope/signature/suite.ts";
import { verifySigned } from "#envelope/signed.ts";
import { agentSubject, MESSAGE_BYTES_MAX, peerSubject } from "#ports/bus.ts";
import { decodeToAgent } from "#ports/bus-messages.ts";
import { readPeerMessages, TOGETHER_MAX } from "#runtime/bus/messages.ts";
import { messagesOut, noticesOut, receiptsOut, TOGETHER_BYTES_MAX } from "#runtime/bus/outward.ts";

const AGENTS = ["did:key:a", "did:key:b", "did:key:c"];

/** What each agent is told, and in how many messages. */
const told = (notices: readonly { to: string; notice: object }[]) => {
  const heard = new Map<string, unknown[]>();
  const messages = new Map<string, number>();
  for (const { subject, bytes } of noticesOut(notices)) {
    expect(bytes.length).toBeLessThan(MESSAGE_BYTES_MAX);
    const message = decodeToAgent(bytes);
    if (message.type !== "notices") throw new Error("no notices");
    expect(message.items.length).toBeLessThanOrEqual(TOGETHER_MAX);
    heard.set(subject, [...(heard.get(subject) ?? []), ...message.items.map((one) => decode(one))]);
    messages.set(subject, (messages.get(subject) ?? 0) + 1);
  }
  return { heard, messages };
};

describe("what leaves over the bus", () => {
  it("goes to each agent whole, in order and together", () => {
    const one = fc.record({
      to: fc.constantFrom(...AGENTS),
      notice: fc.record({ number: fc.nat(), text: fc.string() }),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 100 }), (notices) => {
        const { heard, messages } = told(notices);
        for (const agent of AGENTS) {
          const own = notices.filter(({ to }) => to === agent).map(({ notice }) => notice);
          expect(heard.get(agentSubject(agent)) ?? []).toEqual(own);
          expect(messages.get(agentSubject(agent)) ?? 0).toBe(own.length === 0 ? 0 : 1);
        }
      }),
    );
  });

  it("goes as several messages where one would be too long", () => {
    const notices = (count: number, bytes: number) =>
      Array.from({ length: count }, (_, number) => ({
        to: "did:key:a",
        notice: { number, data: new Uint8Array(bytes) },
      }));
    const subject = agentSubject("did:key:a");
    const many = told(notices(TOGETHER_MAX + 1, 1));
    expect(many.messages.get(subject)).toBe(2);
    expect(many.heard.get(subject)).toHaveLength(TOGETHER_MAX + 1);
    const large = told(notices(5, TOGETHER_BYTES_MAX / 2 - 100));
    expect(large.messages.get(subject)).toBe(3);
    expect(large.heard.get(subject)?.map((one) => (one as { number: number }).number)).toEqual([
      0, 1, 2, 3, 4,
    ]);
    expect(told(notices(2, TOGETHER_BYTES_MAX)).messages.get(subject)).toBe(2);
  });

  it("tells each agent its own receipts, each with what proves it alone", () => {
    const signer = signerFromSeed(new Uint8Array(32).fill(5));
    const receipts = ["did:key:a", "did:key:b", "did:key:a"].map((to, seq) => ({
      to,
      bytes: encode({ kind: "ack", seq }),
    }));
    const key = publicKeyOf(signer.did) ?? new Uint8Array(0);
    const heard = receiptsOut(receipts, signer).flatMap(({ subject, bytes: said }) => {
      const message = decodeToAgent(said);
      if (message.type !== "receipts") throw new Error("no receipts");
      return message.items.map(({ bytes, proof }) => {
        expect(verifySigned({ id: cidOf(bytes), bytes, ...proof }, key, bestSuite())).toBe(true);
        return { subject, bytes };
      });
    });
    const [first, second, third] = receipts.map(({ bytes }) => bytes);
    expect(heard).toEqual([
      { subject: agentSubject("did:key:a"), bytes: first },
      { subject: agentSubject("did:key:a"), bytes: third },
      { subject: agentSubject("did:key:b"), bytes: second },
    ]);
  });

  it("carries what buckets say to each other", () => {
    const message = { from: 3, number: 1, role: "ask", floor: 0, payload: { pay: 7n } } as const;
    const messages = [256, 4, 256].map((to, number) => ({ ...message, to, number }));
    const out = messagesOut(messages);
    expect(out.map(({ subject }) => subject)).toEqual([peerSubject(256), peerSubject(4)]);
    expect(out.map(({ bytes }) => readPeerMessages(bytes))).toMatchObject([
      [{ number: 0 }, { number: 2 }],
      [{ to: 4, number: 1 }],
    ]);
  });
});
