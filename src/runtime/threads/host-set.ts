/**
 * The hosts of one supervisor process: started, connected to each other, supervised. A host whose thread
 * dies takes only its actors down: its buckets are led again, under a new epoch, on a fresh thread,
 * after the `exit` of the old one (P4). What it was doing when it died counts against the input in hand.
 */

import type { Clock } from "#ports/clock.ts";
import { mark } from "#ports/marks.ts";
import type { Epoch } from "#ports/store.ts";
import {
  beginTree,
  supervise,
  treeOf,
  type Directive,
  type News,
  type TreeEvent,
} from "../supervision/tree.ts";
import { PoisonCounts } from "../supervision/poison.ts";
import type { SupervisorSpec } from "../supervision/spec.ts";
import type { HostEvent } from "../host/environment.ts";
import type {
  EpochFacts,
  HostCounts,
  HostRunner,
  Port,
  RemoteControl,
  StartedHost,
  ThreadFault,
} from "./protocol.ts";

export interface HostSetOptions<P extends Port> {
  readonly hosts: number;
  readonly placement: readonly number[];
  readonly runner: HostRunner<P>;
  /** To where other supervisors are (bus/bus-bridge.ts); none embedded. */
  readonly bridge?: { readonly connect: (index: number, port: P) => void };
  readonly tree: SupervisorSpec;
  readonly facts: EpochFacts;
  /**
   * A host is there that may lead these buckets. Embedded it leads all of them at once; in a cluster
   * leadership is won bucket by bucket (leadership/leadership.ts). `tell` makes it lead.
   */
  readonly lead: (
    buckets: readonly number[],
    tell: (buckets: readonly number[], epoch: Epoch) => Promise<void>,
  ) => Promise<void>;
  readonly fault?: ThreadFault;
  readonly clock: Clock;
  readonly onNews: (news: HostNews) => void;
  /** The tree gave up: too many failures in their window. */
  readonly onHalt: (reason: string) => void;
}

export type HostNews =
  | { readonly type: "died"; readonly host: number; readonly reason: string }
  | { readonly type: "restarted"; readonly host: number; readonly afterMs: number }
  | { readonly type: "host"; readonly host: number; readonly event: HostEvent };

interface HostSlot<P> {
  readonly host: StartedHost<P>;
  readonly run: number;
  opened: boolean;
  ready: boolean;
  /** Resolves when it has ended: who asked it something gets no answer. */
  readonly gone: Promise<void>;
  /** What kept it from coming up; undefined: nothing did. */
  failure: string | undefined;
  /** Told to stop: its end is no failure, and nothing it had in hand is to blame. */
  stopping: boolean;
}

export interface Connection<P> {
  readonly id: number;
  /** Called with a fresh port for each host, and again for a host that came back. */
  readonly connect: (index: number, port: P) => void;
}

export class HostSet<P extends Port> {
  readonly #o: HostSetOptions<P>;
  readonly #slots = new Map<number, HostSlot<P>>();
  readonly #connections = new Map<number, Connection<P>>();
  readonly #poison = new PoisonCounts();
  /** Set aside for good: each host that starts is told. */
  readonly #dead = new Set<string>();
  readonly #tree;
  #state;
  readonly #delayed = new Map<string, () => void>();
  #stopping = false;
  #faulted = false;
  #diedAt = new Map<number, number>();
  #waiting: (() => void)[] = [];
  restarts = 0;

  constructor(options: HostSetOptions<P>) {
    this.#o = options;
    this.#tree = treeOf(options.tree);
    const begun = beginTree(this.#tree);
    this.#state = begun.state;
    this.#obey(begun.directives);
  }

  /** Resolves when every host leads its buckets. */
  async ready(): Promise<void> {
    while (!this.allReady) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  get allReady(): boolean {
    return (
      this.#slots.size === this.#o.hosts && [...this.#slots.values()].every((slot) => slot.ready)
    );
  }

  add(connection: Connection<P>): void {
    this.#connections.set(connection.id, connection);
    for (const [index, slot] of this.#slots) if (slot.ready) this.#connect(connection, index, slot);
  }

  remove(id: number): void {
    this.#connections.delete(id);
  }

  control(index: number): RemoteControl<P> | undefined {
    return this.#slots.get(index)?.host.control;
  }

  /**
   * Resolves when the host has answered, or has ended before it could, or is not there. One that is not open
   * is not there: it leads nothing, and may wait for its servers for long.
   */
  async unlessGone(
    index: number,
    ask: (control: RemoteControl<P>) => Promise<void>,
  ): Promise<void> {
    const slot = this.#slots.get(index);
    if (slot?.opened === true) await Promise.race([ask(slot.host.control), slot.gone]);
  }

  controls(): RemoteControl<P>[] {
    return [...this.#slots.values()].map((slot) => slot.host.control);
  }

  /** Of each host that answers: what it has counted since its thread began. */
  async stats(): Promise<HostCounts[]> {
    const found: HostCounts[] = [];
    await Promise.all(
      [...this.#slots.keys()].map((index) =>
        this.unlessGone(index, async (host) => void found.push(await host.stats())),
      ),
    );
    return found;
  }

  hostOf(bucket: number): number {
    return this.#o.placement[bucket] ?? 0;
  }

  /** Finish what is queued on every host, take snapshots. */
  async drain(): Promise<void> {
    this.#stopping = true;
    await this.settle();
  }

  /** The same, and they go on. */
  async settle(): Promise<void> {
    // Twice: what one host commits may be an ask to another.
    for (let round = 0; round < 2; round += 1)
      await Promise.all(
        [...this.#slots.keys()].map((index) => this.unlessGone(index, (host) => host.drain())),
      );
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const cancel of this.#delayed.values()) cancel();
    await Promise.all([...this.#slots.values()].map((slot) => slot.host.terminate()));
  }

  #took(event: TreeEvent): void {
    const { state, directives, news } = supervise(
      this.#tree,
      this.#state,
      event,
      this.#o.clock.monotonicMs(),
    );
    this.#state = state;
    for (const item of news) this.#published(item);
    this.#obey(directives);
  }

  #published(news: News): void {
    if (news.kind === "decided" && news.verdict.kind === "escalate") mark("supervision.escalated");
    if (news.kind === "halted") this.#o.onHalt(news.reason);
  }

  #obey(directives: readonly Directive[]): void {
    for (const directive of directives) {
      if (directive.kind === "stop") this.#end(directive.child, directive.run);
      else if (directive.afterMs === 0) this.#start(indexOf(directive.child), directive);
      else {
        const start = (): void => {
          this.#delayed.delete(directive.child);
          this.#start(indexOf(directive.child), directive);
        };
        this.#delayed.set(directive.child, this.#o.clock.after(directive.afterMs, start));
      }
    }
  }

  /** Every stop is answered, also of a start that had not begun (supervision/tree.ts V5). */
  #end(child: string, run: number): void {
    const slot = this.#slots.get(indexOf(child));
    if (slot !== undefined) {
      slot.stopping = true;
      void slot.host.terminate();
      return;
    }
    this.#delayed.get(child)?.();
    this.#delayed.delete(child);
    this.#took({ kind: "exited", child, run });
  }

  #start(index: number, { child, run }: Extract<Directive, { kind: "start" }>): void {
    if (this.#stopping) return;
    const fault = index === 0 && !this.#faulted ? this.#o.fault : undefined;
    if (fault !== undefined) this.#faulted = true;
    const host = this.#o.runner.start({ index, name: child, dead: [...this.#dead], fault });
    let exited = (): void => {};
    const slot: HostSlot<P> = {
      host,
      run,
      opened: false,
      ready: false,
      gone: new Promise((resolve) => {
        exited = resolve;
      }),
      failure: undefined,
      stopping: false,
    };
    this.#slots.set(index, slot);
    host.onEvent((event) => this.#o.onNews({ type: "host", host: index, event }));
    host.onExit((failure) => {
      exited();
      this.#died(index, child, slot, failure);
    });
    void this.#bringUp(index, child, slot);
  }

  async #bringUp(index: number, child: string, slot: HostSlot<P>): Promise<void> {
    const { control } = slot.host;
    try {
      await control.open(this.#o.facts, this.#o.placement);
      if (this.#slots.get(index) !== slot) return;
      const buckets = this.#o.placement.flatMap((host, bucket) => (host === index ? [bucket] : []));
      slot.opened = true;
      const [inner, outer] = this.#o.bridge === undefined ? [] : this.#o.runner.channel();
      if (inner !== undefined && outer !== undefined) {
        void control.connectBus(inner);
        this.#o.bridge?.connect(index, outer);
      }
      // Whoever opens later joins the two, so each pair is joined once.
      for (const [other, peer] of this.#slots)
        if (other !== index && peer.opened) this.#join(index, slot, other, peer);
      await this.#o.lead(buckets, (some, epoch) => control.lead(some, epoch));
      slot.ready = true;
      for (const connection of this.#connections.values()) this.#connect(connection, index, slot);
      this.#took({ kind: "started", child, run: slot.run });
      const diedAt = this.#diedAt.get(index);
      if (diedAt !== undefined) {
        mark("supervision.restarted");
        this.restarts += 1;
        this.#o.onNews({
          type: "restarted",
          host: index,
          afterMs: this.#o.clock.monotonicMs() - diedAt,
        });
      }
      for (const resolve of this.#waiting.splice(0)) resolve();
    } catch (error) {
      // What fails here ends this run; its `exit` tells the supervisor.
      slot.failure = error instanceof Error ? error.message : String(error);
      await slot.host.terminate();
    }
  }

  #join(a: number, slotA: HostSlot<P>, b: number, slotB: HostSlot<P>): void {
    const [toB, toA] = this.#o.runner.channel();
    void slotA.host.control.connectHost(b, toB);
    void slotB.host.control.connectHost(a, toA);
  }

  #connect(connection: Connection<P>, index: number, slot: HostSlot<P>): void {
    const [inner, outer] = this.#o.runner.channel();
    void slot.host.control.connectAgents(connection.id, inner);
    connection.connect(index, outer);
  }

  #died(index: number, child: string, slot: HostSlot<P>, failure: string | undefined): void {
    const { run } = slot;
    if (this.#stopping) return;
    this.#slots.delete(index);
    this.#diedAt.set(index, this.#o.clock.monotonicMs());
    if (slot.stopping) {
      this.#took({ kind: "exited", child, run });
      return;
    }
    const name = slot.host.inHand();
    const verdicts = name === "" ? [] : this.#poison.died([name]);
    for (const { kind, id } of verdicts) if (kind === "dead-letter") this.#dead.add(id);
    const reason = failure ?? slot.failure ?? "exit";
    this.#o.onNews({ type: "died", host: index, reason });
    this.#took({ kind: "failed", child, run, reason });
  }
}

const indexOf = (child: string): number => Number(child.split("/")[1] ?? 0);
