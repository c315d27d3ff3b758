/**
 * A thread that runs agents for the operator: keys, programs, voices. It stands outside the hosts, as
 * any agent does, and knows the swarm by messages alone.
 */

import { randomBytes } from "node:crypto";
import { isMainThread, parentPort, type MessagePort } from "node:worker_threads";
import * as Comlink from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { accountThread } from "#envelope/envelope.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { NatsOptions } from "#adapters/nats/connect.ts";
import { connect } from "#adapters/sqlite/client.ts";
import { systemClock } from "#adapters/system/clock.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import { BusLink } from "#agent/bus/bus-link.ts";
import { PortLink } from "#runtime/threads/port-link.ts";
import { sharedBlocks } from "../cluster/blocks.ts";
import type { Bodies } from "#protocol/bodies.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { Credits } from "#protocol/words.ts";
import { AgentClient, type AccountVerb } from "#agent/client.ts";
import { HiredAgent, type HiredEvent } from "#agent/hired-agent.ts";
import { createRunner } from "#agent/runner/create.ts";
import type { Runner, RunnerStats } from "#agent/runner/runner.ts";
import type { RunSpec } from "#agent/runner/spec.ts";

export interface AgentsSetup {
  readonly placement: readonly number[];
  readonly swarm: string;
  readonly policy: string;
  /** In a cluster: over which servers the agents speak, wherever their buckets are led. */
  readonly nats?: NatsOptions;
}

export interface HiredSpec {
  readonly name: string;
  readonly seed: Uint8Array;
  readonly price: Credits;
  readonly etaMs: number;
  readonly run: RunSpec;
  /** Folder in which the program runs. */
  readonly folder: string;
  /** Folders that no guest of the sandbox may see. */
  readonly hidden?: readonly string[];
}

export interface HiredStats {
  readonly name: string;
  readonly runner: RunnerStats;
  /** Refusals and failures by `verb CODE` or `call CODE`. */
  readonly events: Readonly<Record<string, number>>;
}

export interface AgentsControl {
  open(setup: AgentsSetup, blocks: MessagePort): Promise<void>;
  connect(index: number, port: MessagePort): void;
  hire(
    agents: readonly HiredSpec[],
  ): Promise<readonly { readonly name: string; readonly why: string }[]>;
  sayAccount(
    name: string,
    nonce: number,
    verb: AccountVerb,
    body: Bodies[AccountVerb],
  ): Promise<Receipt>;
  stats(): readonly HiredStats[];
  close(): Promise<void>;
}

interface Hired {
  readonly name: string;
  readonly client: AgentClient;
  readonly runner: Runner;
  readonly events: Map<string, number>;
}

class AgentsHost implements AgentsControl {
  readonly #hired: Hired[] = [];
  #setup: AgentsSetup | undefined;
  #link: SwarmLink | undefined;
  /** Of this process's hosts; none where the link is over the bus. */
  #ports: PortLink | undefined;
  #blocks: Blocks | undefined;
  readonly #servers: { close(): Promise<void> }[] = [];
  readonly #clock = systemClock();

  async open(setup: AgentsSetup, blocks: MessagePort): Promise<void> {
    this.#setup = setup;
    const { nats, placement } = setup;
    if (nats === undefined) {
      this.#blocks = connect(blocks);
      this.#link = this.#ports = new PortLink({ placement });
      return;
    }
    const [{ NatsBus }, { NatsBlocks }] = await Promise.all([
      import("#adapters/nats/bus.ts"),
      import("#adapters/nats/blocks.ts"),
    ]);
    const [bus, shared] = await Promise.all([NatsBus.open(nats), NatsBlocks.open(nats)]);
    this.#servers.push(bus, shared);
    this.#blocks = sharedBlocks(connect(blocks), shared);
    this.#link = new BusLink({ bus, clock: this.#clock });
  }

  connect(index: number, port: MessagePort): void {
    this.#ports?.connect(index, port);
  }

  async hire(
    agents: readonly HiredSpec[],
  ): Promise<readonly { readonly name: string; readonly why: string }[]> {
    const results = await Promise.all(agents.map((spec) => this.#hire(spec)));
    return results.flatMap((why, i) =>
      why === undefined ? [] : [{ name: agents[i]?.name ?? "", why }],
    );
  }

  async #hire(spec: HiredSpec): Promise<string | undefined> {
    const [setup, link, blocks] = [this.#setup, this.#link, this.#blocks];
    if (setup === undefined || link === undefined || blocks === undefined)
      throw new Error("not open");
    const runner = createRunner(spec.run, { cwd: spec.folder, hidden: spec.hidden ?? [] });
    const started = await runner.start();
    const events = new Map<string, number>();
    const count = (event: HiredEvent): void => {
      const key =
        event.type === "failed" ? `${event.call} ${event.code}` : `${event.verb} ${event.code}`;
      events.set(key, (events.get(key) ?? 0) + 1);
    };
    // A program that does not start now may start later: each call is a try of its own.
    const asks = started.kind === "ok" ? started.value : { bid: false, plan: false };
    const client: AgentClient = new AgentClient({
      signer: signerFromSeed(spec.seed),
      swarm: setup.swarm,
      policy: setup.policy,
      link,
      clock: this.#clock,
      soon: (task) => setImmediate(task),
      // Told by messages only, so never before the agent below is there.
      onNotice: (notice) => agent.hear(notice),
    });
    const agent = new HiredAgent({
      client,
      runner,
      blocks,
      clock: this.#clock,
      policy: setup.policy,
      price: spec.price,
      etaMs: spec.etaMs,
      secret: new Uint8Array(randomBytes(32)),
      asks,
      onEvent: count,
    });
    this.#hired.push({ name: spec.name, client, runner, events });
    return started.kind === "ok" ? undefined : `${started.code}: ${started.detail}`;
  }

  async sayAccount(
    name: string,
    nonce: number,
    verb: AccountVerb,
    body: Bodies[AccountVerb],
  ): Promise<Receipt> {
    const client = this.#hired.find((one) => one.name === name)?.client;
    if (client === undefined) throw new Error(`no agent ${name} lives here`);
    client.resume(accountThread(client.did), nonce);
    return client.sayAccount(verb, body);
  }

  stats(): readonly HiredStats[] {
    return this.#hired.map(({ name, runner, events }) => ({
      name,
      runner: runner.stats(),
      events: Object.fromEntries(events),
    }));
  }

  async close(): Promise<void> {
    for (const { client } of this.#hired) client.close();
    await Promise.all(this.#hired.map(({ runner }) => runner.close()));
    await Promise.all(this.#servers.map((server) => server.close()));
  }
}

if (!isMainThread && parentPort !== null)
  Comlink.expose(new AgentsHost(), nodeEndpoint(parentPort));
