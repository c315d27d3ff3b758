/** Hosts on worker threads. */

import { MessageChannel, Worker, type MessagePort } from "node:worker_threads";
import * as Comlink from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import type { HostEvent, HostLimits } from "../host/environment.ts";
import { IN_HAND_BYTES, type HostThreadData } from "./host-thread.ts";
import type { HostControl, HostRunner, RemoteControl, StartedHost } from "./protocol.ts";

/**
 * A semi-space of a host's young generation, where nothing else is said: V8 would let it grow to 32 MiB in
 * each busy thread, most of a supervisor's resident memory.
 */
export const YOUNG_MIB = 8;
/** What V8 counts as young: two semi-spaces, and as much again of large objects. */
const SEMI_SPACES = 3;

/** Old-space of one host thread, MiB: beyond it the thread dies alone (ERR_WORKER_OUT_OF_MEMORY). */
export const HOST_HEAP_MIB = 2_048;
/** With a fault that fills memory the cap is small, so that it is reached soon. */
export const HOST_HEAP_FAULT_MIB = 192;

export interface WorkerHostsOptions {
  /** URL of the application's module, and what it is made of. */
  readonly application: string;
  readonly init: unknown;
  /** URL of the storage module, what it is made of, and ports to the disk for one more thread. */
  readonly storage: string;
  readonly storageInit: unknown;
  readonly storePorts: () => readonly MessagePort[];
  readonly limits?: HostLimits;
  /** As far as a semi-space of a host's young generation may grow, MiB. */
  readonly youngMib?: number | undefined;
}

export class WorkerHosts implements HostRunner<MessagePort> {
  readonly #o: WorkerHostsOptions;

  constructor(options: WorkerHostsOptions) {
    this.#o = options;
  }

  channel(): readonly [MessagePort, MessagePort] {
    const { port1, port2 } = new MessageChannel();
    return [port1, port2];
  }

  start({
    index,
    name,
    dead,
    fault,
  }: Parameters<HostRunner<MessagePort>["start"]>[0]): StartedHost<MessagePort> {
    const { application, init, storage, storageInit, limits } = this.#o;
    const inHand = new SharedArrayBuffer(IN_HAND_BYTES);
    const stores = this.#o.storePorts();
    const { port1: reports, port2: events } = new MessageChannel();
    reports.unref();
    const workerData: HostThreadData = {
      index,
      application,
      init,
      storage,
      storageInit,
      limits,
      stores,
      events,
      dead,
      inHand,
      fault,
    };
    const worker = new Worker(new URL(import.meta.resolve("#runtime/threads/host-thread.ts")), {
      workerData,
      transferList: [...stores, events],
      name,
      resourceLimits: {
        maxOldGenerationSizeMb: fault?.kind === "oom" ? HOST_HEAP_FAULT_MIB : HOST_HEAP_MIB,
        maxYoungGenerationSizeMb: SEMI_SPACES * (this.#o.youngMib ?? YOUNG_MIB),
      },
    });
    let failure: string | undefined;
    worker.on("error", (error: Error) => {
      const hasCode = "code" in error && typeof error.code === "string";
      failure = hasCode ? String(error.code) : error.message;
    });
    return {
      control: remote(Comlink.wrap<HostControl>(nodeEndpoint(worker))),
      inHand: () => {
        const bytes = new Uint8Array(inHand);
        return String.fromCharCode(...bytes.subarray(1, 1 + (bytes[0] ?? 0)));
      },
      onEvent: (listener) => {
        reports.on("message", (event: HostEvent) => listener(event));
        reports.unref();
      },
      onExit: (listener) => worker.once("exit", () => listener(failure)),
      terminate: async () => {
        await worker.terminate();
      },
    };
  }
}

/** Ports travel by transfer; everything else by copy. */
const remote = (control: Comlink.Remote<HostControl>): RemoteControl<MessagePort> => ({
  open: (epoch, placement) => control.open(epoch, placement),
  connectHost: (index, port) => control.connectHost(index, Comlink.transfer(port, [port])),
  connectAgents: (connection, port) =>
    control.connectAgents(connection, Comlink.transfer(port, [port])),
  connectBus: (port) => control.connectBus(Comlink.transfer(port, [port])),
  lead: (buckets, epoch) => control.lead(buckets, epoch),
  letGo: (buckets, waitMs, toWhom) => control.letGo(buckets, waitMs, toWhom),
  give: (bucket, verb, body) => control.give(bucket, verb, body),
  query: (name, argument) => control.query(name, argument) as Promise<unknown>,
  drain: () => control.drain(),
  stats: () => control.stats(),
  heads: () => control.heads(),
});
