import { expect, test } from "vitest";
import { AgentClient } from "#agent/client.ts";
import { Pace } from "#agent/pace.ts";
import { Requester, type Ended } from "#agent/requester.ts";
import { decodeSigned } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import type { LinkEvents } from "#ports/swarm-link.ts";
import type { RefusalCode } from "#protocol/refusals.ts";

/** A requester whose every NEED is answered, before any signature counts, with one transport error. */
const refusedBy = (code: RefusalCode) => {
  let events: LinkEvents | undefined;
  const ended: Ended[] = [];
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
    () => 0,
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
  return { requester, ended };
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
  expect(requester.openNeeds().length).toBeGreaterThan(0);
});

test("a need that the operator's pause refuses is sent again until it is taken", async () => {
  let events: LinkEvents | undefined;
  let sent = 0;
  const isTaken = (): boolean => sent > 20;
  const client = new AgentClient({
    signer: signerFromSeed(new Uint8Array(32).fill(9)),
    swarm: "toy.0123456789abcdef",
    policy: "",
    link: {
      attach: (_agent, heard) => void (events = heard),
      detach: () => {},
      send: (_thread, wire) => {
        sent += 1;
        const { id: envelope } = decodeSigned(wire);
        queueMicrotask(() =>
          events?.receipt(
            isTaken()
              ? { kind: "ack", envelope, bucket: 1, seq: 1, head: "" }
              : { kind: "nack", envelope, code: "PAUSED" },
          ),
        );
      },
    },
    clock: {
      wallMs: () => 0,
      monotonicMs: () => 0,
      after: (_ms, task) => {
        const timer = setImmediate(task);
        return () => clearImmediate(timer);
      },
    },
    soon: (task) => queueMicrotask(task),
    onNotice: () => {},
  });
  const ended: Ended[] = [];
  let resolve = (): void => {};
  const received = new Promise<void>((done) => (resolve = done));
  const requester = new Requester(
    client,
    { posted: () => {}, receipt: () => resolve(), ended: (one) => ended.push(one) },
    () => 0,
    new Pace(60_000),
  );
  const body = { key: "t", capability: "echo", input: { value: 1 }, deadlineMs: 1_000 };
  requester.post(client.prepare("NEED", undefined, [{ ...body, bounty: 1n, verifyBounty: 0n }]));
  await received;
  expect(isTaken()).toBe(true);
  expect(ended).toEqual([]);
  expect(requester.openNeeds()).toHaveLength(1);
});
