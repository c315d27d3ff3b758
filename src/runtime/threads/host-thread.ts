/**
 * A worker thread that drives one host. It knows the application only by its module's URL, so the
 * runtime imports nothing of what it runs.
 */

import { parentPort, threadId, workerData, type MessagePort } from "node:worker_threads";
import * as Comlink from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import type { Blocks } from "#ports/blocks.ts";
import type { Clock } from "#ports/clock.ts";
import type { Store } from "#ports/store.ts";
import type { Application } from "../bucket/application.ts";
import type { HostLimits } from "../host/environment.ts";
import type { Host } from "../host/host.ts";
import { HostShell } from "./host-shell.ts";
import type { ThreadFault } from "./protocol.ts";

/** What a host thread is started with. */
export interface HostThreadData {
  readonly index: number;
  /** URL of a module that exports `createApplication(init)`. */
  readonly application: string;
  readonly init: unknown;
  /** URL of a module that exports `storage(ports, init)`: the store and the blocks for one thread. */
  readonly storage: string;
  readonly storageInit: unknown;
  readonly stores: readonly MessagePort[];
  /** Undefined: those of any host. */
  readonly limits: HostLimits | undefined;
  /** Out: what the host reports, one HostEvent a message. */
  readonly events: MessagePort;
  readonly dead: readonly string[];
  /** Where the host writes the name of the input in hand (poison counting across a thread's death). */
  readonly inHand: SharedArrayBuffer;
  readonly fault: ThreadFault | undefined;
}

/** Bytes for the name of the input in hand: a CID is 59 characters. */
export const IN_HAND_BYTES = 128;

interface ApplicationModule {
  readonly createApplication: (init: unknown) => Application;
  readonly query: (host: Host, name: string, argument: unknown) => unknown;
}

interface StorageModule {
  readonly storage: (ports: readonly MessagePort[], init: unknown) => Promise<Store & Blocks>;
}

const threadClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, wake) => {
    const timeout = setTimeout(wake, delayMs);
    return () => clearTimeout(timeout);
  },
};

/** Faults that an operator asked for, to watch the recovery. */
const fail = (kind: "throw" | "exit" | "oom"): void => {
  if (kind === "exit") process.exit(1);
  if (kind === "throw") throw new Error("a fault was asked for: throw");
  const hoard: number[][] = [];
  for (;;) hoard.push(Array.from({ length: 1_000_000 }, (_, i) => i));
};

const writeText = (bytes: Uint8Array, text: string): void => {
  const length = Math.min(text.length, bytes.length - 1);
  bytes[0] = length;
  for (let i = 0; i < length; i += 1) bytes[i + 1] = text.charCodeAt(i) & 0x7f;
};

const isApplication = (module: object): module is ApplicationModule =>
  "createApplication" in module && "query" in module;
const isStorage = (module: object): module is StorageModule => "storage" in module;

if (parentPort !== null && threadId !== 0) {
  const data = workerData as HostThreadData;
  const { index, dead, fault, limits } = data;
  const inHand = new Uint8Array(data.inHand);
  const application: object = (await import(data.application)) as object;
  const storage: object = (await import(data.storage)) as object;
  if (!isApplication(application) || !isStorage(storage))
    throw new Error("not an application or no storage");
  const shell = new HostShell<MessagePort>({
    index,
    app: application.createApplication(data.init),
    query: application.query,
    store: await storage.storage(data.stores, data.storageInit),
    clock: threadClock,
    ...(limits === undefined ? {} : { limits }),
    soon: (task) => setImmediate(task),
    dead,
    inHand: (name) => writeText(inHand, name),
    event: (event) => data.events.postMessage(event),
    beforeTurn: (turn) => {
      // Several turns are taken together, so the number itself may be passed over.
      if (fault !== undefined && turn >= fault.turn) fail(fault.kind);
    },
  });
  Comlink.expose(shell.control, nodeEndpoint(parentPort));
}
