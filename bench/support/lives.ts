/** Lives of needs on this one thread, host and agents, and what one costs; in a process beside it as well. */

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { enrolLoad } from "#cli/bench/lifecycle.ts";
import { Load, type LoadSetup } from "#cli/bench/load-thread.ts";
import { patientFolder } from "./market.ts";
import { openOneThread, type OneThread } from "./one-thread.ts";

export class Lives {
  readonly #thread: OneThread;
  readonly #open: number;
  readonly setup: LoadSetup;
  #load: Load | undefined;
  #posted = 0;
  /** Needs that have ended. */
  finalized = 0;

  private constructor(thread: OneThread, setup: LoadSetup, open: number) {
    this.#thread = thread;
    this.setup = setup;
    this.#open = open;
  }

  /** In a folder of auctions that stay open; `open` needs at a time. */
  static async open(dir: string, open: number): Promise<Lives> {
    const thread = await openOneThread(patientFolder(dir));
    return new Lives(thread, await enrolLoad(thread.swarm, thread.swarm.placement), open);
  }

  get swarm(): OneThread["swarm"] {
    return this.#thread.swarm;
  }

  /** A capability whose worker is registered and never there: needs of it stay live. */
  get idle(): readonly string[] {
    return this.setup.capabilities.slice(-1);
  }

  /** For so many ms; tells the CPU of this thread for one life, µs. */
  async run(ms: number): Promise<number> {
    const load = (this.#load ??= await this.#agents());
    const before = process.threadCpuUsage();
    const result = await load.run({ open: this.#open, ms });
    const { user, system } = process.threadCpuUsage(before);
    if (result.finalized === 0) throw new Error("no need ends any more");
    this.finalized += result.finalized;
    this.#posted += result.posted;
    return (user + system) / result.finalized;
  }

  /** The next run has agents that remember nothing. */
  async leave(): Promise<void> {
    await this.#load?.close();
    this.#load = undefined;
  }

  async #agents(): Promise<Load> {
    const { setup } = this;
    const load = new Load();
    const absent = `worker-${setup.capabilities.length - 1}`;
    const agents = setup.agents.filter(({ name }) => name !== absent);
    const capabilities = setup.capabilities.slice(0, -1);
    const firstSerial = this.#posted;
    await load.open({ ...setup, capabilities, agents, firstSerial }, this.#thread.sqlite.port());
    this.#thread.add((index, port) => load.connect(index, port));
    return load;
  }
}

/** The same in a process of its own, which stands still unless it is asked. */
export class LivesBeside {
  readonly #child: ChildProcess;

  constructor(dir: string, open: number) {
    const script = fileURLToPath(new URL("lives-beside.ts", import.meta.url));
    this.#child = fork(script, [dir, String(open)]);
    process.once("exit", () => this.#child.kill());
  }

  /** As `Lives.run`. */
  async run(ms: number): Promise<number> {
    this.#child.send(ms);
    const told = new AbortController();
    const [answer] = await Promise.race([
      once(this.#child, "message", told),
      once(this.#child, "exit", told),
    ]).finally(() => told.abort());
    // An exit tells a code, or null where a signal ended it.
    if (this.#child.exitCode !== null || this.#child.signalCode !== null)
      throw new Error("the process beside this one has ended");
    return answer as number;
  }

  close(): void {
    this.#child.kill();
  }
}
