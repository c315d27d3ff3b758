/**
 * The host threads of one supervisor process: started, connected to each other, supervised. A thread
 * that dies takes only its actors down: its buckets are led again, under a new epoch, on a fresh thread,
 * after the `exit` of the old one (P4). What it was doing when it died counts against the input in hand.
 */

import { MessageChannel, Worker, type MessagePort } from "node:worker_threads";
import * as Comlink from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import type { Store } from "#ports/store.ts";
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
import {
  IN_HAND_BYTES,
  type EpochFacts,
  type HostControl,
  type HostThreadData,
  type ThreadFault,
} from "./protocol.ts";

/** Old-space of one host thread, MiB: beyond it the thread dies alone (ERR_WORKER_OUT_OF_MEMORY). */
export const HOST_HEAP_MIB = 2_048;
/** With a fault that fills memory the cap is small, so that it is reached soon. */
export const HOST_HEAP_FAULT_MIB = 192;

export interface HostSetOptions {
  readonly hosts: number;
  readonly placement: readonly number[];
  readonly application: string;
  readonly storage: string;
  readonly init: unknown;
  readonly tree: SupervisorSpec;
  readonly facts: EpochFacts;
  readonly store: Store;
  readonly storePort: () => MessagePort;
  readonly fault?: ThreadFault;
  readonly nowMs: () => number;
  readonly onNews: (news: HostNews) => void;
  /** The tree gave up: too many failures in their window. */
  readonly onHalt: (reason: string) => void;
}

export type HostNews =
  | { readonly type: "died"; readonly host: number; readonly reason: string }
  | { readonly type: "restarted"; readonly host: number; readonly afterMs: number }
  | { readonly type: "host"; readonly host: number; readonly event: HostEvent };

interface HostSlot {
  worker: Worker;
  control: Comlink.Remote<HostControl>;
  inHand: SharedArrayBuffer;
  run: number;
  opened: boolean;
  ready: boolean;
  /** Resolves when its thread has ended: who asked it something gets no answer. */
  readonly gone: Promise<void>;
  /** Why it ended; undefined: it just did. */
  failure: string | undefined;
  /** Told to stop: its end is no failure, and nothing it had in hand is to blame. */
  stopping: boolean;
}

export interface Connection {
  readonly id: number;
  /** Called with a fresh port for each host, and again for a host that came back. */
  readonly connect: (index: number, port: MessagePort) => void;
}

export class HostSet {
  readonly #o: HostSetOptions;
  readonly #slots = new Map<number, HostSlot>();
  readonly #connections = new Map<number, Connection>();
  readonly #poison = new PoisonCounts();
  /** Set aside for good: each host that starts is told. */
  readonly #dead = new Set<string>();
  readonly #tree;
  #state;
  readonly #delayed = new Map<string, NodeJS.Timeout>();
  #stopping = false;
  #faulted = false;
  #diedAt = new Map<number, number>();
  #waiting: (() => void)[] = [];
  restarts = 0;

  constructor(options: HostSetOptions) {
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

  add(connection: Connection): void {
    this.#connections.set(connection.id, connection);
    for (const [index, slot] of this.#slots) if (slot.ready) this.#connect(connection, index, slot);
  }

  remove(id: number): void {
    this.#connections.delete(id);
  }

  control(index: number): Comlink.Remote<HostControl> | undefined {
    return this.#slots.get(index)?.control;
  }

  controls(): Comlink.Remote<HostControl>[] {
    return [...this.#slots.values()].map((slot) => slot.control);
  }

  hostOf(bucket: number): number {
    return this.#o.placement[bucket] ?? 0;
  }

  /** Finish what is queued on every host, take snapshots. */
  async drain(): Promise<void> {
    this.#stopping = true;
    // Twice: what one host commits may be an ask to another.
    for (let round = 0; round < 2; round += 1)
      await Promise.all(
        [...this.#slots.values()].map(({ control, gone }) => Promise.race([control.drain(), gone])),
      );
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timeout of this.#delayed.values()) clearTimeout(timeout);
    await Promise.all([...this.#slots.values()].map((slot) => slot.worker.terminate()));
  }

  #took(event: TreeEvent): void {
    const { state, directives, news } = supervise(this.#tree, this.#state, event, this.#o.nowMs());
    this.#state = state;
    for (const item of news) this.#published(item);
    this.#obey(directives);
  }

  #published(news: News): void {
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
        this.#delayed.set(directive.child, setTimeout(start, directive.afterMs));
      }
    }
  }

  /** Every stop is answered, also of a start that had not begun (supervision/tree.ts V5). */
  #end(child: string, run: number): void {
    const slot = this.#slots.get(indexOf(child));
    if (slot !== undefined) {
      slot.stopping = true;
      void slot.worker.terminate();
      return;
    }
    clearTimeout(this.#delayed.get(child));
    this.#delayed.delete(child);
    this.#took({ kind: "exited", child, run });
  }

  #start(index: number, { child, run }: Extract<Directive, { kind: "start" }>): void {
    if (this.#stopping) return;
    const inHand = new SharedArrayBuffer(IN_HAND_BYTES);
    const fault = index === 0 && !this.#faulted ? this.#o.fault : undefined;
    if (fault !== undefined) this.#faulted = true;
    const data: HostThreadData = {
      index,
      application: this.#o.application,
      init: this.#o.init,
      storage: this.#o.storage,
      dead: [...this.#dead],
      inHand,
      fault,
    };
    const heap = fault?.kind === "oom" ? HOST_HEAP_FAULT_MIB : HOST_HEAP_MIB;
    const worker = new Worker(new URL(import.meta.resolve("#runtime/threads/host-thread.ts")), {
      workerData: data,
      name: child,
      resourceLimits: { maxOldGenerationSizeMb: heap },
    });
    const control = Comlink.wrap<HostControl>(nodeEndpoint(worker));
    const slot: HostSlot = {
      worker,
      control,
      inHand,
      run,
      opened: false,
      ready: false,
      gone: new Promise((resolve) => worker.once("exit", () => resolve())),
      failure: undefined,
      stopping: false,
    };
    this.#slots.set(index, slot);
    worker.on("error", (error: Error) => {
      const hasCode = "code" in error && typeof error.code === "string";
      slot.failure = hasCode ? String(error.code) : error.message;
    });
    worker.on("exit", () => this.#died(index, child, run, slot));
    void this.#bringUp(index, child, run, slot);
  }

  async #bringUp(index: number, child: string, run: number, slot: HostSlot): Promise<void> {
    try {
      const port = this.#o.storePort();
      const { port1: events, port2 } = new MessageChannel();
      events.on("message", (event: HostEvent) =>
        this.#o.onNews({ type: "host", host: index, event }),
      );
      events.unref();
      const ports = { store: port, events: port2 };
      await slot.control.open(
        Comlink.transfer(ports, [port, port2]),
        this.#o.facts,
        this.#o.placement,
      );
      if (this.#slots.get(index) !== slot) return;
      const buckets = this.#o.placement.flatMap((host, bucket) => (host === index ? [bucket] : []));
      slot.opened = true;
      // Whoever opens later joins the two, so each pair is joined once.
      for (const [other, peer] of this.#slots)
        if (other !== index && peer.opened) this.#join(index, slot, other, peer);
      const epoch = await this.#o.store.lead(buckets);
      await slot.control.lead(buckets, epoch);
      slot.ready = true;
      for (const connection of this.#connections.values()) this.#connect(connection, index, slot);
      this.#took({ kind: "started", child, run });
      const diedAt = this.#diedAt.get(index);
      if (diedAt !== undefined) {
        this.restarts += 1;
        this.#o.onNews({ type: "restarted", host: index, afterMs: this.#o.nowMs() - diedAt });
      }
      for (const resolve of this.#waiting.splice(0)) resolve();
    } catch (error) {
      // What fails here ends this run; its `exit` tells the supervisor.
      slot.failure = error instanceof Error ? error.message : String(error);
      await slot.worker.terminate();
    }
  }

  #join(a: number, slotA: HostSlot, b: number, slotB: HostSlot): void {
    const { port1, port2 } = new MessageChannel();
    void slotA.control.connectHost(b, Comlink.transfer(port1, [port1]));
    void slotB.control.connectHost(a, Comlink.transfer(port2, [port2]));
  }

  #connect(connection: Connection, index: number, slot: HostSlot): void {
    const { port1, port2 } = new MessageChannel();
    void slot.control.connectAgents(connection.id, Comlink.transfer(port1, [port1]));
    connection.connect(index, port2);
  }

  #died(index: number, child: string, run: number, slot: HostSlot): void {
    if (this.#stopping) return;
    this.#slots.delete(index);
    this.#diedAt.set(index, this.#o.nowMs());
    if (slot.stopping) {
      this.#took({ kind: "exited", child, run });
      return;
    }
    const bytes = new Uint8Array(slot.inHand);
    const name = String.fromCharCode(...bytes.subarray(1, 1 + (bytes[0] ?? 0)));
    const verdicts = name === "" ? [] : this.#poison.died([name]);
    for (const { kind, id } of verdicts) if (kind === "dead-letter") this.#dead.add(id);
    const reason = slot.failure ?? "exit";
    this.#o.onNews({ type: "died", host: index, reason });
    this.#took({ kind: "failed", child, run, reason });
  }
}

const indexOf = (child: string): number => Number(child.split("/")[1] ?? 0);
