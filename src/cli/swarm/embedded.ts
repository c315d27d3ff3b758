/**
 * A swarm in one process: a store thread, host threads, an agents thread; no server. This is where the
 * embedded world is put together; nothing else chooses adapters.
 */

import type { MessagePort } from "node:worker_threads";
import { BUCKETS, SYSTEM_BUCKET } from "#envelope/cid.ts";
import { connect } from "#adapters/sqlite/client.ts";
import { openSqlite, type SqliteThread } from "#adapters/sqlite/open.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { machinesDigest } from "#machines/digest.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { Clock } from "#ports/clock.ts";
import type { Store } from "#ports/store.ts";
import type { SupervisorSpec } from "#runtime/supervision/spec.ts";
import { HostSet, type HostNews } from "#runtime/threads/host-set.ts";
import { WorkerHosts } from "#runtime/threads/worker-hosts.ts";
import { PortLink } from "#runtime/threads/port-link.ts";
import type { HostCounts, ThreadFault } from "#runtime/threads/protocol.ts";
import { embeddedReconciler } from "../reconcile/embedded.ts";
import type { Reconciled, Reconciler, ReconcilerNews } from "../reconcile/reconciler.ts";
import { AgentsThread } from "./agents-control.ts";
import type { HiredSpec } from "./agents-thread.ts";
import { writePid, type Folder } from "./folder.ts";
import { OwnOperator, type Operator } from "./operator.ts";
import type { RunningSwarm } from "./running-swarm.ts";
import { VERSION } from "../version.ts";

export interface SupervisorSettings {
  readonly tree: SupervisorSpec;
  readonly hosts: number;
  /** As far as a semi-space of each host's young generation may grow, MiB. */
  readonly youngMib?: number;
}

export interface EmbeddedOptions {
  readonly folder: Folder;
  readonly settings: SupervisorSettings;
  readonly fault?: ThreadFault;
  /**
   * Agents that the operator runs. Their programs are started before any bucket is led: log time
   * passes from then on, and nobody may miss a deadline because nobody had started it yet.
   */
  readonly hired?: readonly HiredSpec[];
  /** Between two runs of the reconciler, ms; undefined: it does not run. */
  readonly reconcileMs?: number;
  readonly onNews: (news: HostNews | ReconcilerNews) => void;
  readonly onHalt: (reason: string) => void;
}

/** Buckets spread over hosts; the system bucket, the busiest, on the last one. */
export const placementOf = (hosts: number): number[] => [
  ...Array.from({ length: BUCKETS }, (_, bucket) => bucket % hosts),
  hosts - 1,
];

/** What EPOCH says of the code that leads: the version, the machines, the policy. */
export const epochFields = (folder: Folder): Record<string, unknown> => ({
  header: folder.header,
  code: `canswarm ${VERSION}`,
  machines: machinesDigest(),
  policy: folder.genesis.policy,
});

const DIED = Symbol("the host died");

interface Opened {
  readonly sqlite: SqliteThread;
  readonly agents: AgentsThread | undefined;
  readonly removePid: () => void;
}

export class EmbeddedSwarm implements RunningSwarm {
  readonly cluster = undefined;
  readonly foreteller = undefined;
  readonly folder: Folder;
  readonly clock: Clock;
  readonly store: Store & Blocks;
  readonly hosts: HostSet<MessagePort>;
  /** Of the agents that were hired with `open`. */
  readonly agents: AgentsThread | undefined;
  readonly #sqlite: SqliteThread;
  readonly #removePid: () => void;
  readonly #placement: readonly number[];
  /** Questions that a host has not answered: it may die first. */
  readonly #waiting = new Map<number, Set<() => void>>();
  #connections = 0;
  readonly #links: PortLink[] = [];
  readonly #reconciler: Reconciler | undefined;

  private constructor(options: EmbeddedOptions, { sqlite, agents, removePid }: Opened) {
    this.#removePid = removePid;
    this.agents = agents;
    this.folder = options.folder;
    this.clock = systemClock();
    this.#sqlite = sqlite;
    this.store = connect(sqlite.port());
    this.#placement = placementOf(options.settings.hosts);
    this.hosts = new HostSet({
      hosts: options.settings.hosts,
      placement: this.#placement,
      runner: new WorkerHosts({
        application: import.meta.resolve("#actors/application.ts"),
        init: options.folder.genesisBytes,
        storage: import.meta.resolve("#adapters/sqlite/client.ts"),
        storageInit: undefined,
        storePorts: () => [sqlite.port()],
        youngMib: options.settings.youngMib,
      }),
      tree: options.settings.tree,
      facts: { master: options.folder.keys.seed("operator"), fields: epochFields(options.folder) },
      lead: async (buckets, tell) => tell(buckets, await this.store.lead(buckets)),
      clock: this.clock,
      onNews: (news) => {
        if (news.type === "died") for (const give of this.#waiting.get(news.host) ?? []) give();
        options.onNews(news);
      },
      onHalt: options.onHalt,
      ...(options.fault === undefined ? {} : { fault: options.fault }),
    });
    if (agents !== undefined) this.#add((index, port) => agents.connect(index, port));
    const { reconcileMs: periodMs, onNews } = options;
    this.#reconciler =
      periodMs === undefined
        ? undefined
        : embeddedReconciler(
            {
              clock: this.clock,
              store: this.store,
              buckets: this.#placement.map((_, bucket) => bucket),
              built: async () =>
                (await Promise.all(this.hosts.controls().map((host) => host.heads()))).flat(),
              query: (...asked) => this.query(...asked),
            },
            { periodMs, tell: (text) => onNews({ type: "reconciler", text }) },
          );
  }

  /** Refuses with DATA_IN_USE where another process has the folder. */
  static async open(options: EmbeddedOptions): Promise<EmbeddedSwarm> {
    const { folder, settings, hired } = options;
    const sqlite = await openSqlite(folder.dir);
    // As soon as the folder is ours: whoever wants to end us finds no earlier process there.
    const removePid = writePid(folder.dir);
    const agents =
      hired === undefined
        ? undefined
        : await AgentsThread.start({
            placement: placementOf(settings.hosts),
            swarm: folder.swarm,
            policy: folder.genesis.policy,
            blocks: sqlite.port(),
            agents: hired,
          });
    const swarm = new EmbeddedSwarm(options, { sqlite, agents, removePid });
    await swarm.hosts.ready();
    return swarm;
  }

  #add(connect: (index: number, port: MessagePort) => void): void {
    this.#connections += 1;
    this.hosts.add({ id: this.#connections, connect });
  }

  link(): PortLink {
    const link = new PortLink({ placement: this.#placement });
    this.#links.push(link);
    this.#add((index, port) => link.connect(index, port));
    return link;
  }

  /** A port to the blocks, for a thread of agents. */
  blocksPort(): MessagePort {
    return this.#sqlite.port();
  }

  get placement(): readonly number[] {
    return this.#placement;
  }

  async query<T>(bucket: number, name: string, argument?: unknown): Promise<T | undefined> {
    const host = this.hosts.hostOf(bucket);
    for (;;) {
      await this.hosts.ready();
      const answer = await this.#unlessDied(host, this.hosts.control(host)?.query(name, argument));
      if (answer !== DIED) return answer as T | undefined;
    }
  }

  async queryAll(name: string): Promise<unknown[]> {
    return Promise.all(
      Array.from({ length: Math.max(...this.#placement) + 1 }, (_, host) =>
        this.query(this.#placement.indexOf(host), name),
      ),
    );
  }

  get reconciled(): Reconciled | undefined {
    return this.#reconciler?.last;
  }

  counts(): Promise<readonly HostCounts[]> {
    return this.hosts.stats();
  }

  async #unlessDied(host: number, answer: Promise<unknown> | undefined): Promise<unknown> {
    if (answer === undefined) return DIED;
    let give = (): void => undefined;
    const death = new Promise<typeof DIED>((resolve) => {
      give = () => resolve(DIED);
    });
    const waiting = this.#waiting.get(host) ?? new Set();
    this.#waiting.set(host, waiting.add(give));
    try {
      return await Promise.race([answer, death]);
    } finally {
      waiting.delete(give);
    }
  }

  system<T>(name: string, argument?: unknown): Promise<T | undefined> {
    return this.query<T>(SYSTEM_BUCKET, name, argument);
  }

  openOperator(): Promise<Operator> {
    return OwnOperator.open(this, this.link(), this.folder.operator);
  }

  /** An operator's word: logged as a given entry of the bucket. */
  async give(bucket: number, verb: string, body: unknown): Promise<void> {
    await this.hosts.control(this.hosts.hostOf(bucket))?.give(bucket, verb, body);
  }

  async drain(): Promise<void> {
    await this.hosts.drain();
  }

  /** `drain` finishes what is queued; then everything is closed, in reverse. */
  async close(drain: boolean): Promise<void> {
    this.#reconciler?.close();
    if (drain) await this.hosts.drain();
    await this.agents?.close();
    for (const link of this.#links) link.close();
    await this.hosts.stop();
    this.#removePid();
    await this.#sqlite.close();
  }
}
