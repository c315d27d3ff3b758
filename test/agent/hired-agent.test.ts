/** What a hired agent says to the swarm when its program is slow, silent or says what cannot be sent. */

import { expect, test } from "vitest";
import { AgentClient } from "#agent/client.ts";
import { HiredAgent } from "#agent/hired-agent.ts";
import type { CallOptions, CallResult, Runner } from "#agent/runner/runner.ts";
import { decode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { decodeSigned } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { voteDigest } from "#protocol/digests.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { RefusalCode } from "#protocol/refusals.ts";
import { ECHO_NEED as body } from "./echo-need.ts";

const REQUESTER = signerFromSeed(new Uint8Array(32).fill(4)).did;
const HIRED = signerFromSeed(new Uint8Array(32).fill(3));
const NEED = cidOf(new Uint8Array([1]));
const about = { need: NEED, attempt: 1, nonce: 0, requester: REQUESTER, body };
const BID = { ...about, kind: "bid", mode: "open", remainingMs: 5_000 } as const;
const WORK = {
  ...about,
  kind: "work",
  revision: 1,
  remainingMs: 9_000,
  heartbeatMs: 5_000,
} as const;

const judgePlan = (proposal: string) => ({
  ...about,
  kind: "judge-plan" as const,
  seat: 0,
  proposal,
  worker: REQUESTER,
  bid: { price: 1n, etaMs: 1_000, patch: [] },
  sealed: true,
  remainingMs: 5_000,
});
const REVEAL_VOTE = {
  ...about,
  kind: "reveal-vote",
  question: "plan",
  seat: 0,
  remainingMs: 2_000,
} as const;

interface Said {
  readonly verb: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** An agent whose program answers every call with `result`; time stands still unless it is moved. */
const none = (): never => {
  throw new Error("there are no blocks here");
};
const blocks = { get: none, put: none, has: none };

const hired = (result: CallResult<unknown>, asks = { bid: false, plan: false }) => {
  const said: Said[] = [];
  const wires: Uint8Array[] = [];
  const calls: CallOptions[] = [];
  let nowMs = 1_000;
  const clock = { wallMs: () => 0, monotonicMs: () => nowMs, after: () => () => {} };
  const runner: Runner = {
    start: () => Promise.resolve({ kind: "ok", value: { bid: false, plan: false } }),
    call: (_call, options) => {
      calls.push(options);
      return Promise.resolve(result as never);
    },
    close: () => Promise.resolve(),
    stats: () => ({ calls: 0, ok: 0, failed: {}, running: 0, queued: 0, restarts: 0 }),
  };
  let hear: ((receipt: Receipt) => void) | undefined;
  const client = new AgentClient({
    signer: HIRED,
    swarm: "toy.0123456789abcdef",
    policy: "",
    link: {
      attach: (_did, { receipt }) => {
        hear = receipt;
      },
      detach: () => {},
      send: (_thread, wire) => {
        wires.push(wire);
        said.push(decode(decodeSigned(wire).bytes) as Said);
      },
    },
    clock,
    soon: (task) => queueMicrotask(task),
    onNotice: () => {},
  });
  const agent = new HiredAgent({
    client,
    runner,
    blocks,
    clock,
    policy: "",
    price: 1n,
    etaMs: 1_000,
    secret: new Uint8Array(32),
    asks,
  });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  /** The last envelope is refused so. */
  const refuse = (code: RefusalCode): void =>
    hear?.({ kind: "nack", envelope: decodeSigned(wires.at(-1)!).id, code });
  const pass = (ms: number): void => void (nowMs += ms);
  return { agent, said, wires, calls, settled, pass, refuse };
};

test("what an earlier process has answered is said again, and its work is not done again", async () => {
  const ok = { kind: "ok", value: { output: 1 } } as const;
  const first = hired(ok);
  first.agent.hear(WORK);
  await first.settled();
  const commit = first.said.find(({ verb }) => verb === "COMMIT");
  const left = {
    id: NEED,
    thread: NEED,
    wire: first.wires.at(-1)!,
    verb: "COMMIT",
    nonce: 7,
    body: commit!.body,
  };
  const { agent, calls, said, settled, wires } = hired(ok);
  agent.resay(left);
  agent.hear(WORK);
  await settled();
  expect([calls.length, wires]).toEqual([0, [left.wire]]);
  agent.hear({ ...WORK, revision: 2 });
  await settled();
  expect(calls).toHaveLength(1);
  expect(said.at(-1)).toMatchObject({ verb: "COMMIT", nonce: 8, body: { revision: 2 } });
});

test("a call may take half of what remains of the deadline when it starts", async () => {
  const { agent, calls, settled, pass } = hired({ kind: "ok", value: { output: 1 } });
  agent.hear(BID);
  pass(2_000);
  agent.hear(WORK);
  await settled();
  pass(8_000);
  expect(calls[0]?.timeoutMs).toBe(10_000);
});

test("one that its program's bid promised to take longer may take twice the promise", async () => {
  const answer = { kind: "ok", value: { output: 1, price: "0.000001", etaMs: 9_000 } } as const;
  const { agent, calls, settled } = hired(answer, { bid: true, plan: false });
  agent.hear(BID);
  await settled();
  agent.hear(WORK);
  await settled();
  expect(calls[1]?.timeoutMs).toBe(18_000);
});

test("of a need that was never told of before, the lease is what remains", async () => {
  const { agent, calls, settled } = hired({ kind: "ok", value: { output: 1 } });
  agent.hear(WORK);
  await settled();
  expect(calls[0]?.timeoutMs).toBe(4_500);
});

test.each([
  ["half a character", { output: "\ud800" }, /^RUBBISH: .*surrogate/],
  ["a number without end", { output: Infinity }, /^RUBBISH: /],
  ["much telemetry", { output: 1, telemetry: { t: "x".repeat(20_000) } }, /^TOO_LARGE: /],
])("an answer with %s is yielded at once, with its reason", async (_, value, reason) => {
  const { agent, said, settled } = hired({ kind: "ok", value });
  agent.hear(WORK);
  await settled();
  expect(said.map(({ verb }) => verb)).toEqual(["YIELD"]);
  expect(said[0]?.body["reason"]).toMatch(reason);
});

test("a result that came too late is kept: awarded again, its work is not done again", async () => {
  const { agent, said, calls, settled, refuse } = hired({ kind: "ok", value: { output: 1 } });
  agent.hear(WORK);
  await settled();
  refuse("STALE_FENCE");
  await settled();
  agent.hear({ ...WORK, attempt: 3, revision: 9 });
  await settled();
  expect(calls).toHaveLength(1);
  const [first, second] = said.filter(({ verb }) => verb === "COMMIT").map(({ body }) => body);
  expect(second).toEqual({ ...first, attempt: 3, revision: 9 });
  refuse("ARTIFACT_MISMATCH");
  await settled();
  agent.hear({ ...WORK, need: cidOf(new Uint8Array([2])) });
  await settled();
  expect(calls).toHaveLength(2);
});

test("so is one that an earlier process had said", async () => {
  const ok = { kind: "ok", value: { output: 1 } } as const;
  const first = hired(ok);
  first.agent.hear(WORK);
  await first.settled();
  const { agent, said, calls, settled, refuse } = hired(ok);
  const wire = first.wires.at(-1)!;
  const { body: commit } = first.said.find(({ verb }) => verb === "COMMIT")!;
  agent.resay({
    id: decodeSigned(wire).id,
    thread: NEED,
    wire,
    verb: "COMMIT",
    nonce: 7,
    body: commit,
  });
  refuse("STALE_FENCE");
  await settled();
  agent.hear({ ...WORK, attempt: 2, revision: 9 });
  await settled();
  expect(calls).toEqual([]);
  expect(said.at(-1)).toMatchObject({
    verb: "COMMIT",
    body: { ...commit, attempt: 2, revision: 9 },
  });
});

const JUDGE = {
  ...about,
  kind: "judge",
  commit: NEED,
  seat: 0,
  worker: REQUESTER,
  artifact: NEED,
  output: 1,
  sealed: false,
  remainingMs: 5_000,
} as const;

test.each([
  ["ATTEST", JUDGE, { kind: "ok", value: { verdict: "pass" } }],
  ["VOTE", { ...JUDGE, sealed: true }, { kind: "ok", value: { verdict: "fail" } }],
  [
    "ATTEST_PLAN",
    { ...judgePlan(NEED), sealed: false, bid: { price: 1n, etaMs: 1_000, patch: [] } },
    { kind: "ok", value: { verdict: "pass" } },
  ],
  ["CLAIM", { ...about, kind: "award", price: 1n, remainingMs: 5_000 }, { kind: "ok", value: {} }],
] as const)(
  "%s is said again to who tells the same anew, if it was refused, and its program is not asked again",
  async (verb, notice, result) => {
    const { agent, said, calls, settled, refuse } = hired(result, { bid: false, plan: true });
    agent.hear(notice);
    await settled();
    agent.hear(notice);
    await settled();
    expect(said.map((one) => one.verb)).toEqual([verb]);
    const asked = calls.length;
    refuse("WRONG_STATE");
    await settled();
    agent.hear(notice);
    await settled();
    expect(said.map((one) => one.verb)).toEqual([verb, verb]);
    expect(said[1]?.body).toEqual(said[0]?.body);
    expect(calls).toHaveLength(asked);
    expect(asked).toBe(verb === "CLAIM" ? 0 : 1);
  },
);

test("a reason that is cut in the middle of a character can still be said", async () => {
  const detail = `x${"😀".repeat(150)}`;
  const { agent, said, settled } = hired({ kind: "failed", code: "ERROR", detail });
  agent.hear(WORK);
  await settled();
  expect(said.map(({ verb }) => verb)).toEqual(["YIELD"]);
});

test("a good answer is committed", async () => {
  const { agent, said, settled } = hired({ kind: "ok", value: { output: { a: 1 } } });
  agent.hear(WORK);
  await settled();
  expect(said).toMatchObject([{ verb: "COMMIT", body: { output: { a: 1 }, revision: 1 } }]);
});

test("a seat that judges two candidates opens both hidden votes, each by a salt of its own", async () => {
  const { agent, said, settled } = hired({ kind: "ok", value: { output: 1 } });
  const [first, second] = [cidOf(new Uint8Array([2])), cidOf(new Uint8Array([3]))];
  for (const proposal of [first, second]) {
    agent.hear(judgePlan(proposal));
    await settled();
    agent.hear(REVEAL_VOTE);
    await settled();
  }
  const votes = said.filter(({ verb }) => verb === "VOTE");
  const reveals = said.filter(({ verb }) => verb === "REVEAL");
  expect(reveals).toHaveLength(2);
  for (const [i, { body: opened }] of reveals.entries()) {
    const hash = voteDigest([first, second][i]!, HIRED.did, "pass", opened["salt"] as Uint8Array);
    expect(votes[i]?.body["hash"]).toEqual(hash);
  }
  expect(reveals[0]?.body["salt"]).not.toEqual(reveals[1]?.body["salt"]);
});
