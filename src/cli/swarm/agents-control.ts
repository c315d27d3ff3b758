/** The main thread's side of the agents' thread. */

import { Worker, type MessagePort } from "node:worker_threads";
import * as Comlink from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
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

export class AgentsThread {
  readonly #worker: Worker;
  readonly #control: Comlink.Remote<AgentsControl>;
  readonly unstarted: Unstarted[] = [];
  #closing: Promise<void> | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#control = Comlink.wrap<AgentsControl>(nodeEndpoint(worker));
  }

  /** Starts the thread and the agents' programs in it. */
  static async start({ blocks, agents, ...setup }: AgentsOptions): Promise<AgentsThread> {
    const worker = new Worker(new URL(import.meta.resolve("#cli/swarm/agents-thread.ts")), {
      name: "agents",
    });
    const thread = new AgentsThread(worker);
    await thread.#control.open(setup, Comlink.transfer(blocks, [blocks]));
    thread.unstarted.push(...(await thread.#control.hire(agents)));
    return thread;
  }

  connect(index: number, port: MessagePort): void {
    void this.#control.connect(index, Comlink.transfer(port, [port]));
  }

  /** Claim every agent's post again: whoever spoke for one elsewhere has ended. */
  attach(): Promise<void> {
    return this.#control.attach();
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
