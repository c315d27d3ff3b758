/**
 * Honest work beside a flood of junk: first alone, then while hostile agents send unsigned, malformed,
 * replayed and stale envelopes, 10,000 a second. Told is what honest work lost of its rate, as a ratio to
 * the rate of the same run without junk.
 *
 * The hostile ones do what a stranger can: each makes a key, opens a stream with it and sends under its
 * session; every tenth was let in by the operator, registered, and then turned.
 *
 * Usage: node bench/junk/main.ts [--seconds 30] [--rate 10000] [--together 20] [--agents 40]
 */

import { randomBytes } from "node:crypto";
import { Agent } from "node:http";
import { parseArgs } from "node:util";
import { Worker, isMainThread, workerData } from "node:worker_threads";
import { setTimeout as wait } from "node:timers/promises";
import { encode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { encodeEnvelope, encodeSigned, signEnvelopes } from "#envelope/envelope.ts";
import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { AgentClient } from "#agent/client.ts";
import { Api } from "#agent/http/api.ts";
import { HttpLink } from "#agent/http/link.ts";
import { round, supervised, type Supervised } from "../support/supervisor.ts";

interface Hostile {
  readonly url: string;
  readonly token: string;
  readonly agents: number;
  readonly rate: number;
  readonly together: number;
  readonly stop: SharedArrayBuffer;
}

const HONEST_CONNECTIONS = 32;
const SENDING_CONNECTIONS = 16;
const KINDS = 4;
const SETTLE_MS = 3_000;
const TICK_MS = 10;

/** One of each kind, in turn: unsigned, malformed, replayed, stale. */
const junkOf = (signer: Signer, swarm: string, policy: string, n: number): Uint8Array => {
  const need = cidOf(encode(n));
  const stale = n % KINDS === KINDS - 1;
  const sentAtMs = stale ? 1 : Date.now();
  const { bytes } = encodeEnvelope({
    v: 1,
    swarm,
    thread: need,
    verb: "YIELD",
    from: signer.did,
    // A replay is the same bytes again and again.
    nonce: n % KINDS === 2 ? 1 : n + 1,
    lamport: 1,
    sentAtMs,
    expiresAtMs: sentAtMs + 60_000,
    policy,
    body: { need, attempt: 1, revision: 1, reason: "junk" },
    refs: [],
  });
  const [signed] = signEnvelopes([bytes], signer);
  if (signed === undefined) throw new Error("nothing was signed");
  const wire = encodeSigned(signed);
  if (n % KINDS === 0) wire.fill(0, wire.length - 64);
  return n % KINDS === 1 ? new Uint8Array(randomBytes(wire.length)) : wire;
};

const beHostile = async ({ url, token, agents, rate, together, stop }: Hostile): Promise<void> => {
  const clock = systemClock();
  const api = new Api(url, token);
  const hostile = await Promise.all(
    Array.from({ length: agents }, async (_, n) => {
      const signer = signerFromSeed(new Uint8Array(randomBytes(32)));
      const { swarm, policy } = await api.get<{ swarm: string; policy: string }>(
        `/v1/agents/${signer.did}`,
      );
      const link = new HttpLink({ api, signer, swarm, clock });
      const client = new AgentClient({
        signer,
        swarm,
        policy,
        link,
        clock,
        soon: (task) => setImmediate(task),
        onNotice: () => undefined,
      });
      if (n % 10 === 0) {
        const name = `turned-${n}`;
        await api.post("/v1/agents", { did: signer.did, name, role: "worker" });
        const manifest = { name, roles: ["worker" as const], capabilities: ["nothing"] };
        await client.sayAccount("REGISTER", { manifest, attestations: [] });
      }
      while (link.session === undefined) await wait(TICK_MS);
      const junk = Array.from({ length: together * KINDS }, (__, i) =>
        junkOf(signer, swarm, policy, i),
      );
      const bodies = Array.from({ length: KINDS }, (__, i) =>
        encode(junk.slice(i * together, (i + 1) * together)),
      );
      return { link, bodies };
    }),
  );
  const flag = new Int32Array(stop);
  Atomics.store(flag, 1, 1);
  Atomics.notify(flag, 1);
  const keep = new Agent({ keepAlive: true, maxSockets: SENDING_CONNECTIONS });
  const { request } = await import("node:http");
  const { hostname, port } = new URL(url);
  let inFlight = 0;
  const startMs = performance.now();
  let turn = 0;
  const send = (): void => {
    const { link, bodies } = hostile[turn % hostile.length]!;
    const body = bodies[turn % KINDS]!;
    turn += 1;
    inFlight += 1;
    const headers = {
      "content-type": "application/cbor",
      "content-length": body.length,
      "canswarm-session": link.session ?? "over",
    };
    const path = "/v1/envelopes";
    const sent = request(
      { hostname, port, method: "POST", path, agent: keep, headers },
      (answer) => {
        answer.resume().on("end", () => (inFlight -= 1));
      },
    );
    sent.on("error", () => (inFlight -= 1));
    sent.end(body);
  };
  while (Atomics.load(flag, 0) === 0) {
    const due = ((performance.now() - startMs) / 1_000) * (rate / together);
    while (turn < due && inFlight < SENDING_CONNECTIONS * 4) send();
    Atomics.store(flag, 2, turn * together);
    await wait(TICK_MS);
  }
  process.exit(0);
};

/** Needs that end in so many seconds, posted by callers who wait as long as they are told. */
const honest = async ({ ask }: Supervised, seconds: number, prefix: string): Promise<number> => {
  const keep = new Agent({ keepAlive: true, maxSockets: HONEST_CONNECTIONS + 1 });
  const ended = async (): Promise<number> => {
    const { body } = await ask(keep, { method: "GET", path: "/v1/status" });
    return (JSON.parse(body) as { needs: { ended: number } }).needs.ended;
  };
  let isOver = false;
  let n = 0;
  const posting = Array.from({ length: HONEST_CONNECTIONS }, async () => {
    while (!isOver) {
      const need = { key: `${prefix}${n++}`, capability: "square", input: { n }, kResult: 2 };
      const body = JSON.stringify({ ...need, bounty: "1", verifyBounty: "0.1" });
      const { status } = await ask(keep, { method: "POST", path: "/v1/needs", body });
      if (status === 429) await wait(50);
    }
  });
  await wait(SETTLE_MS);
  const [before, startMs] = [await ended(), performance.now()];
  await wait(seconds * 1_000);
  const [after, endMs] = [await ended(), performance.now()];
  isOver = true;
  await Promise.all(posting);
  keep.destroy();
  return ((after - before) / (endMs - startMs)) * 1_000;
};

const measure = async (): Promise<void> => {
  const { values: flags } = parseArgs({
    options: {
      seconds: { type: "string", default: "30" },
      rate: { type: "string", default: "10000" },
      together: { type: "string", default: "20" },
      agents: { type: "string", default: "40" },
    },
  });
  const seconds = Number(flags.seconds);
  const swarm = await supervised();
  const alone = await honest(swarm, seconds, "a");
  const stop = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT);
  const flag = new Int32Array(stop);
  const { url, token } = swarm;
  const data: Hostile = {
    url,
    token,
    agents: Number(flags.agents),
    rate: Number(flags.rate),
    together: Number(flags.together),
    stop,
  };
  const hostile = new Worker(new URL(import.meta.url), { workerData: data });
  const left = new Promise((resolve) => hostile.once("exit", resolve));
  await Atomics.waitAsync(flag, 1, 0).value;
  const startMs = performance.now();
  const beside = await honest(swarm, seconds, "b");
  const sent = (Atomics.load(flag, 2) / (performance.now() - startMs)) * 1_000;
  Atomics.store(flag, 0, 1);
  await left;
  await swarm.stop();
  const result = {
    seconds,
    endedPerSecondAlone: round(alone),
    endedPerSecondBesideJunk: round(beside),
    ratio: Math.round((beside / alone) * 1_000) / 1_000,
    junkPerSecond: Math.round(sent),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
};

await (isMainThread ? measure() : beHostile(workerData as Hostile));
