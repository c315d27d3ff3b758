/** One host over the simulated disk, under a clock that only tests move. Nothing happens by itself. */
import { createHmac } from "node:crypto";
import { encodeEnvelope, encodeSigned, signEnvelopes, type Envelope } from "#envelope/envelope.ts";
import { hex, sha256 } from "#envelope/cid.ts";
import { signerFromSeed } from "#envelope/keys.ts";
import { bestSuite } from "#envelope/signature/suite.ts";
import { Fault, type FaultCode } from "#ports/faults.ts";
import type { Epoch, Store } from "#ports/store.ts";
import type { Publication, Receipt } from "#runtime/bucket/outputs.ts";
import type {
  BucketMessage,
  HostEnvironment,
  HostEvent,
  HostLimits,
} from "#runtime/host/environment.ts";
import { Host } from "#runtime/host/host.ts";
import { decodeRecord, type Entry, type LogRecord } from "#runtime/log/record.ts";
import { SimDisk } from "#sim/world/store.ts";
import { createApplication } from "./application.ts";

export const SWARM = "toy.0123456789abcdef";
export const signerOf = (name: string) => signerFromSeed(sha256(new TextEncoder().encode(name)));
export const sender = signerOf("somebody");

export interface Spoken {
  readonly id: string;
  readonly wire: Uint8Array;
}

/** A signed envelope of the toy; `thread` undefined: its own id. */
export const spoken = (
  verb: string,
  body: object,
  nonce: number,
  thread: string | undefined,
  change: Partial<Envelope> = {},
  by = sender,
): Spoken => {
  const { bytes, id } = encodeEnvelope({
    v: 1,
    swarm: SWARM,
    ...(thread === undefined ? {} : { thread }),
    verb,
    from: by.did,
    nonce,
    lamport: nonce,
    sentAtMs: 0,
    expiresAtMs: 1_000_000_000,
    policy: "toy",
    body,
    refs: [],
    ...change,
  });
  const [signed] = signEnvelopes([bytes], by);
  return { id, wire: encodeSigned(signed!) };
};

/** Lets everything run that is ready to run. */
export const ticked = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export interface RigOptions {
  readonly disk?: SimDisk;
  readonly store?: (store: Store) => Store;
  readonly dead?: readonly string[];
  readonly limits?: HostLimits;
  /** A document that is not there is refused so; without it, answered as not stored. */
  readonly missing?: FaultCode;
}

export class Rig {
  readonly disk: SimDisk;
  readonly store: Store;
  readonly host: Host;
  readonly events: HostEvent[] = [];
  readonly receipts: Receipt[] = [];
  /** The head that each receipt names. */
  readonly heads: string[] = [];
  /** And the epoch whose key signs it. */
  readonly epochs: Epoch[] = [];
  readonly told: { to: string; notice: object }[] = [];
  readonly sent: BucketMessage[] = [];
  readonly rejected: { code: string; connection: number }[] = [];
  readonly inHand: string[] = [];
  readonly documents = new Map<string, Uint8Array>();
  /** Hands a message over; by default to this host itself. */
  carry: (message: BucketMessage) => void = (message) => this.host.message(message);
  nowMs = 0;
  #wakes: { atMs: number; wake: () => void }[] = [];
  readonly #nonces = new Map<string, number>();

  constructor(options: RigOptions = {}) {
    this.disk = options.disk ?? new SimDisk();
    const store = this.disk.connect();
    this.store = options.store?.(store) ?? store;
    const environment: HostEnvironment = {
      app: createApplication(),
      store: this.store,
      verifier: bestSuite(),
      nowMs: () => this.nowMs,
      monotonicMs: () => this.nowMs,
      after: (delayMs, wake) => {
        const item = { atMs: this.nowMs + delayMs, wake };
        this.#wakes.push(item);
        return () => void (this.#wakes = this.#wakes.filter((other) => other !== item));
      },
      chance: (label) => createHmac("sha256", "secret").update(label).digest(),
      epochBody: (epoch, previous) => ({ ...epoch, ...(previous && { after: previous.revision }) }),
      fetchDocument: async (hash) => {
        const found = this.documents.get(hash);
        if (found !== undefined || options.missing === undefined) return found;
        throw new Fault(options.missing, "a document is nowhere");
      },
      send: (message) => {
        this.sent.push(message);
        this.carry(message);
      },
      receipts: (_bucket, receipts, { head, epoch }) => {
        this.receipts.push(...receipts);
        this.heads.push(...receipts.map(() => hex(head)));
        this.epochs.push(...receipts.map(() => epoch));
      },
      tell: (to, notice) => void this.told.push({ to, notice }),
      publish: (publication: Publication) => {
        this.documents.set(publication.hash, publication.document);
        this.host.document(publication);
      },
      reject: (connection, _wire, code) => void this.rejected.push({ code, connection }),
      event: (event) => void this.events.push(event),
      wake: () => {},
      inHand: (name) => void this.inHand.push(name),
      dead: options.dead ?? [],
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    };
    this.host = new Host(environment);
  }

  static async open(buckets: readonly number[], options: RigOptions = {}): Promise<Rig> {
    const rig = new Rig(options);
    await rig.lead(buckets);
    return rig;
  }

  async lead(buckets: readonly number[]): Promise<Epoch> {
    const epoch = await this.store.lead(buckets);
    for (const bucket of buckets) await this.host.lead(bucket, epoch);
    await this.settle();
    return epoch;
  }

  /** Turns until nothing moves any more. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet += 1) {
      this.host.turn();
      await ticked();
      if (this.host.waiting > 0) quiet = 0;
    }
  }

  /** Time passes, in steps that the host counts whole. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0;) {
      await this.settle();
      const nextMs = Math.min(...this.#wakes.map(({ atMs }) => atMs - this.nowMs), 1_000);
      const step = Math.min(left, Math.max(1, Math.min(nextMs, this.host.turn() || 1)));
      this.nowMs += step;
      left -= step;
      const due = this.#wakes.filter(({ atMs }) => atMs <= this.nowMs);
      this.#wakes = this.#wakes.filter(({ atMs }) => atMs > this.nowMs);
      for (const { wake } of due) wake();
    }
    await this.settle();
  }

  /** A signed envelope to a bucket, under the next nonce. */
  sign(bucket: number, verb: string, body: object = {}, change: Partial<Envelope> = {}): Spoken {
    const thread = change.thread ?? `bucket:${bucket}`;
    const nonce = (this.#nonces.get(thread) ?? 0) + 1;
    if (change.nonce === undefined) this.#nonces.set(thread, nonce);
    return spoken(verb, body, nonce, thread, change);
  }

  post(bucket: number, verb: string, body: object = {}, change: Partial<Envelope> = {}): string {
    const { id, wire } = this.sign(bucket, verb, body, change);
    this.host.receive(0, [wire]);
    return id;
  }

  async say(
    bucket: number,
    verb: string,
    body: object = {},
    change: Partial<Envelope> = {},
  ): Promise<Receipt["answer"] | undefined> {
    const id = this.post(bucket, verb, body, change);
    await this.settle();
    return this.answerTo(id);
  }

  /** The last receipt of the envelope. */
  answerTo(id: string): Receipt["answer"] | undefined {
    return this.receipts.findLast(({ envelope }) => envelope === id)?.answer;
  }

  state(bucket: number) {
    return this.host.buckets().find((one) => one.bucket === bucket)!.state;
  }

  status(bucket: number): string | undefined {
    return this.host.buckets().find((one) => one.bucket === bucket)?.status;
  }

  total(bucket: number): number | undefined {
    const [first] = this.host.view(bucket)?.actors("counter") ?? [];
    return (first?.state as { total: number } | undefined)?.total;
  }

  async records(bucket: number): Promise<LogRecord[]> {
    return (await this.store.read(bucket, 0, 100_000)).map(decodeRecord);
  }

  async entries(bucket: number): Promise<Entry[]> {
    return (await this.records(bucket)).flatMap(({ entries }) => entries);
  }

  /** Verbs of leader entries and of messages, in order. */
  async story(bucket: number): Promise<string[]> {
    return (await this.entries(bucket)).map((entry) =>
      entry.kind === "envelope" ? "envelope" : entry.kind === "message" ? entry.role : entry.verb,
    );
  }
}
