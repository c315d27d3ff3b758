/**
 * A swarm that runs and that this process speaks with: what commands, accounts and the gateway need of
 * it, wherever its buckets are led. `embedded.ts` leads all of them here; `cluster/` some, or none.
 */

import type { SwarmLink } from "#ports/swarm-link.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { Clock } from "#ports/clock.ts";
import type { Store } from "#ports/store.ts";
import type { LogStore } from "./log-report.ts";
import type { HostCounts } from "#runtime/threads/protocol.ts";
import type { ClusterFigures, Foreteller } from "#gateway/swarm.ts";
import type { Reconciled } from "../reconcile/reconciler.ts";
import type { AgentsThread } from "./agents-control.ts";
import type { Folder } from "./folder.ts";
import type { Operator } from "./operator.ts";

/** Of the logs and the blocks: what can be read, and a block can be put. */
export type Reading = Pick<Store, "head"> & LogStore & Pick<Blocks, "get" | "put">;

export interface RunningSwarm {
  readonly folder: Folder;
  readonly clock: Clock;
  readonly store: Reading;
  /** Of the agents that this process runs. */
  readonly agents: AgentsThread | undefined;
  /** The operator's voice, on a connection of its own: what it says waits behind nobody's needs. */
  openOperator(): Promise<Operator>;
  /** A connection of its own to every bucket, for agents of this thread. */
  link(): SwarmLink;
  /** Of the bucket's leader, asked again of the next one where it ends before it has answered. */
  query<T>(bucket: number, name: string, argument?: unknown): Promise<T | undefined>;
  /** Of every host: one answer each. */
  queryAll(name: string): Promise<readonly unknown[]>;
  /** Of the hosts of this process: what each has counted since its thread began. */
  counts(): Promise<readonly HostCounts[]>;
  /** Undefined: it is no machine of a cluster. */
  readonly cluster: (() => Promise<ClusterFigures>) | undefined;
  /** Undefined: it leads nothing, or is no machine of a cluster. */
  readonly foreteller: Foreteller | undefined;
  /** The last run of its reconciler; undefined: none yet, or it has none. */
  readonly reconciled: Reconciled | undefined;
  system<T>(name: string, argument?: unknown): Promise<T | undefined>;
  /** Resolves when nothing is queued any more in the hosts of this process. */
  drain(): Promise<void>;
  close(drain: boolean): Promise<void>;
}
