/** An agent on another machine, over real sockets: heard, answered, cut off, back, found out when dead. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Api } from "#agent/http/api.ts";
import { HttpBlocks } from "#agent/http/blocks.ts";
import type { LinkState } from "#agent/door.ts";
import { HttpLink } from "#agent/http/link.ts";
import { AgentClient } from "#agent/client.ts";
import { encode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { JoinedAgents } from "#gateway/joined-agents.ts";
import {
  AGENT_ENVELOPES_BURST,
  LISTING_MS,
  PROBE_MS,
  STRANGER_ENVELOPES_BURST,
  STREAMS_MAX,
} from "#gateway/limits.ts";
import type { GatewaySwarm } from "#gateway/swarm.ts";
import type { Notice } from "#protocol/notices.ts";
import type { LinkEvents } from "#ports/swarm-link.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { gatewayRig, POLICY, signerOf, SWARM, until, type Rig } from "../support/gateway.ts";

const signer = signerOf("agent");
const need = cidOf(encode("need"));
const stop = (attempt: number): Notice => ({
  kind: "stop",
  need,
  attempt,
  nonce: attempt,
  reason: "because",
});

let rig: Rig;
let proxy: FaultProxy;
let links: HttpLink[] = [];
beforeEach(async () => {
  rig = await gatewayRig();
  proxy = await FaultProxy.to(rig.server.port);
});
afterEach(async () => {
  for (const link of links) link.detach();
  links = [];
  await proxy.close();
  await rig.stop();
});

interface Heard {
  readonly link: HttpLink;
  readonly states: LinkState[];
  readonly notices: Notice[];
  readonly receipts: string[];
  resumed: number;
}

const join = (): Heard => {
  const states: LinkState[] = [];
  const api = new Api(`http://127.0.0.1:${proxy.port}`);
  const link = new HttpLink({
    api,
    signer,
    swarm: SWARM,
    clock: systemClock(),
    onState: (state) => states.push(state),
  });
  links.push(link);
  return { link, states, notices: [], receipts: [], resumed: 0 };
};

const attached = async (heard: Heard): Promise<LinkEvents> => {
  heard.link.attach(signer.did, {
    receipt: ({ envelope }) => void heard.receipts.push(envelope),
    notice: (notice) => void heard.notices.push(notice),
    resumed: () => void (heard.resumed += 1),
  });
  await until(() => rig.exchange.attached.has(signer.did) && heard.states.length > 0);
  return rig.exchange.attached.get(signer.did)!;
};

describe("an agent over HTTP", () => {
  it("hears notices in their order and is answered", async () => {
    const heard = join();
    const swarm = await attached(heard);
    for (let n = 1; n <= 200; n += 1) swarm.notice(stop(n));
    await until(() => heard.notices.length === 200);
    expect(heard.notices).toEqual(Array.from({ length: 200 }, (_, n) => stop(n + 1)));
  });

  it("what it says arrives in order and each envelope gets its receipt", async () => {
    const heard = join();
    const client = new AgentClient({
      signer,
      swarm: SWARM,
      policy: POLICY,
      link: heard.link,
      clock: systemClock(),
      soon: (task) => setImmediate(task),
      onNotice: () => undefined,
    });
    const said = await Promise.all(
      Array.from({ length: 600 }, () =>
        client.say("YIELD", need, {
          need,
          attempt: 1,
          revision: 1,
          reason: "no",
        }),
      ),
    );
    expect(said.every(({ kind }) => kind === "ack")).toBe(true);
    expect(said.map(({ envelope }) => envelope)).toHaveLength(600);
    expect(new Set(rig.exchange.sent.map((wire) => Buffer.from(wire).toString("hex"))).size).toBe(
      600,
    );
    client.close();
  });

  it("comes back by itself after its connections were cut, and says again what is unanswered", async () => {
    const heard = join();
    const client = new AgentClient({
      signer,
      swarm: SWARM,
      policy: POLICY,
      link: heard.link,
      clock: systemClock(),
      soon: (task) => setImmediate(task),
      onNotice: (notice) => heard.notices.push(notice),
    });
    await until(() => rig.exchange.attached.has(signer.did));
    rig.exchange.answer = () => undefined;
    const saying = client.say("YIELD", need, { need, attempt: 1, revision: 1, reason: "no" });
    await until(() => rig.exchange.sent.length > 0);
    const first = rig.exchange.sent[0];
    proxy.reset();
    await until(() => heard.states.some(({ kind }) => kind === "cut"));
    rig.exchange.answer = (envelope) => ({ kind: "ack", envelope, bucket: 0, seq: 1, head: "" });
    expect((await saying).kind).toBe("ack");
    for (const wire of rig.exchange.sent) expect(wire).toEqual(first);
    rig.exchange.attached.get(signer.did)?.notice(stop(7));
    await until(() => heard.notices.length > 0);
    expect(heard.notices).toEqual([stop(7)]);
    client.close();
  });

  it("is known by one stream: a second one under the same key ends the first", async () => {
    const [first, second] = [join(), join()];
    await attached(first);
    await attached(second);
    await until(() => first.states.some(({ kind }) => kind === "cut"));
    first.link.detach();
    const { agents } = await new Api(rig.url).get<{ agents: unknown[] }>("/v1/agents");
    expect(agents).toEqual([]);
    expect(rig.exchange.attached.has(signer.did)).toBe(true);
  });

  it("puts and gets blocks; bytes of another block are none", async () => {
    const heard = join();
    await attached(heard);
    const blocks = new HttpBlocks(new Api(rig.url), () => heard.link.session);
    const bytes = encode({ some: "value" });
    const cid = await blocks.put(bytes, "dag-cbor");
    expect(cid).toBe(cidOf(bytes));
    expect(await blocks.get(cid)).toEqual(bytes);
    expect(await blocks.get(cidOf(encode("absent")))).toBeUndefined();
  });

  it.each([
    ["another agent's envelope", signerOf("thief"), SWARM],
    ["another swarm's envelope", signer, "other.0123456789abcdef"],
  ])("passes on no %s", async (_what, author, swarm) => {
    const heard = join();
    await attached(heard);
    const foreign = new AgentClient({
      signer: author,
      swarm,
      policy: POLICY,
      link: { attach: () => undefined, detach: () => undefined, send: () => undefined },
      clock: systemClock(),
      soon: (task) => setImmediate(task),
      onNotice: () => undefined,
    });
    const [prepared] = foreign.prepare("YIELD", need, [
      { need, attempt: 1, revision: 1, reason: "no" },
    ]);
    const sending = new Api(rig.url).postBytes("/v1/envelopes", [prepared!.wire], {
      "canswarm-session": heard.link.session!,
    });
    await expect(sending).rejects.toMatchObject({ status: 400, code: "BODY_INVALID" });
    expect(rig.exchange.sent).toEqual([]);
  });
});

describe("a listing is a lease", () => {
  it("ends when probes stay unanswered, and lasts while they are answered", async () => {
    // A clock that the test moves: 20 s of silence take no time.
    let nowMs = 0;
    const wakes: { atMs: number; wake: () => void }[] = [];
    const clock = {
      monotonicMs: () => nowMs,
      wallMs: () => Date.now(),
      after: (delayMs: number, wake: () => void) => {
        const one = { atMs: nowMs + delayMs, wake };
        wakes.push(one);
        return () => void wakes.splice(wakes.indexOf(one), wakes.includes(one) ? 1 : 0);
      },
    };
    const move = (ms: number): void => {
      nowMs += ms;
      for (const one of wakes.filter(({ atMs }) => atMs <= nowMs)) {
        wakes.splice(wakes.indexOf(one), 1);
        one.wake();
      }
    };
    const timed = await gatewayRig({ clock });
    const { url, exchange } = timed;
    const probes: string[] = [];
    const link = new HttpLink({
      api: new (class extends Api {
        override async post<T>(
          path: string,
          json: unknown,
          headers?: Record<string, string>,
        ): Promise<T> {
          const answered = await super.post<T>(path, json, headers);
          probes.push(path);
          return answered;
        }
      })(url),
      signer,
      swarm: SWARM,
      clock: systemClock(),
    });
    link.attach(signer.did, {
      receipt: () => undefined,
      notice: () => undefined,
      resumed: () => undefined,
    });
    await until(() => probes.length === 1);
    for (let n = 2; n <= 10; n += 1) {
      move(PROBE_MS);
      await until(() => probes.length === n);
      expect(exchange.attached.has(signer.did)).toBe(true);
    }
    link.detach();
    await until(() => !exchange.attached.has(signer.did));

    // One that opens a stream and never answers.
    const mute = new AbortController();
    const { hearingMessage } = await import("#protocol/hearing.ts");
    const timeMs = Date.now();
    const signature = signer.sign(hearingMessage(SWARM, signer.did, timeMs));
    const stream = fetch(`${url}/v1/agents/${signer.did}/notices`, {
      signal: mute.signal,
      headers: {
        "canswarm-time": String(timeMs),
        "canswarm-signature": Buffer.from(signature).toString("base64"),
      },
    });
    await stream;
    expect(exchange.attached.has(signer.did)).toBe(true);
    for (let silentMs = 0; silentMs <= LISTING_MS; silentMs += PROBE_MS) move(PROBE_MS);
    expect(exchange.attached.has(signer.did)).toBe(false);
    mute.abort();
    await timed.stop();
  });
});

it("an agent too many is refused before a stream is opened; one that is here may come again", () => {
  const swarm = { link: () => rig.exchange.link(), clock: systemClock() };
  const agents = new JoinedAgents(swarm as unknown as GatewaySwarm);
  const stream = { send: () => undefined, close: () => undefined };
  for (let n = 0; n < STREAMS_MAX; n += 1) agents.attach(`did:${n}`, stream);
  expect(() => agents.checkRoom("did:new")).toThrow(`${STREAMS_MAX} agents are here`);
  agents.checkRoom("did:0");
  agents.close();
  agents.checkRoom("did:new");
});

it.each([
  ["a crowd costs an agent nothing", "MAILBOX_FULL", false],
  ["what is its own fault costs it its room", "NONCE_OLD", true],
] as const)("J4: %s", (_, code, isSpent) => {
  const exchange = rig.exchange.link();
  let events: LinkEvents | undefined;
  const link = { ...exchange, attach: (_did: string, heard: LinkEvents) => void (events = heard) };
  const clock = { ...systemClock(), monotonicMs: () => 0 };
  const agents = new JoinedAgents({ link: () => link, clock } as unknown as GatewaySwarm);
  const stream = { send: () => undefined, close: () => undefined };
  const { secret } = agents.attach(signer.did, stream);
  events?.receipt({ kind: "ack", envelope: need, bucket: 1, seq: 1, head: "" });
  for (let n = 0; n < AGENT_ENVELOPES_BURST; n += 1)
    events?.receipt({ kind: "nack", envelope: need, code });
  const send = (): unknown => agents.send(secret, 1, () => []);
  if (isSpent) expect(send).toThrow("this agent's envelopes");
  else expect(send()).toEqual([]);
  agents.close();
});

it("J4: room is taken before envelopes are decoded, and for what cannot be decoded too", async () => {
  const heard = join();
  await attached(heard);
  await until(() => heard.link.session !== undefined);
  const post = async (bytes: Uint8Array): Promise<string> => {
    const answer = await fetch(`${rig.url}/v1/envelopes`, {
      method: "POST",
      headers: {
        "content-type": "application/cbor",
        "canswarm-session": heard.link.session ?? "",
      },
      body: new Uint8Array(bytes),
    });
    return ((await answer.json()) as { error: { code: string } }).error.code;
  };
  // A list of 200 that ends after its head: more than a stranger may ever say at once.
  expect(await post(Uint8Array.of(0x98, 200))).toBe("BUSY");
  // And of as many as it may: told what is wrong once, and then there is no room.
  expect(await post(Uint8Array.of(0x98, STRANGER_ENVELOPES_BURST))).toBe("BODY_INVALID");
  expect(await post(Uint8Array.of(0x98, STRANGER_ENVELOPES_BURST))).toBe("BUSY");
  expect(rig.exchange.sent).toEqual([]);
});
