/** What an agent makes of a need that is foretold: it has its offer ready and says nothing. */

import { expect, test } from "vitest";
import { AgentClient } from "#agent/client.ts";
import { HiredAgent, type HiredEvent } from "#agent/hired-agent.ts";
import { FORETOLD_KEPT_MAX, FORETOLD_MS_MAX } from "#agent/offers.ts";
import type { BidAnswer, Call, CallOptions, CallResult, Runner } from "#agent/runner/runner.ts";
import { CALL_MS_MAX } from "#agent/work-time.ts";
import { decode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { decodeSigned } from "#envelope/envelope.ts";
import { FORETOLD, type Notice, type Receipt } from "#protocol/notices.ts";
import { signerOf } from "../support/gateway.ts";
import { ManualClock, settled } from "../support/manual-clock.ts";
import { ECHO_NEED as body } from "./echo-need.ts";

const needOf = (n: number): string => cidOf(new Uint8Array([n >> 8, n & 255]));
const about = (n: number) => ({ need: needOf(n), requester: signerOf("r").did, body });
const foretell = (n = 1): Notice => ({ kind: "foretell", ...FORETOLD, ...about(n) });
const REMAINING_MS = 5_000;
const bid = (n = 1, attempt = 1): Notice => ({
  kind: "bid",
  ...about(n),
  attempt,
  nonce: 0,
  mode: "open",
  remainingMs: REMAINING_MS,
});

interface Said {
  readonly verb: string;
  readonly body: { readonly bid: unknown };
}
type Result = CallResult<BidAnswer>;
interface Asked {
  readonly call: Call;
  readonly options: CallOptions;
  readonly answer: (result: Result) => Promise<void>;
}

/** Its program is asked and answers when the test says so. */
const hired = (asksBid = true) => {
  const said: Said[] = [];
  const asked: Asked[] = [];
  const events: HiredEvent[] = [];
  const clock = new ManualClock();
  let answered: ((receipt: Receipt) => void) | undefined;
  const call = (one: Call, options: CallOptions): Promise<Result> =>
    new Promise((resolve) => {
      const answer = (result: Result): Promise<void> => {
        resolve(result);
        return settled();
      };
      asked.push({ call: one, options, answer });
    });
  const client = new AgentClient({
    signer: signerOf("w"),
    swarm: "toy.0123456789abcdef",
    policy: "",
    link: {
      attach: (_agent, { receipt }) => void (answered = receipt),
      detach: () => {},
      send: (_thread, wire) => {
        const { id: envelope, bytes } = decodeSigned(wire);
        said.push(decode(bytes) as Said);
        answered?.({ kind: "ack", envelope, bucket: 1, seq: 1, head: "" });
      },
    },
    clock: { wallMs: () => 0, monotonicMs: () => 0, after: () => () => {} },
    soon: (task) => queueMicrotask(task),
    onNotice: () => {},
  });
  const none = (): never => {
    throw new Error("there are no blocks here");
  };
  const agent = new HiredAgent({
    client,
    runner: { call } as unknown as Runner,
    blocks: { get: none, put: none, has: none },
    clock,
    policy: "",
    price: 1n,
    etaMs: 1_000,
    secret: new Uint8Array(32),
    asks: { bid: asksBid, plan: false },
    onEvent: (event) => events.push(event),
  });
  const hear = async (notice: Notice): Promise<void> => {
    agent.hear(notice);
    await settled();
  };
  const bids = (): readonly unknown[] => said.map((one) => one.body.bid);
  return { hear, asked, said, bids, clock, events };
};

const offer = (price: string): Result => ({ kind: "ok", value: { price, etaMs: 2_000 } });
const OPEN = { open: { price: 1_500_000, etaMs: 2_000, patch: [] } };
const PASS: Result = { kind: "ok", value: { pass: true } };
const FAILED: Result = { kind: "failed", code: "EXIT", detail: "it ended" };

test("the program is asked once, and its offer is said when bids are called for, not before", async () => {
  const { hear, asked, said, bids } = hired();
  await hear(foretell());
  expect(asked.map((one) => one.call)).toMatchObject([
    { kind: "bid", need: { id: needOf(1), attempt: 1, bounty: "2" }, input: 1 },
  ]);
  expect(asked[0]?.options.timeoutMs).toBe(CALL_MS_MAX);
  await asked[0]?.answer(offer("1.5"));
  expect(said).toEqual([]);
  await hear(foretell()); // another supervisor
  await hear(bid());
  expect([asked.length, bids()]).toEqual([1, [OPEN]]);
  expect(said[0]?.verb).toBe("PROPOSE");
});

test("a program in the middle of it is waited for, and not asked twice", async () => {
  const { hear, asked, bids } = hired();
  await hear(foretell());
  await hear(bid());
  expect([asked.length, bids()]).toEqual([1, []]);
  await asked[0]?.answer(offer("1.5"));
  expect([asked.length, bids()]).toEqual([1, [OPEN]]);
});

test("it is waited for no longer than bids are taken: then the agent passes", async () => {
  const { hear, asked, bids, clock } = hired();
  await hear(foretell());
  await hear(bid());
  await clock.pass(REMAINING_MS - 1);
  expect(bids()).toEqual([]);
  await clock.pass(1);
  expect(bids()).toEqual([{ pass: true }]);
  await asked[0]?.answer(offer("1.5"));
  expect([asked.length, bids().length]).toEqual([1, 1]);
});

test("a pass is kept like an offer", async () => {
  const { hear, asked, bids } = hired();
  await hear(foretell());
  await asked[0]?.answer(PASS);
  await hear(bid());
  expect([asked.length, bids()]).toEqual([1, [{ pass: true }]]);
});

test("an offer above the bounty is a pass", async () => {
  const { hear, asked, bids } = hired();
  await hear(foretell());
  await asked[0]?.answer(offer("2.1"));
  await hear(bid());
  expect(bids()).toEqual([{ pass: true }]);
});

test("of a call that failed nothing is kept: the program is asked again", async () => {
  const { hear, asked, bids } = hired();
  await hear(foretell());
  await asked[0]?.answer(FAILED);
  await hear(foretell());
  await asked[1]?.answer(FAILED);
  await hear(bid());
  expect([asked.length, bids()]).toEqual([3, []]);
  await asked[2]?.answer(offer("1.5"));
  expect(bids()).toEqual([OPEN]);
});

test("where it fails while bids are taken it is asked again, for the time that is left", async () => {
  const { hear, asked, bids, clock } = hired();
  await hear(foretell());
  await hear(bid());
  await clock.pass(2_000);
  await asked[0]?.answer(FAILED);
  expect(asked.map((one) => one.options.timeoutMs)).toEqual([CALL_MS_MAX, REMAINING_MS - 2_000]);
  await asked[1]?.answer(offer("1.5"));
  expect(bids()).toEqual([OPEN]);
});

test("another attempt, and a call for bids that is repeated, ask the program anew", async () => {
  const { hear, asked, bids } = hired();
  await hear(foretell(1));
  await asked[0]?.answer(offer("1.5"));
  await hear(bid(1, 2));
  expect(asked).toHaveLength(2);
  await hear(foretell(2));
  await asked[2]?.answer(offer("1.5"));
  await hear(bid(2));
  await hear(bid(2));
  expect([asked.length, bids()]).toEqual([4, [OPEN]]);
});

test("an offer that is older than the need can be is forgotten", async () => {
  const { hear, asked, clock } = hired();
  await hear(foretell(1));
  await hear(foretell(2));
  for (const one of asked) await one.answer(offer("1.5"));
  await clock.pass(FORETOLD_MS_MAX);
  await hear(bid(1));
  expect(asked).toHaveLength(2);
  await clock.pass(1);
  await hear(bid(2));
  expect(asked).toHaveLength(3);
});

test("so is the oldest of too many, and what is told late is passed over", async () => {
  const { hear, asked } = hired();
  for (let n = 0; n <= FORETOLD_KEPT_MAX; n += 1) await hear(foretell(n));
  for (const one of asked) await one.answer(offer("1.5"));
  const foretold = FORETOLD_KEPT_MAX + 1;
  expect(asked).toHaveLength(foretold);
  await hear(bid(FORETOLD_KEPT_MAX));
  expect(asked).toHaveLength(foretold);
  await hear(bid(0));
  expect(asked).toHaveLength(foretold + 1);
  await hear(foretell(0));
  expect(asked).toHaveLength(foretold + 1);
});

test.each([undefined, {}, { ...body, bounty: undefined }, { ...body, input: undefined }])(
  "a notice that holds no need is dropped, and the agent goes on (%#)",
  async (malformed) => {
    const { hear, asked, said, events, bids } = hired();
    await hear({ ...foretell(), body: malformed } as unknown as Notice);
    expect([asked, said]).toEqual([[], []]);
    expect(events).toMatchObject([{ type: "failed", call: "foretell" }]);
    await hear(bid());
    await asked[0]?.answer(offer("1.5"));
    expect(bids()).toEqual([OPEN]);
  },
);

test("an agent whose settings bid for it keeps nothing and asks nobody", async () => {
  const { hear, asked, said, bids } = hired(false);
  await hear(foretell());
  expect([asked, said]).toEqual([[], []]);
  await hear(bid());
  expect(bids()).toEqual([{ open: { price: 1, etaMs: 1_000, patch: [] } }]);
});
