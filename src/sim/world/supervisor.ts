/**
 * A simulated supervisor process: hosts on threads under the runtime's own supervision, one disk, a
 * gateway for agents. It is started again by its machine when it ends, as an init system would.
 */

import type { Verifier } from "#envelope/keys.ts";
import type { Blocks } from "#ports/blocks.ts";
import { Fault } from "#ports/faults.ts";
import type { Store } from "#ports/store.ts";
import type { Application } from "#runtime/bucket/application.ts";
import type { HostLimits } from "#runtime/host/environment.ts";
import type { Host } from "#runtime/host/host.ts";
import type { SupervisorSpec } from "#runtime/supervision/spec.ts";
import { HostSet, type HostNews } from "#runtime/threads/host-set.ts";
import { PortLink } from "#runtime/threads/port-link.ts";
import type { EpochFacts } from "#runtime/threads/protocol.ts";
import type { Prng } from "../kernel/prng.ts";
import { SimHosts, type SimPort } from "./hosts.ts";
import { reachedFrom } from "./latency.ts";
import type { Machine } from "./machine.ts";
import type { SimNetwork } from "./network.ts";
import { Gateway, type GatewayEvents } from "./remote-link.ts";
import type { SimBlocks } from "./blocks.ts";
import type { SimDisk } from "./store.ts";

/** Agents' news, and that it started or ended. */
export type SupervisorNews =
  | HostNews
  | { readonly type: "started" | "ended"; readonly why: string };

export interface SupervisorOptions {
  readonly machine: Machine;
  readonly network: SimNetwork;
  readonly disk: SimDisk;
  readonly blocks: SimBlocks;
  readonly chance: Prng;
  readonly createApplication: () => Application;
  readonly query: (host: Host, name: string, argument: unknown) => unknown;
  /** The store as a host gets it; as it is, but for canaries. */
  readonly changeStore: (store: Store & Blocks) => Store & Blocks;
  readonly verifier: Verifier;
  readonly limits: HostLimits;
  readonly hosts: number;
  readonly placement: readonly number[];
  readonly tree: SupervisorSpec;
  readonly facts: EpochFacts;
  readonly outputs: GatewayEvents;
  /** Longest way of one message between threads, and to the store, ms. */
  readonly threadMsMax: number;
  readonly storeMsMax: () => number;
  readonly onNews: (news: SupervisorNews) => void;
}

/** From the end of a process to its next start, ms. */
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 3_000;

export class SimSupervisor {
  readonly #o: SupervisorOptions;
  #hosts: HostSet<SimPort> | undefined;
  #runner: SimHosts | undefined;
  #turnsToFault: { index: number; turns: number } | undefined;
  restarts = 0;

  constructor(options: SupervisorOptions) {
    this.#o = options;
  }

  start(): void {
    const { machine, network, disk, blocks, chance } = this.#o;
    let opened: Store & Blocks;
    try {
      opened = { ...disk.open(), ...blocks.open() };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#end(error.code);
      return;
    }
    const storeMs = (): number => chance.below(this.#o.storeMsMax() + 1);
    const runner = new SimHosts({
      machine,
      createApplication: this.#o.createApplication,
      verifier: this.#o.verifier,
      limits: this.#o.limits,
      query: this.#o.query,
      store: (thread) => this.#o.changeStore(reachedFrom(opened, machine, thread, storeMs)),
      delayMs: () => chance.below(this.#o.threadMsMax + 1),
      beforeTurn: (index) => this.#beforeTurn(index),
    });
    this.#runner = runner;
    const own = { after: (delayMs: number, run: () => void) => machine.afterTrue(delayMs, run) };
    const store = reachedFrom(opened, machine, own, storeMs);
    const hosts = new HostSet<SimPort>({
      hosts: this.#o.hosts,
      placement: this.#o.placement,
      runner,
      tree: this.#o.tree,
      facts: this.#o.facts,
      lead: async (buckets, tell) => tell(buckets, await store.lead(buckets)),
      clock: machine.clock,
      onNews: this.#o.onNews,
      onHalt: (reason) => this.crash(reason),
    });
    this.#hosts = hosts;
    const link = new PortLink({ placement: this.#o.placement });
    hosts.add({ id: 1, connect: (index, port) => link.connect(index, port) });
    new Gateway(machine, network, link, this.#o.outputs);
    this.#o.onNews({ type: "started", why: "" });
  }

  get machine(): Machine {
    return this.#o.machine;
  }

  /** The process is killed; it starts again after a while. */
  crash(why: string): void {
    if (this.#hosts === undefined) return;
    const { machine, disk, blocks } = this.#o;
    machine.crash();
    disk.crash();
    blocks.crash();
    this.#hosts = undefined;
    this.#runner = undefined;
    this.#end(why);
  }

  #end(why: string): void {
    const { machine, chance } = this.#o;
    this.#o.onNews({ type: "ended", why });
    this.restarts += 1;
    machine.afterTrue(chance.between(RESTART_MS_MIN, RESTART_MS_MAX), () => this.start());
  }

  /** One of its threads ends: at once, or by an error in one of its next turns. */
  killThread(index: number, how: "exit" | "throw", turns: number): void {
    if (how === "exit") this.#runner?.threads.get(index)?.die("exit");
    else this.#turnsToFault = { index, turns };
  }

  #beforeTurn(index: number): void {
    const fault = this.#turnsToFault;
    if (fault?.index !== index) return;
    fault.turns -= 1;
    if (fault.turns > 0) return;
    this.#turnsToFault = undefined;
    throw new Error("a fault was asked for: throw");
  }

  /** Undefined: it is not there, or its answer never came. */
  async query(bucket: number, name: string, argument?: unknown): Promise<unknown> {
    const hosts = this.#hosts;
    return hosts?.control(hosts.hostOf(bucket))?.query(name, argument);
  }

  /** The operator's word. */
  give(bucket: number, verb: string, body: unknown): void {
    const hosts = this.#hosts;
    // To a host that is not up yet it is as if nothing had been said.
    hosts
      ?.control(hosts.hostOf(bucket))
      ?.give(bucket, verb, body)
      .catch(() => {});
  }

  get isReady(): boolean {
    return this.#hosts?.allReady === true;
  }
}
