/** One supervisor with a disk of its own; agents reach it over the network. */

import type { SwarmLink } from "#ports/swarm-link.ts";
import type { Canary } from "../canaries/canary.ts";
import type { FaultPlan } from "../plan/plan.ts";
import type { Scheduler } from "../kernel/scheduler.ts";
import { Machine, type ClockFaults } from "../world/machine.ts";
import { RemoteLink } from "../world/remote-link.ts";
import { SimDisk, type DiskWatcher } from "../world/store.ts";
import { SimSupervisor, type SupervisorOptions } from "../world/supervisor.ts";
import type { Contents, SimSwarm } from "./swarm.ts";

export const SUPERVISOR = "supervisor-0";
/** After a fault whose answer comes late, the store thinks again so much later, ms. */
const LATE_MS_MAX = 5_000;

export interface EmbeddedOptions extends Omit<SupervisorOptions, "machine" | "disk"> {
  readonly scheduler: Scheduler;
  readonly clock: ClockFaults;
  readonly watcher: DiskWatcher;
  readonly canary?: Canary;
}

export class EmbeddedSwarm implements SimSwarm {
  readonly processes: readonly SimSupervisor[];
  readonly gateways = [SUPERVISOR];
  readonly #o: EmbeddedOptions;
  readonly #disk: SimDisk;
  readonly #supervisor: SimSupervisor;

  constructor(options: EmbeddedOptions) {
    this.#o = options;
    this.#disk = new SimDisk(options.watcher, options.canary?.rule);
    options.canary?.disk?.(this.#disk);
    const machine = new Machine(options.scheduler, SUPERVISOR, options.clock);
    this.#supervisor = new SimSupervisor({ ...options, machine, disk: this.#disk });
    this.processes = [this.#supervisor];
  }

  start(): void {
    this.#supervisor.start();
  }

  link(machine: Machine): SwarmLink {
    return new RemoteLink(machine, this.#o.network, () => SUPERVISOR);
  }

  async query(bucket: number, name: string, argument: unknown): Promise<unknown> {
    return this.#supervisor.isReady ? this.#supervisor.query(bucket, name, argument) : undefined;
  }

  give(bucket: number, verb: string, body: unknown): void {
    this.#supervisor.give(bucket, verb, body);
  }

  strike(fault: FaultPlan): boolean {
    const { scheduler, chance } = this.#o;
    switch (fault.kind) {
      case "store-slow":
        this.#disk.slow();
        scheduler.after(fault.forMs, () => this.#disk.release());
        return true;
      case "store-fault":
        this.#disk.fail(fault.bucket, ...Array.from({ length: fault.times }, () => fault.fault));
        scheduler.after(
          chance.stream(JSON.stringify(fault)).below(LATE_MS_MAX * fault.times),
          () => {
            this.#disk.deliverLate();
            this.#disk.giveUp();
          },
        );
        return true;
      case "disk-full":
        this.#disk.isFull = true;
        scheduler.after(fault.forMs, () => {
          this.#disk.isFull = false;
        });
        return true;
      default:
        return false;
    }
  }

  calm(): void {
    this.#disk.isFull = false;
    this.#disk.forgetFaults();
    this.#disk.release();
    this.#disk.deliverLate();
    this.#disk.giveUp();
  }

  contents(): Iterable<Contents> {
    return this.#disk.contents();
  }
}
