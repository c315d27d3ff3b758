/**
 * A simulated supervisor of a cluster: the runtime's own member on a machine with a disk, a share of
 * the consensus store, the stream and the bus. It is started again when it ends.
 */

import type { Verifier } from "#envelope/keys.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { Consensus } from "#ports/consensus.ts";
import { Fault } from "#ports/faults.ts";
import type { Journal } from "#ports/journal.ts";
import type { Store } from "#ports/store.ts";
import type { Application } from "#runtime/bucket/application.ts";
import { ClusterStore } from "#runtime/commit/cluster-store.ts";
import type { HostLimits } from "#runtime/host/environment.ts";
import type { Host } from "#runtime/host/host.ts";
import { ClusterMember, type MemberNews } from "#runtime/leadership/member.ts";
import type { SupervisorSpec } from "#runtime/supervision/spec.ts";
import type { EpochFacts } from "#runtime/threads/protocol.ts";
import type { Prng } from "../kernel/prng.ts";
import type { SimBlocks } from "./blocks.ts";
import type { SimBus } from "./bus.ts";
import type { SimConsensus } from "./consensus.ts";
import { SimHosts, type SimPort, type Thread } from "./hosts.ts";
import type { SimJournal, SimStream } from "./journal.ts";
import { lateFrom, type Caller } from "./latency.ts";
import type { Machine } from "./machine.ts";

export interface SimMemberOptions {
  readonly machine: Machine;
  readonly journal: SimJournal;
  readonly stream: SimStream;
  readonly consensus: SimConsensus;
  readonly bus: SimBus;
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
  readonly threadMsMax: number;
  readonly storeMsMax: () => number;
  readonly onNews: (
    news: MemberNews | { readonly type: "started" | "ended"; readonly why: string },
  ) => void;
}

/** From one run of what a reconciler does with the own disk to the next, ms: a run of the world has some. */
const FILL_MS = 5_000;
/** Between two stretches of it, ms. */
const FILL_REST_MS = 20;
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 6_000;

export class SimMember {
  readonly #o: SimMemberOptions;
  #member: ClusterMember<SimPort> | undefined;
  #runner: SimHosts | undefined;
  #turnsToFault: { index: number; turns: number } | undefined;
  #lives = 0;
  /** Cut off from the consensus store. */
  isCutOff = false;
  /** Cut off from the stream; of the bus it is the network that knows. */
  isOffBus = false;

  constructor(options: SimMemberOptions) {
    this.#o = options;
  }

  get machine(): Machine {
    return this.#o.machine;
  }

  start(): void {
    const { machine, journal, chance, bus } = this.#o;
    let disk: Journal;
    try {
      disk = journal.open();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#end(error.code);
      return;
    }
    const runner = new SimHosts({
      machine,
      createApplication: this.#o.createApplication,
      verifier: this.#o.verifier,
      limits: this.#o.limits,
      query: this.#o.query,
      store: (thread) => this.#o.changeStore(this.#storeOf(thread, disk)),
      delayMs: () => chance.below(this.#o.threadMsMax + 1),
      beforeTurn: (index) => this.#beforeTurn(index),
    });
    this.#runner = runner;
    const own: Caller = { after: (delayMs, run) => machine.afterTrue(delayMs, run) };
    this.#member = new ClusterMember<SimPort>({
      name: machine.name,
      build: "simulated",
      isAlike: () => true,
      consensus: this.#consensusFor(own),
      bus: bus.connect(machine),
      restock: (bucket) => this.#clusterStore(own, disk).restock(bucket),
      reach: async () => {
        if (this.isOffBus || this.#o.stream.isAway) throw new Fault("BUS_UNREACHABLE", "cut off");
      },
      runner,
      hosts: this.#o.hosts,
      placement: this.#o.placement,
      tree: this.#o.tree,
      facts: this.#o.facts,
      clock: machine.clock,
      onNews: this.#o.onNews,
      onHalt: (reason) => this.crash(reason),
    });
    this.#fillLater(this.#member, this.#clusterStore(own, disk, chance.stream("fill")));
    this.#o.onNews({ type: "started", why: "" });
  }

  /** As the reconciler of a real one, which looks at nothing else here. It ends with this life. */
  #fillLater({ leadership }: ClusterMember<SimPort>, store: ClusterStore): void {
    const { machine } = this.#o;
    const rest = (): Promise<void> =>
      new Promise((resolve) => void machine.after(FILL_REST_MS, resolve));
    const fill = async (): Promise<void> => {
      // What fails is gone on with at the next run.
      await store.fill(() => leadership.led, rest).catch(() => undefined);
      machine.after(FILL_MS, () => void fill());
    };
    machine.after(FILL_MS, () => void fill());
  }

  #storeMs(chance = this.#o.chance): number {
    return chance.below(this.#o.storeMsMax() + 1);
  }

  #consensusFor(caller: Caller, chance = this.#o.chance): Consensus {
    const { machine } = this.#o;
    const delayMs = (): number => this.#storeMs(chance);
    const guarded = <T extends object>(target: T): T =>
      Object.fromEntries(
        Object.entries(target).map(([name, value]) => [
          name,
          typeof value === "function" && name !== "watch"
            ? async (...args: readonly unknown[]) => {
                if (this.isCutOff)
                  throw new Fault("CONSENSUS_UNREACHABLE", "cut off from the store");
                return (value as (...args: readonly unknown[]) => unknown)(...args);
              }
            : value,
        ]),
      ) as T;
    const consensus = guarded(this.#o.consensus.connect());
    const late = lateFrom(consensus, machine, caller, delayMs, ["watch"]);
    return {
      ...late,
      join: async (name, ttlMs, build) => {
        const session = await late.join(name, ttlMs, build);
        return lateFrom(guarded(session), machine, caller, delayMs);
      },
      watch: (changed) => {
        const life = this.#lives;
        return consensus.watch(() => {
          // A process that is gone hears nothing.
          if (life === this.#lives) caller.after(delayMs(), changed, true);
        });
      },
    };
  }

  #clusterStore(caller: Caller, disk: Journal, chance = this.#o.chance): ClusterStore {
    const { machine, stream } = this.#o;
    const delayMs = (): number => this.#storeMs(chance);
    const shared = stream.connect(
      () => chance.chance(500_000),
      () => this.isOffBus,
    );
    return new ClusterStore({
      journal: lateFrom(disk, machine, caller, delayMs),
      stream: lateFrom(shared, machine, caller, delayMs),
      consensus: this.#consensusFor(caller, chance),
    });
  }

  #storeOf(thread: Thread, disk: Journal): Store & Blocks {
    const { machine, blocks } = this.#o;
    const delayMs = (): number => this.#storeMs();
    const store = this.#clusterStore(thread, disk);
    // Blocks are on every machine: what is published can be read by whoever leads next.
    const theirs: Blocks = lateFrom(blocks.open(), machine, thread, delayMs);
    return {
      lead: () => Promise.reject(new Error("leadership is won, not asked for")),
      head: (bucket) => store.head(bucket),
      read: (...args) => store.read(...args),
      commit: (writes) => store.commit(writes),
      loadSnapshot: (bucket) => store.loadSnapshot(bucket),
      saveSnapshot: (snapshot) => store.saveSnapshot(snapshot),
      close: () => Promise.resolve(),
      ...theirs,
    };
  }

  crash(why: string): void {
    if (this.#member === undefined) return;
    const { machine, journal } = this.#o;
    this.#lives += 1;
    machine.crash();
    journal.crash();
    this.#member = undefined;
    this.#runner = undefined;
    this.#end(why);
  }

  #end(why: string): void {
    const { machine, chance } = this.#o;
    this.#o.onNews({ type: "ended", why });
    machine.afterTrue(chance.between(RESTART_MS_MIN, RESTART_MS_MAX), () => this.start());
  }

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

  leads(bucket: number): boolean {
    return this.#member?.leadership.led.has(bucket) === true;
  }

  async query(bucket: number, name: string, argument?: unknown): Promise<unknown> {
    const hosts = this.#member?.hosts;
    return hosts?.control(hosts.hostOf(bucket))?.query(name, argument);
  }

  give(bucket: number, verb: string, body: unknown): void {
    const hosts = this.#member?.hosts;
    hosts
      ?.control(hosts.hostOf(bucket))
      ?.give(bucket, verb, body)
      .catch(() => {});
  }
}
