import { expect, test } from "vitest";
import { AgentClient } from "#agent/client.ts";
import { Pace } from "#agent/pace.ts";
import { RENEWALS_MAX, Requester, type Ended } from "#agent/requester.ts";
import { decodeSigned } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import type { LinkEvents } from "#ports/swarm-link.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { RefusalCode } from "#protocol/refusals.ts";
import { answeredClient, NEED } from "../support/answered-client.ts";

/** A requester whose every NEED is answered, before any signature counts, with one transport error. */
const refusedBy = (code: RefusalCode) => {
  let events: LinkEvents | undefined;
  const ended: Ended[] = [];
  let nowMs = 0;
  const clock = { wallMs: () => 0, monotonicMs: () => 0, after: () => () => {} };
  const client = new AgentClient({
    signer: signerFromSeed(new Uint8Array(32).fill(9)),
    swarm: "toy.0123456789abcdef",
    policy: "",
    link: {
      attach: (_agent, heard) => void (events = heard),
      detach: () => {},
      send: (_thread, wire) => events?.rejected?.(decodeSigned(wire).id, code, "as told"),
    },
    clock,
    soon: (task) => queueMicrotask(task),
    onNotice: () => {},
  });
  const requester = new Requester(
    client,
    { posted: () => {}, receipt: () => {}, ended: (one) => ended.push(one) },
    () => nowMs,
    new Pace(60_000),
  );
  const bodies = Array.from({ length: 40 }, (_, n) => ({
    key: `t${n}`,
    capability: "echo",
    input: { value: n },
    bounty: 1n,
    verifyBounty: 0n,
    deadlineMs: 1_000,
  }));
  requester.post(client.prepare("NEED", undefined, bodies));
  return { requester, ended, pass: (ms: number): void => void (nowMs += ms) };
};

test.each(["MALFORMED", "TOO_LARGE", "SIGNATURE_INVALID", "WRONG_SWARM"] as const)(
  "needs that are refused with %s end as refused, all of them",
  async (code) => {
    const { requester, ended } = refusedBy(code);
    await requester.done();
    expect(ended).toHaveLength(40);
    for (const one of ended)
      expect(one).toMatchObject({ outcome: "refused", refused: { code, detail: "as told" } });
  },
);

test("a need that finds no room stays open", async () => {
  const { requester, ended } = refusedBy("MAILBOX_FULL");
  await new Promise((resolve) => setImmediate(resolve));
  expect(ended).toEqual([]);
  expect(requester.openNeeds(0).length).toBeGreaterThan(0);
});

test("a need is late once it was posted so long ago, and not before", () => {
  const { requester, pass } = refusedBy("MAILBOX_FULL");
  expect(requester.openNeeds(5_000)).toEqual([]);
  pass(4_999);
  expect(requester.openNeeds(5_000)).toEqual([]);
  pass(1);
  expect(requester.openNeeds(5_000).length).toBeGreaterThan(0);
});

test.each(["PAUSED", "MAILBOX_FULL"] as const)(
  "a need that is refused with %s is sent again until it is taken",
  async (code) => {
    const { client, clock, sent } = answeredClient((_envelope, hear) =>
      hear(sent() > 20 ? undefined : code),
    );
    const ended: Ended[] = [];
    let receipts = 0;
    const requester = new Requester(
      client,
      { posted: () => {}, receipt: () => void (receipts += 1), ended: (one) => ended.push(one) },
      () => clock.monotonicMs(),
      new Pace(60_000),
    );
    requester.post(client.prepare("NEED", undefined, [NEED]));
    await clock.pass(120_000);
    expect([sent(), receipts]).toEqual([21, 1]);
    expect(ended).toEqual([]);
    expect(requester.openNeeds(0)).toHaveLength(1);
  },
);

test("a need that is refused with what may never pass ends as refused, with that code", async () => {
  const { client, clock } = answeredClient((_envelope, hear) => hear("BUCKET_HALTED"));
  const ended: Ended[] = [];
  const requester = new Requester(
    client,
    { posted: () => {}, receipt: () => {}, ended: (one) => ended.push(one) },
    () => clock.monotonicMs(),
    new Pace(60_000),
  );
  requester.post(client.prepare("NEED", undefined, [NEED]));
  await clock.pass(10_000);
  expect(ended).toMatchObject([{ outcome: "refused", refused: { code: "BUCKET_HALTED" } }]);
});

/** Answers each NEED by how often its requester has sent one, and a requester that signs anew. */
const renewing = (answer: (nth: number, id: string, first: string) => Receipt) => {
  let events: LinkEvents | undefined;
  const sent: string[] = [];
  const ended: Ended[] = [];
  const moved: (readonly [string, string])[] = [];
  let nowMs = 0;
  const client = new AgentClient({
    signer: signerFromSeed(new Uint8Array(32).fill(9)),
    swarm: "toy.0123456789abcdef",
    policy: "",
    link: {
      attach: (_agent, heard) => void (events = heard),
      detach: () => {},
      send: (_thread, wire) => {
        const { id } = decodeSigned(wire);
        sent.push(id);
        events?.receipt(answer(sent.length, id, sent[0]!));
      },
    },
    clock: { wallMs: () => (nowMs += 1), monotonicMs: () => 0, after: () => () => {} },
    soon: (task) => queueMicrotask(task),
    onNotice: () => {},
  });
  const body = { key: "t", capability: "echo", input: { value: 1 }, bounty: 1n } as const;
  const signed = () =>
    client.prepare("NEED", undefined, [{ ...body, verifyBounty: 0n, deadlineMs: 1_000 }])[0]!;
  const requester = new Requester(
    client,
    {
      posted: () => {},
      receipt: () => {},
      ended: (one) => ended.push(one),
      renewed: signed,
      moved: (from, to) => moved.push([from, to]),
      isSame: () => true,
    },
    () => 0,
    new Pace(60_000),
  );
  requester.post([signed()]);
  return { requester, sent, ended, moved };
};

const nackOf = (envelope: string): Receipt => ({ kind: "nack", envelope, code: "EXPIRED" });
const ackOf = (envelope: string, first?: string): Receipt => ({
  kind: "ack",
  envelope,
  bucket: 0,
  seq: 1,
  head: "",
  ...(first === undefined ? {} : { first }),
});

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a need whose bytes have expired is signed anew and goes on under its new id", async () => {
  const { requester, sent, ended, moved } = renewing((nth, id) =>
    nth < 3 ? nackOf(id) : ackOf(id),
  );
  await settled();
  expect(sent).toHaveLength(3);
  expect(moved).toEqual([
    [sent[0], sent[1]],
    [sent[1], sent[2]],
  ]);
  expect(requester.openNeeds(0)).toEqual([sent[2]]);
  requester.learn({ need: sent[2]!, outcome: "finalized", attempts: 1 });
  await requester.done();
  expect(ended).toEqual([{ need: sent[2], outcome: "finalized", attempts: 1 }]);
});

test("what had been taken before it expired is found by its key", async () => {
  const { requester, sent } = renewing((nth, id, first) =>
    nth < 2 ? nackOf(id) : ackOf(id, first),
  );
  await settled();
  expect(requester.openNeeds(0)).toEqual([sent[0]]);
});

test("a clock that is wrong for good ends as a refusal, after so many times", async () => {
  const { requester, sent, ended } = renewing((_, id) => nackOf(id));
  await requester.done();
  expect(sent).toHaveLength(1 + RENEWALS_MAX);
  expect(ended).toMatchObject([{ outcome: "refused", refused: { code: "EXPIRED" } }]);
});
