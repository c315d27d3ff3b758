/** The main thread's side of the agents' thread. */

import { Worker, type MessagePort } from "node:worker_threads";
import * as Comlink from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import type { AgentsControl, AgentsSetup, HiredSpec, HiredStats } from "./agents-thread.ts";

export interface AgentsOptions extends AgentsSetup {
  readonly blocks: MessagePort;
}

export class AgentsThread {
  readonly #worker: Worker;
  readonly #control: Comlink.Remote<AgentsControl>;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#control = Comlink.wrap<AgentsControl>(nodeEndpoint(worker));
  }

  static async start({ blocks, ...setup }: AgentsOptions): Promise<AgentsThread> {
    const worker = new Worker(new URL(import.meta.resolve("#cli/swarm/agents-thread.ts")), {
      name: "agents",
    });
    const thread = new AgentsThread(worker);
    await thread.#control.open(setup, Comlink.transfer(blocks, [blocks]));
    return thread;
  }

  connect(index: number, port: MessagePort): void {
    void this.#control.connect(index, Comlink.transfer(port, [port]));
  }

  /** Load programs and begin to listen. Answers why an agent could not be started, by name. */
  async hire(
    agents: readonly HiredSpec[],
  ): Promise<readonly { readonly name: string; readonly why: string }[]> {
    return this.#control.hire(agents);
  }

  stats(): Promise<readonly HiredStats[]> {
    return this.#control.stats();
  }

  /** Programs are stopped, then the thread. */
  async close(): Promise<void> {
    await this.#control.close();
    await this.#worker.terminate();
  }
}
