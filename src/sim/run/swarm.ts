/** What the world needs of its supervisors, be it one with a disk or several in a cluster. */

import type { Head } from "#ports/store.ts";
import type { SwarmLink } from "#ports/swarm-link.ts";
import type { FaultPlan } from "../plan/plan.ts";
import type { Machine } from "../world/machine.ts";

export interface Contents {
  readonly head: Head;
  readonly chain: readonly Uint8Array[];
  readonly decides: readonly string[];
}

export interface SimProcess {
  readonly machine: Machine;
  readonly crash: (why: string) => void;
  readonly killThread: (index: number, how: "exit" | "throw", turns: number) => void;
}

export interface SimSwarm {
  readonly processes: readonly SimProcess[];
  start(): void;
  /** The way of whoever is on this machine, in its life of the moment. */
  link(machine: Machine): SwarmLink;
  /** Undefined: nobody leads the bucket, or no answer came. */
  query(bucket: number, name: string, argument: unknown): Promise<unknown>;
  give(bucket: number, verb: string, body: unknown): void;
  /** Machines with which an agent speaks. */
  readonly gateways: readonly string[];
  /** Faults of what lies under the supervisors. False: there is no such thing in this swarm. */
  strike(fault: FaultPlan): boolean;
  /** Those faults end now. */
  calm(): void;
  /** What the stores hold, for whoever looks from outside the world. */
  contents(): Iterable<Contents>;
}
