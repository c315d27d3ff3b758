/**
 * The bench's agents and requester, in a thread of their own: distinct keys, one envelope stream each,
 * a closed loop with a fixed number of open needs, or needs that come when they are due.
 */

import { isMainThread, parentPort, type MessagePort } from "node:worker_threads";
import * as Comlink from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { NatsBlocks } from "#adapters/nats/blocks.ts";
import { NatsBus } from "#adapters/nats/bus.ts";
import type { NatsOptions } from "#adapters/nats/connect.ts";
import { connect } from "#adapters/sqlite/client.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { BusLink } from "#agent/bus/bus-link.ts";
import { AgentClient, isNack } from "#agent/client.ts";
import { HiredAgent } from "#agent/hired-agent.ts";
import { sha256 } from "#envelope/cid.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { PortLink } from "#runtime/threads/port-link.ts";
import type { Port } from "#runtime/threads/protocol.ts";
import { InlineRunner } from "./inline-runner.ts";
import { offerNeeds, type Offered, type OfferOptions } from "./open-loop.ts";

export interface LoadSetup {
  readonly placement: readonly number[];
  readonly swarm: string;
  readonly policy: string;
  readonly requesterSeed: Uint8Array;
  readonly agents: readonly {
    readonly name: string;
    readonly seed: Uint8Array;
    readonly price: bigint;
  }[];
  readonly capabilities: readonly string[];
  readonly bounty: bigint;
  readonly verifyBounty: bigint;
  readonly kPlan: number;
  readonly kResult: number;
  /** Of its first need, 0 if absent: a requester's key is good once. */
  readonly firstSerial?: number;
  /** In a cluster: over which servers they speak. */
  readonly nats?: NatsOptions;
}

export interface LoadResult {
  readonly posted: number;
  readonly finalized: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly latenciesMs: readonly number[];
  readonly receiptsMs: readonly number[];
  /** From posting until a worker was told that it won. */
  readonly decidesMs: readonly number[];
  readonly durationMs: number;
  readonly cpuMicros: number;
  /** Signatures that these envelopes took. */
  readonly signatures: number;
}

export interface LoadControl {
  open(setup: LoadSetup, blocks?: MessagePort): Promise<void>;
  connect(index: number, port: MessagePort): void;
  /** Keep `open` needs under way for `ms`, then let them end. */
  run(options: { readonly open: number; readonly ms: number }): Promise<LoadResult>;
  /** Needs as they are due, whatever is still open. */
  offer(options: OfferOptions): Promise<Offered>;
  close(): Promise<void>;
}

const soon = (task: () => void): void => void setImmediate(task);

export const needOf = (
  { capabilities, bounty, verifyBounty, kPlan, kResult }: LoadSetup,
  serial: number,
  deadlineMs = 60_000,
) => ({
  key: `n${serial}`,
  capability: capabilities[serial % capabilities.length] ?? "",
  input: { value: { serial } },
  bounty,
  verifyBounty,
  kPlan,
  kResult,
  deadlineMs,
});

export class Load implements LoadControl {
  #setup: LoadSetup | undefined;
  /** Of this process's hosts; none where the link is over the bus. */
  #ports: PortLink | undefined;
  readonly #servers: { close(): Promise<void> }[] = [];
  readonly #clients: AgentClient[] = [];
  #requester: AgentClient | undefined;
  #ended: (need: string, outcome: string) => void = () => {};
  #won: (need: string) => void = () => {};
  #serial = 0;

  async open(setup: LoadSetup, port?: MessagePort): Promise<void> {
    this.#setup = setup;
    this.#serial = setup.firstSerial ?? 0;
    const clock = systemClock();
    const { link, blocks } = await this.#way(setup, port);
    const { swarm, policy } = setup;
    for (const { name, seed, price } of setup.agents) {
      const heard: { agent?: HiredAgent } = {};
      const client = new AgentClient({
        signer: signerFromSeed(seed),
        swarm,
        policy,
        link,
        clock,
        soon,
        onNotice: (notice) => {
          if (notice.kind === "award") this.#won(notice.need);
          heard.agent?.hear(notice);
        },
      });
      const secret = sha256(new TextEncoder().encode(name));
      const asks = { bid: false, plan: false };
      heard.agent = new HiredAgent({
        client,
        runner: new InlineRunner(),
        blocks,
        clock,
        policy,
        price,
        etaMs: 1_000,
        secret,
        asks,
      });
      this.#clients.push(client);
    }
    this.#requester = new AgentClient({
      signer: signerFromSeed(setup.requesterSeed),
      swarm,
      policy,
      link,
      clock,
      soon,
      onNotice: (notice) => {
        if (notice.kind === "ended") this.#ended(notice.need, notice.outcome);
      },
    });
    this.#clients.push(this.#requester);
  }

  async #way({ nats, placement }: LoadSetup, port?: MessagePort) {
    if (nats === undefined) {
      if (port === undefined) throw new Error("no port to the blocks");
      this.#ports = new PortLink({ placement });
      return { link: this.#ports, blocks: connect(port) };
    }
    const [bus, blocks] = await Promise.all([NatsBus.open(nats), NatsBlocks.open(nats)]);
    this.#servers.push(bus, blocks);
    return { link: new BusLink({ bus, clock: systemClock() }), blocks };
  }

  connect(index: number, port: Port): void {
    this.#ports?.connect(index, port);
  }

  run({ open, ms }: { readonly open: number; readonly ms: number }): Promise<LoadResult> {
    const [setup, requester] = [this.#setup, this.#requester];
    if (setup === undefined || requester === undefined) throw new Error("not open");
    const startedMs = performance.now();
    const cpu = process.threadCpuUsage();
    const signedBefore = this.#signatures();
    const sent = new Map<string, number>();
    const latenciesMs: number[] = [];
    const receiptsMs: number[] = [];
    const decidesMs: number[] = [];
    const outcomes: Record<string, number> = {};
    const early = new Map<string, string>();
    let posted = 0;
    return new Promise((resolve) => {
      const done = (need: string, outcome: string): void => {
        const sentMs = sent.get(need);
        if (sentMs === undefined) {
          early.set(need, outcome);
          return;
        }
        sent.delete(need);
        latenciesMs.push(performance.now() - sentMs);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        if (performance.now() - startedMs < ms) post();
        else if (sent.size === 0) finish();
      };
      const post = (): void => {
        const serial = this.#serial;
        this.#serial += 1;
        posted += 1;
        const sentMs = performance.now();
        const placeholder = `#${serial}`;
        sent.set(placeholder, sentMs);
        const body = needOf(setup, serial);
        void requester.say("NEED", undefined, body, [], { untilTaken: true }).then((receipt) => {
          receiptsMs.push(performance.now() - sentMs);
          sent.delete(placeholder);
          sent.set(receipt.envelope, sentMs);
          if (isNack(receipt)) done(receipt.envelope, `refused ${receipt.code}`);
          const outcome = early.get(receipt.envelope);
          if (outcome !== undefined) {
            early.delete(receipt.envelope);
            done(receipt.envelope, outcome);
          }
        });
      };
      const finish = (): void => {
        const { user, system } = process.threadCpuUsage(cpu);
        const durationMs = performance.now() - startedMs;
        const finalized = outcomes["finalized"] ?? 0;
        resolve({
          posted,
          finalized,
          outcomes,
          latenciesMs,
          receiptsMs,
          decidesMs,
          durationMs,
          cpuMicros: user + system,
          signatures: this.#signatures() - signedBefore,
        });
      };
      this.#ended = done;
      this.#won = (need) => {
        const sentMs = sent.get(need);
        if (sentMs !== undefined) decidesMs.push(performance.now() - sentMs);
      };
      for (let i = 0; i < open; i += 1) post();
    });
  }

  offer(options: OfferOptions): Promise<Offered> {
    const [setup, requester] = [this.#setup, this.#requester];
    if (setup === undefined || requester === undefined) throw new Error("not open");
    return offerNeeds(options, {
      post: () => {
        this.#serial += 1;
        return requester.say("NEED", undefined, needOf(setup, this.#serial - 1));
      },
      listen: (listener) => {
        this.#ended = listener?.ended ?? (() => {});
        this.#won = listener?.won ?? (() => {});
      },
    });
  }

  #signatures(): number {
    return this.#clients.reduce((sum, client) => sum + client.signatures, 0);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    this.#ports?.close();
    await Promise.all(this.#servers.map((server) => server.close()));
  }
}

if (!isMainThread && parentPort !== null) Comlink.expose(new Load(), nodeEndpoint(parentPort));
