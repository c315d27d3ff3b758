/**
 * Hosts of a simulated supervisor: the runtime's own shell on simulated threads. A thread that dies
 * takes its host down; what it had in hand can still be read.
 */

import type { Verifier } from "#envelope/keys.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { Store } from "#ports/store.ts";
import type { Application } from "#runtime/bucket/application.ts";
import type { HostEvent, HostLimits } from "#runtime/host/environment.ts";
import type { Host } from "#runtime/host/host.ts";
import { HostShell } from "#runtime/threads/host-shell.ts";
import type {
  HostControl,
  HostRunner,
  Port,
  RemoteControl,
  StartedHost,
} from "#runtime/threads/protocol.ts";
import type { Machine } from "./machine.ts";

/** A message between two threads of one machine takes up to this long, ms of true time. */
export const CHANNEL_MS_MAX = 1;

/** One end of a channel between threads of one machine: in order, nothing lost while both live. */
export class SimPort implements Port {
  readonly #machine: Machine;
  readonly #delayMs: () => number;
  #peer: SimPort | undefined;
  #listener: ((message: unknown) => void) | undefined;
  readonly #queue: unknown[] = [];
  #closed = false;

  private constructor(machine: Machine, delayMs: () => number) {
    this.#machine = machine;
    this.#delayMs = delayMs;
  }

  static pair(machine: Machine, delayMs: () => number): readonly [SimPort, SimPort] {
    const [a, b] = [new SimPort(machine, delayMs), new SimPort(machine, delayMs)];
    a.#peer = b;
    b.#peer = a;
    return [a, b];
  }

  postMessage(message: unknown): void {
    const peer = this.#peer;
    if (this.#closed || peer === undefined) return;
    peer.#queue.push(message);
    // Each delivery takes the oldest, so the order is kept whatever the delays.
    this.#machine.afterTrue(this.#delayMs(), () => peer.#deliver());
  }

  on(_event: "message", listener: (message: unknown) => void): void {
    this.#listener = listener;
  }

  close(): void {
    this.#closed = true;
  }

  #deliver(): void {
    if (this.#closed) return;
    const message = this.#queue.shift();
    this.#listener?.(message);
  }
}

export interface SimHostsOptions {
  readonly machine: Machine;
  readonly createApplication: () => Application;
  readonly query: (host: Host, name: string, argument: unknown) => unknown;
  /** The store as this thread reaches it. */
  readonly store: (thread: Thread) => Store & Blocks;
  readonly verifier: Verifier;
  readonly limits: HostLimits;
  /** Delay of one message between threads, ms. */
  readonly delayMs: () => number;
  /** Before a turn: what is to strike there strikes by throwing. */
  readonly beforeTurn: (index: number) => void;
}

/** Work of one thread: gone when the thread has died. */
export class Thread {
  readonly #machine: Machine;
  #isDead = false;
  readonly #onDeath: (failure: string | undefined) => void;

  constructor(machine: Machine, onDeath: (failure: string | undefined) => void) {
    this.#machine = machine;
    this.#onDeath = onDeath;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  after(delayMs: number, run: () => void, byTrueTime = false): () => void {
    const own = (): void => {
      if (!this.#isDead) this.attempt(run);
    };
    return byTrueTime ? this.#machine.afterTrue(delayMs, own) : this.#machine.after(delayMs, own);
  }

  /** What throws here ends the thread, as an uncaught error ends a real one. */
  attempt(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.die(error instanceof Error ? error.message : String(error));
    }
  }

  die(failure: string | undefined): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#onDeath(failure);
  }
}

export class SimHosts implements HostRunner<SimPort> {
  readonly #o: SimHostsOptions;
  /** Living threads by index of their host. */
  readonly threads = new Map<number, Thread>();

  constructor(options: SimHostsOptions) {
    this.#o = options;
  }

  channel(): readonly [SimPort, SimPort] {
    return SimPort.pair(this.#o.machine, this.#o.delayMs);
  }

  start({ index, dead }: Parameters<HostRunner<SimPort>["start"]>[0]): StartedHost<SimPort> {
    const { machine } = this.#o;
    let inHand = "";
    let onEvent = (_event: HostEvent): void => {};
    let onExit = (_failure: string | undefined): void => {};
    const ports: SimPort[] = [];
    const thread = new Thread(machine, (failure) => {
      for (const port of ports) port.close();
      if (this.threads.get(index) === thread) this.threads.delete(index);
      // The supervisor hears of a death a moment later.
      machine.afterTrue(this.#o.delayMs(), () => onExit(failure));
    });
    this.threads.set(index, thread);
    const guarded = (port: SimPort): Port => {
      ports.push(port);
      return {
        postMessage: (message) => port.postMessage(message),
        on: (event, listener) =>
          port.on(event, (message) => {
            if (!thread.isDead) thread.attempt(() => listener(message));
          }),
        close: () => port.close(),
      };
    };
    const shell = new HostShell<Port>({
      index,
      app: this.#o.createApplication(),
      query: this.#o.query,
      store: this.#o.store(thread),
      verifier: this.#o.verifier,
      clock: { ...machine.clock, after: (delayMs, wake) => thread.after(delayMs, wake) },
      soon: (task) => void thread.after(this.#o.delayMs(), task, true),
      dead,
      limits: this.#o.limits,
      inHand: (name) => {
        inHand = name;
      },
      event: (event) => void machine.afterTrue(0, () => onEvent(event)),
      beforeTurn: () => this.#o.beforeTurn(index),
    });
    const remote = this.#remote(thread, shell.control, guarded);
    return {
      control: remote,
      inHand: () => inHand,
      onEvent: (listener) => {
        onEvent = listener;
      },
      onExit: (listener) => {
        onExit = listener;
      },
      terminate: () => {
        thread.die(undefined);
        return Promise.resolve();
      },
    };
  }

  /** The shell's control plane from the supervisor's thread. */
  #remote(
    thread: Thread,
    control: HostControl<Port>,
    guarded: (port: SimPort) => Port,
  ): RemoteControl<SimPort> {
    const { machine, delayMs } = this.#o;
    const answer = (tell: () => void): void => {
      if (!thread.isDead) machine.afterTrue(0, tell);
    };
    /** A call and its answer; none if the thread dies first. */
    const call = <T>(run: () => T | Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        const asked = (): void => {
          Promise.resolve()
            .then(run)
            .then(
              (value) => answer(() => resolve(value)),
              (error: unknown) => answer(() => reject(error as Error)),
            );
        };
        thread.after(delayMs(), asked, true);
      });
    return {
      open: (...args) => call(() => control.open(...args)),
      connectHost: (other, port) => call(() => control.connectHost(other, guarded(port))),
      connectAgents: (id, port) => call(() => control.connectAgents(id, guarded(port))),
      connectBus: (port) => call(() => control.connectBus(guarded(port))),
      lead: (...args) => call(() => control.lead(...args)),
      letGo: (...args) => call(() => control.letGo(...args)),
      give: (...args) => call(() => control.give(...args)),
      query: (...args) => call(() => control.query(...args)),
      drain: () => call(() => control.drain()),
      stats: () => call(() => control.stats()),
      heads: () => call(() => control.heads()),
    };
  }
}
