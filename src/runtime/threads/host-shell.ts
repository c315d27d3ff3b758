/**
 * What stands round a host on its thread: the loop that turns it, the channels to other hosts and to
 * agents, signed receipts. Worker threads and the simulated world run the same shell.
 */

import { encode } from "#envelope/canonical.ts";
import { hex, sha256 } from "#envelope/cid.ts";
import type { Signer, Verifier } from "#envelope/keys.ts";
import { bestSuite } from "#envelope/signature/suite.ts";
import { copyOf } from "#envelope/slab.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { Clock } from "#ports/clock.ts";
import type { Epoch, Store } from "#ports/store.ts";
import type { Application } from "../bucket/application.ts";
import type { Receipt } from "../bucket/outputs.ts";
import {
  BUS_CONNECTION,
  type BucketMessage,
  type HostEvent,
  type HostLimits,
  type Under,
} from "../host/environment.ts";
import { Host } from "../host/host.ts";
import { LastPublished } from "../bus/last-published.ts";
import { heardIn } from "../bus/inward.ts";
import {
  envelopeOut,
  messagesOut,
  noticesOut,
  packOutward,
  receiptsOut,
  rejectedOut,
  type Outward,
} from "../bus/outward.ts";
import { Presence } from "../bus/presence.ts";
import { idOf, Rejections, type Rejected } from "../bus/rejections.ts";
import { EpochKeys } from "./epoch-keys.ts";
import { messagesIn } from "./frames.ts";
import type {
  Between,
  EpochFacts,
  FromBus,
  FromHost,
  HostControl,
  NextLeader,
  Port,
  Published,
  ToBus,
  ToHost,
} from "./protocol.ts";
import { packReceipts, type ReceiptTo } from "./receipt-batch.ts";

/** The longest a host sleeps: log time needs a tick at least every second. */
export const SLEEP_MS_MAX = 500;
/** Receipts under one signature. */
export const RECEIPTS_SIGNED_TOGETHER_MAX = 256;

export interface ShellOptions {
  readonly index: number;
  readonly app: Application;
  /** The application's answers to questions about a host. */
  readonly query: (host: Host, name: string, argument: unknown) => unknown;
  readonly store: Store & Blocks;
  /** Absent: the fastest there is. */
  readonly verifier?: Verifier;
  readonly clock: Clock;
  /** Runs `task` as soon as what is at hand is done. */
  readonly soon: (task: () => void) => void;
  /** Names that were in hand when earlier threads died, each too often (supervision/poison.ts). */
  readonly dead: readonly string[];
  /** Writes down what is in hand where somebody outside can read it; "": nothing. */
  readonly inHand: (name: string) => void;
  readonly event: (event: HostEvent) => void;
  /**
   * Before this host goes on to something: `turn` is the number, from 1, of the next turn of a bucket
   * here, counted since the thread began. Faults strike here.
   */
  readonly limits?: HostLimits;
  readonly beforeTurn: (turn: number) => void;
}

/** What is kept of a bucket that was lost (host/host.ts H7) is given up after so long, ms. */
export const KEPT_MS_MAX = 600_000;

export class HostShell<P extends Port> {
  readonly #o: ShellOptions;
  #host: Host | undefined = undefined;
  #keys = new EpochKeys(new Uint8Array(0));
  /** Under which each bucket is led here. */
  readonly #epochs = new Map<number, Epoch>();
  /** To where other supervisors and their agents are; none embedded. */
  #bus: P | undefined = undefined;
  #placement: readonly number[] = [];
  readonly #hosts = new Map<number, P>();
  readonly #agents = new Map<number, P>();
  /** Which connection an agent is on. */
  readonly #where = new Map<string, number>();
  readonly #messages = new Map<number, BucketMessage[]>();
  readonly #told = new Map<number, { to: string; notice: object }[]>();
  /** To buckets that others lead. */
  readonly #astray: BucketMessage[] = [];
  /** By the epoch whose key signs them. */
  readonly #receipts = new Map<Signer, ReceiptTo[]>();
  readonly #rejections: Rejections;
  /** To whom the bus leads. */
  readonly #rejected: Rejected[] = [];
  /** Of agents elsewhere. */
  readonly #presence: Presence;
  /** The newest document published here, for hosts that come later. */
  readonly #published: LastPublished;
  #scheduled = false;
  #sleeping: () => void = () => {};

  constructor(options: ShellOptions) {
    this.#o = options;
    const { clock } = options;
    this.#published = new LastPublished(() => clock.monotonicMs());
    this.#rejections = new Rejections(() => clock.monotonicMs());
    this.#presence = new Presence({
      clock,
      isKnown: (agent) => this.#running.documents.knows(agent),
      tell: (agents) => this.#tellAgain(agents),
    });
  }

  get #running(): Host {
    if (this.#host === undefined) throw new Error("the host is not open");
    return this.#host;
  }

  readonly control: HostControl<P> = {
    open: async (epoch, placement) => this.#open(epoch, placement),
    connectHost: (index, port) => {
      this.#hosts.set(index, port);
      port.on("message", (message) => this.#between(message as Between));
      const { again } = this.#published;
      if (again !== undefined) port.postMessage(again);
    },
    connectAgents: (connection, port) => {
      this.#agents.set(connection, port);
      port.on("message", (message) => this.#fromAgents(connection, message as ToHost));
    },
    connectBus: (port) => {
      this.#bus = port;
      port.on("message", (message) => this.#fromBus(message as FromBus));
      const { again } = this.#published;
      if (again !== undefined) port.postMessage(again);
    },
    letGo: async (buckets, waitMs, toWhom) => {
      // What was won and lost again before it is open is not led here yet.
      if (this.#host === undefined) return;
      await Promise.all(buckets.map((bucket) => this.#letGo(bucket, waitMs, toWhom)));
    },
    lead: async (buckets: readonly number[], epoch: Epoch) => {
      for (const bucket of buckets) this.#epochs.set(bucket, epoch);
      await Promise.all(buckets.map((bucket) => this.#running.lead(bucket, epoch)));
    },
    give: (bucket, verb, body) => this.#running.give(bucket, verb, body),
    query: (name, argument) => this.#o.query(this.#running, name, argument),
    drain: async () => {
      await this.#running.drain();
      await this.#running.snapshotAll();
    },
    stats: () => ({
      ...this.#running.stats,
      waiting: this.#running.waiting,
      unconfirmed: this.#running.buckets().reduce((sum, one) => sum + one.unconfirmed, 0),
    }),
    heads: () =>
      this.#running.buckets().map(({ bucket, state, status }) => ({
        bucket,
        records: state.records,
        size: state.size,
        hash: state.hash,
        root: state.tree.root(),
        atMs: state.atMs,
        status,
      })),
  };

  #open(epoch: EpochFacts, placement: readonly number[]): void {
    const { app, store, clock, inHand, event, dead, limits } = this.#o;
    this.#keys = new EpochKeys(epoch.master);
    this.#placement = placement;
    this.#host = new Host({
      app,
      store,
      verifier: this.#o.verifier ?? bestSuite(),
      nowMs: () => clock.wallMs(),
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, wake) => clock.after(delayMs, wake),
      chance: (label, bucket) => this.#keysOf(bucket).chance(label),
      epochBody: (current, previous) => ({
        ...epoch.fields,
        ...current,
        key: this.#keys.of(current).signer.did,
        commitment: sha256(this.#keys.of(current).secret),
        // The draws of the epoch that ended can be checked from now on (protocol section 9).
        ...(previous === undefined ? {} : { previousSecret: this.#keys.of(previous).secret }),
      }),
      astray: (wire, bucket) => {
        if (this.#bus === undefined) return false;
        // What came over the bus is not sent on there (bus-bridge.ts B2), and nothing is wrong with it.
        if (wire.connection !== BUS_CONNECTION) this.#out([envelopeOut(bucket, wire.wire)]);
        return true;
      },
      fetchDocument: (hash) => store.get(hash),
      send: (message) => this.#send(message),
      receipts: (bucket, receipts, under) => this.#receipt(bucket, receipts, under),
      tell: (to, notice) => this.#tell(to, notice),
      publish: (publication) => {
        // Stored before anybody can pin it, so that whoever replays the pin finds it.
        const tell = (): void => {
          const message: Published = { type: "document", publication };
          this.#published.told(message);
          for (const host of this.#hosts.values()) host.postMessage(message);
          this.#bus?.postMessage(message);
          this.#between(message);
        };
        // What could not be stored is not told: a newer one will be.
        store.put(publication.document, "dag-cbor").then(tell, () => undefined);
      },
      reject: (connection, wire, code, detail) => this.#reject(connection, wire, code, detail),
      event,
      wake: () => this.#wake(),
      ...(limits === undefined ? {} : { limits }),
      inHand,
      dead,
    });
    this.#wake();
  }

  /* ------------------------------------------------------------------------ the loop */

  #wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#o.soon(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    this.#sleeping();
    const host = this.#running;
    if (host.waiting > 0) {
      // A record is a bucket's turn; the EPOCH that each bucket began with is none.
      const turns = Math.max(0, host.stats.records - this.#epochs.size);
      this.#o.beforeTurn(turns + 1);
    }
    const nextMs = host.turn();
    this.#flush();
    if (nextMs === 0) this.#wake();
    else this.#sleeping = this.#o.clock.after(Math.min(nextMs, SLEEP_MS_MAX), () => this.#wake());
  }

  async #letGo(bucket: number, waitMs: number, toWhom: NextLeader): Promise<void> {
    const host = this.#running;
    await new Promise<void>((resolve) => {
      const cancel = this.#o.clock.after(waitMs, resolve);
      const settled = async (): Promise<void> => {
        await host.settle(bucket);
        if (toWhom === "handed-over") await host.saveSettled(bucket);
        cancel();
        resolve();
      };
      void settled();
    });
    host.letGo(bucket, toWhom === "lost");
    if (toWhom !== "lost") return;
    this.#o.clock.after(KEPT_MS_MAX, () => {
      if (!host.leads(bucket)) host.letGo(bucket, false);
    });
  }

  /* ------------------------------------------------------------------------- inputs */

  #between(message: Between): void {
    if (message.type === "messages") {
      for (const item of message.items) this.#arrived(item, false);
      this.#flush();
    } else {
      this.#running.document(message.publication, message.ageMs);
      this.#wake();
    }
  }

  /** To a bucket that others lead: on to them, unless it came from there. */
  #arrived(item: BucketMessage, isFromBus: boolean): void {
    if (this.#running.leads(item.to)) this.#running.message(item);
    else if (!isFromBus) this.#astray.push(item);
  }

  #fromBus(message: FromBus): void {
    switch (message.type) {
      case "heard":
        this.#heard(message.frame);
        break;
      case "document":
        this.#documentHeard(message);
        break;
      default:
        message satisfies never;
    }
  }

  /** What another machine calls a document is counted and dropped where it is none (BusBridge, B5). */
  #documentHeard(message: Published): void {
    const { stats } = this.#running;
    try {
      this.#between(message);
    } catch {
      stats.dropped += 1;
    }
  }

  #heard(frame: ArrayBuffer): void {
    const { wires, items, agents } = heardIn(frame);
    for (const item of items) this.#arrived(item, true);
    if (wires.length > 0) this.#running.receive(BUS_CONNECTION, wires);
    if (agents.length > 0) this.#presence.came(agents);
    this.#flush();
  }

  /** To each in the order of the agents, as they came. */
  #tellAgain(agents: ReadonlySet<string>): void {
    const again = new Map<string, object[]>([...agents].map((agent) => [agent, []]));
    for (const { to, notice } of this.#running.notices(agents)) again.get(to)?.push(notice);
    for (const [agent, notices] of again) for (const notice of notices) this.#tell(agent, notice);
    this.#flush();
  }

  #fromAgents(connection: number, message: ToHost): void {
    switch (message.type) {
      case "envelopes":
        this.#running.receive(connection, wiresOf(message.frame));
        break;
      case "attach": {
        for (const agent of message.agents) this.#where.set(agent, connection);
        this.#tellAgain(new Set(message.agents));
        break;
      }
      case "detach":
        for (const agent of message.agents)
          if (this.#where.get(agent) === connection) this.#where.delete(agent);
        break;
      default:
        message satisfies never;
    }
  }

  /* ------------------------------------------------------------------------ outputs */

  #send(message: BucketMessage): void {
    const index = this.#placement[message.to];
    if (index === undefined) return;
    const queue = this.#messages.get(index);
    if (queue === undefined) this.#messages.set(index, [message]);
    else queue.push(message);
    this.#flushSoon();
  }

  #tell(to: string, notice: object): void {
    const connection = this.#where.get(to) ?? BUS_CONNECTION;
    const queue = this.#told.get(connection);
    if (queue === undefined) this.#told.set(connection, [{ to, notice }]);
    else queue.push({ to, notice });
    this.#flushSoon();
  }

  #reject(connection: number, wire: Uint8Array, code: string, detail: string): void {
    if (connection !== BUS_CONNECTION) {
      const message: FromHost = { type: "rejected", envelope: idOf(wire), code, detail };
      this.#agents.get(connection)?.postMessage(message);
      return;
    }
    const rejected = this.#rejections.answer(wire, code, detail);
    if (rejected === undefined) return;
    this.#rejected.push(rejected);
    this.#flushSoon();
  }

  #keysOf(bucket: number): ReturnType<EpochKeys["of"]> {
    const epoch = this.#epochs.get(bucket);
    if (epoch === undefined) throw new Error(`bucket ${bucket} is not led here`);
    return this.#keys.of(epoch);
  }

  #receipt(bucket: number, receipts: readonly Receipt[], { head, epoch }: Under): void {
    const { signer } = this.#keys.of(epoch);
    const waiting = this.#receipts.get(signer) ?? [];
    this.#receipts.set(signer, waiting);
    const headText = hex(head);
    for (const { to, envelope, answer } of receipts) {
      const receipt =
        answer.kind === "ack"
          ? { kind: "ack", envelope, bucket, seq: answer.position, head: headText, ...answer.extra }
          : {
              kind: "nack",
              envelope,
              code: answer.code,
              ...(answer.detail === undefined ? {} : { detail: answer.detail }),
            };
      waiting.push({ to, bytes: encode(receipt) });
    }
    this.#flushSoon();
  }

  #flushing = false;
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    for (const [index, items] of this.#messages) {
      if (items.length === 0) continue;
      this.#messages.set(index, []);
      if (index === this.#o.index) for (const item of items) this.#arrived(item, false);
      else this.#hosts.get(index)?.postMessage({ type: "messages", items } satisfies Between);
    }
    for (const [connection, items] of this.#told) {
      if (items.length === 0) continue;
      this.#told.set(connection, []);
      if (connection !== BUS_CONNECTION)
        this.#agents.get(connection)?.postMessage({ type: "notices", items } satisfies FromHost);
      else if (this.#bus !== undefined) this.#out(noticesOut(items));
    }
    if (this.#astray.length > 0) this.#out(messagesOut(this.#astray.splice(0)));
    if (this.#rejected.length > 0) this.#out(rejectedOut(this.#rejected.splice(0)));
    for (const [signer, waiting] of this.#receipts)
      while (waiting.length > 0)
        this.#signReceipts(signer, waiting.splice(0, RECEIPTS_SIGNED_TOGETHER_MAX));
    this.#receipts.clear();
  }

  /** A batch for each connection: whoever gets it gets all that its signature covers. */
  #signReceipts(signer: Signer, receipts: readonly ReceiptTo[]): void {
    const parts = new Map<number, ReceiptTo[]>();
    for (const receipt of receipts) {
      const connection = this.#where.get(receipt.to) ?? BUS_CONNECTION;
      const part = parts.get(connection);
      if (part === undefined) parts.set(connection, [receipt]);
      else part.push(receipt);
    }
    for (const [connection, part] of parts) {
      if (connection === BUS_CONNECTION) {
        if (this.#bus !== undefined) this.#out(receiptsOut(part, signer));
      } else {
        const batch = packReceipts(part, signer);
        this.#agents.get(connection)?.postMessage({ type: "receipts", batch } satisfies FromHost);
      }
    }
  }

  #out(items: readonly Outward[]): void {
    packOutward(items, (frame) =>
      this.#bus?.postMessage({ type: "out", frame } satisfies ToBus, [frame]),
    );
  }
}

/** Copies: one envelope that is kept would keep its whole frame. */
const wiresOf = (frame: ArrayBuffer): Uint8Array[] =>
  messagesIn(frame).map(({ bytes }) => copyOf(bytes));
