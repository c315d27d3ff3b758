/** The main thread's side of the agents' thread. */

import { Worker, type MessagePort } from "node:worker_threads";
import * as Comlink from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import type { AccountVerb } from "#agent/client.ts";
import type { Bodies } from "#protocol/bodies.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { AgentsControl, AgentsSetup, HiredSpec, HiredStats } from "./agents-thread.ts";

export interface AgentsOptions extends AgentsSetup {
  readonly blocks: MessagePort;
  readonly agents: readonly HiredSpec[];
}

/** A program that could not be started. It may start later: each call is a try of its own. */
export interface Unstarted {
  readonly name: string;
  readonly why: string;
}

/** Of the thread's young generation: it only passes messages on. */
const AGENTS_YOUNG_MIB = 24;

export class AgentsThread {
  readonly #worker: Worker;
  readonly #control: Comlink.Remote<AgentsControl>;
  readonly unstarted: Unstarted[] = [];
  readonly #names = new Set<string>();
  #closing: Promise<void> | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#control = Comlink.wrap<AgentsControl>(nodeEndpoint(worker));
  }

  /** Starts the thread and the agents' programs in it. */
  static async start({ blocks, agents, ...setup }: AgentsOptions): Promise<AgentsThread> {
    const worker = new Worker(new URL(import.meta.resolve("#cli/swarm/agents-thread.ts")), {
      name: "agents",
      resourceLimits: { maxYoungGenerationSizeMb: AGENTS_YOUNG_MIB },
    });
    const thread = new AgentsThread(worker);
    await thread.#control.open(setup, Comlink.transfer(blocks, [blocks]));
    for (const { name } of agents) thread.#names.add(name);
    thread.unstarted.push(...(await thread.#control.hire(agents)));
    return thread;
  }

  connect(index: number, port: MessagePort): void {
    void this.#control.connect(index, Comlink.transfer(port, [port]));
  }

  /** Which agents live here. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** An account verb in the agent's own voice; it has one, and it is here. */
  sayAccount<V extends AccountVerb>(
    name: string,
    nonce: number,
    verb: V,
    body: Bodies[V],
  ): Promise<Receipt> {
    return this.#control.sayAccount(name, nonce, verb, body);
  }

  stats(): Promise<readonly HiredStats[]> {
    return this.#control.stats();
  }

  /** Programs are stopped, then the thread. */
  close(): Promise<void> {
    this.#closing ??= this.#control.close().then(async () => {
      await this.#worker.terminate();
    });
    return this.#closing;
  }
}
