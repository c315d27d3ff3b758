/** A need's events: followed, cut off anywhere, resumed; each entry exactly once, in order. */

import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRequester, type NeedEvent } from "#agent/sdk/requester.ts";
import { eventsOf } from "#agent/http/event-stream.ts";
import { bucketOf } from "#envelope/cid.ts";
import { encodeEnvelope } from "#envelope/envelope.ts";
import { signEnvelopes } from "#envelope/signed.ts";
import { STREAM_BYTES_MAX } from "#gateway/limits.ts";
import { encodeRecord, GENESIS_PARENT, type Entry } from "#runtime/log/record.ts";
import { gatewayRig, POLICY, signerOf, SWARM, type Rig } from "../support/gateway.ts";

const signer = signerOf("alice");
const { bytes, id: need } = encodeEnvelope({
  v: 1,
  swarm: SWARM,
  verb: "NEED",
  from: signer.did,
  nonce: 1,
  lamport: 1,
  sentAtMs: 1,
  expiresAtMs: 60_000,
  policy: POLICY,
  body: { key: "k", capability: "c", input: { value: 1 } },
  refs: [],
});
const NEED: Entry = { kind: "envelope", signed: signEnvelopes([bytes], signer)[0]! };
const derived = (verb: string, body: unknown): Entry => ({
  kind: "derived",
  verb,
  thread: need,
  body,
});

let records: Uint8Array[];
let rig: Rig;
let proxies: Server[];
beforeEach(async () => {
  [records, proxies] = [[], []];
  rig = await gatewayRig({ records });
});
afterEach(async () => {
  for (const proxy of proxies) proxy.close();
  await rig.stop();
  if (rig.errors.length > 0) throw new AggregateError(rig.errors, "a mistake of ours");
});

/** A record of the need's entry and another's, as position 2n and 2n+1. */
const say = (entry: Entry): void => {
  const index = records.length;
  const other: Entry = { kind: "derived", verb: "DECIDE", thread: "other", body: {} };
  records.push(
    encodeRecord({
      bucket: bucketOf(need),
      index,
      first: 2 * index,
      parent: GENESIS_PARENT,
      generation: 1,
      revision: 1,
      atMs: index,
      entries: [entry, other],
    }),
  );
};
const end = (): void => say(derived("FINALIZE", { last: true }));
const positions = (count: number): number[] => Array.from({ length: count }, (_, n) => 2 * n);

/** A proxy that resets each connection after so many bytes of its answer. */
const cutting = async (bytesOf: () => number): Promise<{ url: string; cuts: () => number }> => {
  let cuts = 0;
  const proxy = createServer((client) => {
    const server = connect(rig.server.port, "127.0.0.1");
    let left = bytesOf();
    client.on("error", () => server.destroy()).on("close", () => server.destroy());
    server.on("error", () => client.destroy()).on("close", () => client.destroySoon());
    client.pipe(server);
    server.on("data", (part) => {
      if (part.length < left) {
        left -= part.length;
        client.write(part);
        return;
      }
      cuts += 1;
      client.write(part.subarray(0, left), () => client.resetAndDestroy());
      server.destroy();
    });
  });
  proxies.push(proxy);
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, cuts: () => cuts };
};

const eventsAt = (url: string, seen?: string): Promise<Response> =>
  fetch(`${url}/v1/needs/${need}/events`, {
    headers: seen === undefined ? {} : { "last-event-id": seen },
  });

/** One connection: the positions that came whole, until its end or its cut. */
const heard = async (url: string, seen: string | undefined): Promise<number[]> => {
  const found: number[] = [];
  try {
    const { body } = await eventsAt(url, seen);
    for await (const { id } of eventsOf(body!, () => undefined)) found.push(Number(id));
  } catch {
    // It was cut.
  }
  return found;
};

/** What comes next is a matter of the number before. */
const drawn = (seed: number): (() => number) => {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
};

describe("a stream that is cut", () => {
  it("fifty times at any byte, while the need goes on, tells each entry once and in order", async () => {
    const chance = drawn(7);
    const { url, cuts } = await cutting(() => 1 + Math.floor(chance() * 900));
    say(NEED);
    const going = setInterval(() => {
      if (cuts() < 50) say(derived("CLAIM", { n: records.length }));
      else {
        clearInterval(going);
        end();
      }
    }, 1);
    const all: number[] = [];
    let seen: string | undefined;
    while ((await eventsAt(rig.url, seen)).status !== 204) {
      all.push(...(await heard(url, seen)));
      if (all.length > 0) seen = String(all.at(-1));
    }
    expect(all).toEqual(positions(records.length));
  });

  it("is resumed by a requester that listens, to the last entry, though the need has ended", async () => {
    const chance = drawn(11);
    const { url, cuts } = await cutting(() => 400 + Math.floor(chance() * 900));
    say(NEED);
    for (let n = 0; n < 12; n += 1) say(derived("CLAIM", { n, text: "x".repeat(100) }));
    end();
    const ended = { outcome: "finalized", attempts: 1, postedAtMs: 0, endedAtMs: records.length };
    rig.answers.set("need", { stage: "ended", ended });
    const told: NeedEvent[] = [];
    const requester = createRequester({ url, token: rig.token });
    const result = await requester.result(need, (event) => told.push(event));
    expect(result.outcome).toBe("finalized");
    expect(told.map(({ position }) => position)).toEqual(positions(14));
    expect(cuts()).toBeGreaterThan(1);
  });
});

describe("Last-Event-ID", () => {
  beforeEach(() => {
    say(NEED);
    say(derived("CLAIM", {}));
    end();
  });

  it.each([
    ["absent", undefined, [0, 2, 4]],
    ["the first entry", "0", [2, 4]],
    ["between two entries", "1", [2, 4]],
    ["empty", "", [0, 2, 4]],
    ["no number", "x", [0, 2, 4]],
    ["below every entry", "-1", [0, 2, 4]],
    ["a number in other clothes", "0x2", [0, 2, 4]],
  ])("%s", async (_what, seen, expected) => {
    expect(await heard(rig.url, seen)).toEqual(expected);
  });

  it.each(["4", "5", "999999999999"])(
    "the last entry or beyond (%s) is 204: a browser does not come again",
    async (seen) => {
      const answer = await eventsAt(rig.url, seen);
      expect([answer.status, await answer.text()]).toEqual([204, ""]);
    },
  );

  it("is for GET: HEAD would be a stream without an end", async () => {
    const answer = await fetch(`${rig.url}/v1/needs/${need}/events`, { method: "HEAD" });
    expect(answer.status).toBe(404);
  });
});

it("a log larger than what may wait for a reader comes whole, at the reader's pace", async () => {
  say(NEED);
  const large = "x".repeat(60_000);
  const count = Math.ceil((3 * STREAM_BYTES_MAX) / large.length);
  for (let n = 0; n < count; n += 1) say(derived("PROPOSE", { n, large }));
  end();
  const all: number[] = [];
  const { body } = await eventsAt(rig.url);
  for await (const { id } of eventsOf(body!, () => undefined)) all.push(Number(id));
  expect(all).toEqual(positions(count + 2));
});
