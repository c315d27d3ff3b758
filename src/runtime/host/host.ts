/**
 * A host: leads some buckets, turn by turn. It is driven from outside (a thread, or the simulated world)
 * and reaches the world only through what it is given.
 *
 * H1  Nothing leaves before the record that caused it is committed (commit/pipeline.ts).
 * H2  A message from another bucket is handed over only after its sender's turn was committed.
 * H3  A bucket whose turn throws is built again from its log; an input that did so POISON_TRIES_MAX
 *     times is logged as a dead letter and skipped. Other buckets go on.
 * H4  A bucket acts only under the epoch it logged first (EPOCH), which the store fences (P4).
 */

import { Malformed } from "#envelope/canonical.ts";
import {
  decodeEnvelope,
  decodeSigned,
  threadOf,
  verifyAll,
  type Envelope,
} from "#envelope/envelope.ts";
import type { Verifier } from "#envelope/keys.ts";
import { hex } from "#envelope/cid.ts";
import type { Epoch, Store } from "#ports/store.ts";
import type { Admitted, Application, BucketView } from "../bucket/application.ts";
import { type Outputs, type Publication, type Receipt } from "../bucket/outputs.ts";
import { BucketState } from "../bucket/state.ts";
import { BucketTurn, buildTurn, type Built, type TurnInput } from "../bucket/turn.ts";
import { Pipeline } from "../commit/pipeline.ts";
import { BucketTime, HostTime, TICK_MS } from "../timers/log-time.ts";
import { admit } from "./admission.ts";
import { loadBucket, saveBucket, SNAPSHOT_RECORDS } from "./recovery.ts";

/** Inputs taken in one turn: large enough to fill a commit, small enough that a turn stays under 50 ms. */
export const TURN_INPUTS_MAX = 512;
/** Times an input may make a turn throw before it is set aside. */
export const POISON_TRIES_MAX = 3;
/** Envelopes that may wait in a host: about one second of work. Beyond: MAILBOX_FULL. */
export const WAITING_ENVELOPES_MAX = 8_192;

export interface BucketMessage {
  readonly to: number;
  readonly from: number;
  readonly number: number;
  readonly role: "ask" | "answer";
  readonly floor: number;
  readonly payload: unknown;
}

export interface HostEnvironment {
  readonly app: Application;
  readonly store: Store;
  readonly verifier: Verifier;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  /** A keyed hash of the epoch's secret. */
  readonly chance: (label: Uint8Array) => Uint8Array;
  /** The body of this epoch's EPOCH entry. */
  readonly epochBody: (epoch: Epoch, previous: Epoch | undefined) => unknown;
  /** Fetch a published document by hash (for replay of older pins). */
  readonly fetchDocument: (hash: string) => Promise<Uint8Array | undefined>;
  /** Outputs that leave. Called only for what is committed. */
  readonly send: (message: BucketMessage) => void;
  readonly receipts: (bucket: number, receipts: readonly Receipt[], head: string) => void;
  readonly tell: (to: string, notice: object) => void;
  readonly publish: (publication: Publication) => void;
  /** Answers that are not signed: malformed, wrong signature, full. */
  readonly reject: (connection: number, wire: Uint8Array, code: string, detail: string) => void;
  readonly event: (event: HostEvent) => void;
  /** Ask for another turn as soon as possible. */
  readonly wake: () => void;
  /** Told the name of each input before it is processed, where somebody outside can read it. */
  readonly inHand: (name: string) => void;
  /** Inputs that were in hand when earlier threads died, and how often. */
  readonly suspects: ReadonlyMap<string, number>;
}

export type HostEvent =
  | { readonly type: "rebuilt"; readonly bucket: number; readonly cause: string }
  | {
      readonly type: "dead_letter";
      readonly bucket: number;
      readonly input: string;
      readonly cause: string;
    }
  | { readonly type: "halted"; readonly bucket: number; readonly reason: string }
  | { readonly type: "lost"; readonly bucket: number };

interface Led {
  state: BucketState;
  time: BucketTime;
  epoch: Epoch;
  snapshotAt: number;
  /** Inputs that came while the bucket was loading or its pipeline was full. */
  backlog: TurnInput[];
  status: "loading" | "live" | "halted";
}

export interface HostStats {
  turns: number;
  envelopes: number;
  records: number;
  refused: number;
  rejected: number;
  rebuilt: number;
  verifyMicros: number;
  stepMicros: number;
}

interface Waiting {
  readonly bucket: number;
  readonly input: TurnInput;
}

interface WaitingWire {
  readonly connection: number;
  readonly wire: Uint8Array;
}

export class Host {
  readonly #env: HostEnvironment;
  readonly #led = new Map<number, Led>();
  readonly #pipeline: Pipeline;
  readonly #time = new HostTime();
  readonly #tries = new Map<string, number>();
  readonly #lettered = new Set<string>();
  readonly #documents = new Map<string, unknown>();
  #wires: WaitingWire[] = [];
  #inputs: Waiting[] = [];
  #latest: { revision: number; hash: string; receivedMs: number } | undefined = undefined;
  readonly stats: HostStats = {
    turns: 0,
    envelopes: 0,
    records: 0,
    refused: 0,
    rejected: 0,
    rebuilt: 0,
    verifyMicros: 0,
    stepMicros: 0,
  };

  constructor(env: HostEnvironment) {
    this.#env = env;
    this.#pipeline = new Pipeline(env.store, {
      release: (bucket, outputs, built) => this.#release(bucket, outputs, built),
      lost: (bucket) => this.#rebuild(bucket, "its commit was refused"),
      halt: (bucket, reason) => this.#halt(bucket, reason),
    });
    this.#time.tick(env.monotonicMs());
    for (const [name, tries] of env.suspects) this.#tries.set(name, tries);
  }

  /* ------------------------------------------------------------------- leading */

  /** Load the bucket's log up to the head and log EPOCH; the bucket acts from then on. */
  async lead(bucket: number, epoch: Epoch): Promise<void> {
    const led: Led = {
      state: new BucketState(bucket),
      time: new BucketTime(0, this.#time.ranMs),
      epoch,
      snapshotAt: 0,
      backlog: this.#led.get(bucket)?.backlog ?? [],
      status: "loading",
    };
    this.#led.set(bucket, led);
    const loaded = await loadBucket(this.#env.app, this.#env.store, bucket, (hash) =>
      this.#open(hash),
    );
    led.state = loaded.state;
    led.snapshotAt = loaded.snapshotAt;
    led.time = new BucketTime(led.state.atMs, this.#time.ranMs);
    led.status = "live";
    const open = [...led.state.asks.values()];
    const { generation, revision, records } = led.state;
    const previous = records === 0 ? undefined : { generation, revision };
    const body = this.#env.epochBody(epoch, previous);
    this.#build(bucket, led, [{ kind: "given", verb: "EPOCH", body }], (outputs) => {
      for (const ask of open)
        outputs.asks.push({
          to: ask.to,
          number: ask.number,
          floor: led.state.floor,
          payload: ask.payload,
        });
    });
    this.#pipeline.flush();
    this.#env.wake();
  }

  async #open(hash: string): Promise<unknown> {
    const known = this.#documents.get(hash);
    if (known !== undefined) return known;
    const bytes = await this.#env.fetchDocument(hash);
    if (bytes === undefined) throw new Error(`document ${hash} is not stored`);
    const opened = this.#env.app.openDocument(bytes);
    this.#documents.set(hash, opened);
    return opened;
  }

  /* -------------------------------------------------------------------- inputs */

  receive(connection: number, wires: readonly Uint8Array[]): void {
    for (const wire of wires) {
      if (this.#wires.length >= WAITING_ENVELOPES_MAX) {
        this.stats.rejected += 1;
        this.#env.reject(
          connection,
          wire,
          "MAILBOX_FULL",
          `${WAITING_ENVELOPES_MAX} envelopes wait`,
        );
      } else this.#wires.push({ connection, wire });
    }
    this.#env.wake();
  }

  /** From another bucket: uses room reserved by the ask, so it is never refused. */
  message(message: BucketMessage): void {
    const { to: bucket, from, number, floor, payload } = message;
    const input: TurnInput =
      message.role === "ask"
        ? { kind: "ask", from, number, floor, payload }
        : { kind: "answer", from, number, payload };
    this.#inputs.push({ bucket, input });
    this.#env.wake();
  }

  give(bucket: number, verb: string, body: unknown): void {
    this.#inputs.push({ bucket, input: { kind: "given", verb, body } });
    this.#env.wake();
  }

  /** A document published by another bucket: every bucket pins it before its next turn. */
  document(publication: Publication): void {
    if (this.#latest !== undefined && this.#latest.revision >= publication.revision) return;
    this.#documents.set(publication.hash, this.#env.app.openDocument(publication.document));
    this.#latest = {
      revision: publication.revision,
      hash: publication.hash,
      receivedMs: this.#time.ranMs,
    };
    if (this.#documents.size > 64) this.#forgetDocuments();
  }

  /** Revision of the newest published document this host has; 0 before the first. */
  get latestRevision(): number {
    return this.#latest?.revision ?? 0;
  }

  #forgetDocuments(): void {
    const pinned = new Set([...this.#led.values()].map((led) => led.state.pin?.hash));
    for (const hash of this.#documents.keys())
      if (!pinned.has(hash) && hash !== this.#latest?.hash) this.#documents.delete(hash);
  }

  /** What live actors want this agent to know, told again (it has just come back). */
  *notices(did: string): Iterable<object> {
    for (const led of this.#led.values()) {
      if (led.status !== "live") continue;
      const view = this.view(led.state.bucket);
      if (view === undefined) continue;
      for (const actor of led.state.actors.values())
        for (const told of actor.kind.notices(actor, view)) if (told.to === did) yield told.notice;
    }
  }

  view(bucket: number): BucketView | undefined {
    const led = this.#led.get(bucket);
    if (led === undefined || led.status !== "live") return undefined;
    return new BucketTurn(this.#env.app, led.state, readOnly);
  }

  buckets(): readonly { bucket: number; state: BucketState; status: string }[] {
    return [...this.#led].map(([bucket, led]) => ({
      bucket,
      state: led.state,
      status: led.status,
    }));
  }

  get waiting(): number {
    return this.#wires.length + this.#inputs.length;
  }

  /* ---------------------------------------------------------------------- turns */

  /** One turn over all buckets. Returns the milliseconds until a timer is due (or the next tick). */
  turn(): number {
    this.stats.turns += 1;
    this.#time.tick(this.#env.monotonicMs());
    const groups = new Map<number, TurnInput[]>();
    const add = (bucket: number, input: TurnInput): void => {
      const group = groups.get(bucket);
      if (group === undefined) groups.set(bucket, [input]);
      else group.push(input);
    };
    for (const [bucket, led] of this.#led) {
      if (led.status !== "live" || led.backlog.length === 0 || this.#pipeline.full(bucket))
        continue;
      for (const input of led.backlog) add(bucket, input);
      led.backlog = [];
    }
    const messages = this.#inputs.splice(0, TURN_INPUTS_MAX);
    for (const { bucket, input } of messages) add(bucket, input);
    const wires = this.#wires.splice(0, TURN_INPUTS_MAX);
    for (const { bucket, input } of this.#verify(wires)) add(bucket, input);

    const startedAt = this.#env.monotonicMs();
    for (const [bucket, inputs] of groups) this.#dispatch(bucket, inputs);
    let nextMs = TICK_MS;
    for (const [bucket, led] of this.#led) {
      if (led.status !== "live") continue;
      const dueMs = led.state.timers.next();
      if (dueMs === undefined) continue;
      const now = led.time.now(this.#time.ranMs);
      // A due timer fires; an armed one makes the bucket log its time now and then (protocol section 6).
      if (
        (dueMs <= now || now - led.state.atMs >= TICK_MS) &&
        !groups.has(bucket) &&
        !this.#pipeline.full(bucket)
      )
        this.#build(bucket, led, dueMs <= now ? [] : [{ kind: "given", verb: "TICK", body: {} }]);
      const next = led.state.timers.next();
      if (next !== undefined) nextMs = Math.min(nextMs, Math.max(0, next - now));
    }
    this.stats.stepMicros += Math.round((this.#env.monotonicMs() - startedAt) * 1000);
    this.#pipeline.flush();
    if (this.waiting > 0) return 0;
    return nextMs;
  }

  #dispatch(bucket: number, inputs: readonly TurnInput[]): void {
    const led = this.#led.get(bucket);
    if (led === undefined || led.status === "halted") return;
    if (led.status === "loading" || this.#pipeline.full(bucket)) {
      led.backlog.push(...inputs);
      return;
    }
    this.#build(bucket, led, inputs);
  }

  #build(
    bucket: number,
    led: Led,
    inputs: readonly TurnInput[],
    before?: (outputs: Outputs) => void,
  ): void {
    const { app, nowMs, chance } = this.#env;
    const living = inputs.filter((input) => !this.#isDead(bucket, input));
    const letters = this.#letters(bucket, inputs);
    const all = [...(app.unpinned(bucket) ? living : this.#withPin(led, living)), ...letters];
    let current: TurnInput | undefined;
    try {
      const { built, outputs } = buildTurn(app, led.state, all, {
        atMs: led.time.take(this.#time.ranMs),
        epoch: led.epoch,
        chance,
        document: (hash) => this.#documents.get(hash),
        admit: (input, view, out) => {
          current = input;
          const name = nameOf(bucket, input);
          this.#env.inHand(name);
          return admit({ app, nowMs }, led.state, input, view, out);
        },
      });
      before?.(outputs);
      if (built !== undefined) this.stats.records += 1;
      this.#pipeline.add(bucket, led.epoch, built, outputs);
    } catch (error) {
      this.#poisoned(bucket, current, all, error);
    }
  }

  /** Every bucket pins the newest registry before it acts. */
  #withPin(led: Led, inputs: readonly TurnInput[]): readonly TurnInput[] {
    const latest = this.#latest;
    if (latest === undefined || (led.state.pin?.revision ?? 0) >= latest.revision) return inputs;
    const ageMs = this.#time.ranMs - latest.receivedMs;
    const body = { revision: latest.revision, hash: latest.hash, ageMs };
    const pin: TurnInput = { kind: "given", verb: "REGISTRY", body };
    const [first, ...rest] = inputs;
    return first?.kind === "given" && first.verb === "EPOCH"
      ? [first, pin, ...rest]
      : [pin, ...inputs];
  }

  /* --------------------------------------------------------------------- poison */

  #isDead(bucket: number, input: TurnInput): boolean {
    if (this.#tries.size === 0) return false;
    return (this.#tries.get(nameOf(bucket, input)) ?? 0) >= POISON_TRIES_MAX;
  }

  /** A DEAD_LETTER for each input that is dead and not yet logged as such. */
  #letters(bucket: number, inputs: readonly TurnInput[]): TurnInput[] {
    const letters: TurnInput[] = [];
    for (const input of inputs) {
      const name = nameOf(bucket, input);
      if (this.#lettered.has(name) || !this.#isDead(bucket, input)) continue;
      this.#lettered.add(name);
      const cause = "it was in hand each time a turn failed";
      this.#env.event({ type: "dead_letter", bucket, input: name, cause });
      letters.push({ kind: "given", verb: "DEAD_LETTER", body: { input: name, reason: cause } });
    }
    return letters;
  }

  #poisoned(
    bucket: number,
    input: TurnInput | undefined,
    all: readonly TurnInput[],
    error: unknown,
  ): void {
    const cause = error instanceof Error ? error.message : String(error);
    const led = this.#led.get(bucket);
    if (led === undefined) return;
    if (input === undefined || led.state.records === 0) {
      this.#halt(bucket, cause);
      return;
    }
    const name = nameOf(bucket, input);
    this.#tries.set(name, (this.#tries.get(name) ?? 0) + 1);
    led.backlog = [...all.filter((i) => i.kind !== "given"), ...led.backlog];
    this.#rebuild(bucket, cause);
  }

  #rebuild(bucket: number, cause: string): void {
    const led = this.#led.get(bucket);
    if (led === undefined || led.status === "halted") return;
    this.stats.rebuilt += 1;
    led.status = "loading";
    this.#env.event({ type: "rebuilt", bucket, cause });
    // What is in flight settles first, so that the head that is read is the last word.
    void this.#pipeline
      .idle()
      .then(() => {
        this.#pipeline.discard(bucket);
        return this.lead(bucket, led.epoch);
      })
      .catch((error: unknown) =>
        this.#halt(bucket, error instanceof Error ? error.message : String(error)),
      );
  }

  #halt(bucket: number, reason: string): void {
    const led = this.#led.get(bucket);
    if (led === undefined) return;
    led.status = "halted";
    this.#pipeline.discard(bucket);
    this.#env.event({ type: "halted", bucket, reason });
  }

  /* -------------------------------------------------------------------- signatures */

  #verify(wires: readonly WaitingWire[]): Waiting[] {
    if (wires.length === 0) return [];
    const startedAt = this.#env.monotonicMs();
    const parsed: { wire: WaitingWire; admitted: Admitted; bucket: number }[] = [];
    for (const wire of wires) {
      const result = this.#parse(wire.wire);
      if ("code" in result) this.#reject(wire, result.code, result.detail);
      else parsed.push({ wire, ...result });
    }
    const verdicts = verifyAll(
      parsed.map((p) => p.admitted.signed),
      parsed.map((p) => p.admitted.envelope.from),
      this.#env.verifier,
    );
    const inputs: Waiting[] = [];
    for (const [i, { wire, admitted, bucket }] of parsed.entries()) {
      if (verdicts[i] !== true)
        this.#reject(wire, "SIGNATURE_INVALID", "the signature does not verify");
      else inputs.push({ bucket, input: { kind: "envelope", admitted } });
    }
    this.stats.envelopes += inputs.length;
    this.stats.verifyMicros += Math.round((this.#env.monotonicMs() - startedAt) * 1000);
    return inputs;
  }

  #reject(wire: WaitingWire, code: string, detail: string): void {
    this.stats.rejected += 1;
    this.#env.reject(wire.connection, wire.wire, code, detail);
  }

  #parse(
    wire: Uint8Array,
  ): { admitted: Admitted; bucket: number } | { code: string; detail: string } {
    try {
      const signed = decodeSigned(wire);
      const admitted = admittedOf(this.#env.app, signed, decodeEnvelope(signed.bytes));
      const bucket = this.#env.app.route(admitted.thread);
      if (bucket === undefined || !this.#led.has(bucket))
        return { code: "MALFORMED", detail: "no such thread here" };
      return { admitted, bucket };
    } catch (error) {
      if (error instanceof Malformed) return { code: "MALFORMED", detail: error.message };
      throw error;
    }
  }

  /* ------------------------------------------------------------------------- outputs */

  #release(bucket: number, outputs: Outputs, built: Built | undefined): void {
    const led = this.#led.get(bucket);
    for (const ask of outputs.asks)
      this.#env.send({
        to: ask.to,
        from: bucket,
        number: ask.number,
        role: "ask",
        floor: ask.floor,
        payload: ask.payload,
      });
    for (const answer of outputs.answers)
      this.#env.send({
        to: answer.to,
        from: bucket,
        number: answer.number,
        role: "answer",
        floor: 0,
        payload: answer.payload,
      });
    if (outputs.receipts.length > 0) {
      const head = hex(built?.hash ?? led?.state.hash ?? new Uint8Array(32));
      for (const receipt of outputs.receipts)
        if (receipt.answer.kind === "nack") this.stats.refused += 1;
      this.#env.receipts(bucket, outputs.receipts, head);
    }
    for (const told of outputs.told) this.#env.tell(told.to, told.notice);
    for (const publication of outputs.publications) this.#env.publish(publication);
    if (built !== undefined && led !== undefined) this.#snapshot(bucket, led, built);
    if (led !== undefined && led.backlog.length > 0) this.#env.wake();
  }

  /** Only where memory is not ahead of what is durable: a snapshot may not be either. */
  #snapshot(bucket: number, led: Led, built: Built): void {
    if (built.records - led.snapshotAt < SNAPSHOT_RECORDS) return;
    if (
      led.status !== "live" ||
      led.state.records !== built.records ||
      this.#pipeline.unconfirmed(bucket) > 0
    )
      return;
    led.snapshotAt = built.records;
    void saveBucket(this.#env.store, led.state);
  }

  /** Resolves when all that was taken is committed. */
  async drain(): Promise<void> {
    while (this.waiting > 0) {
      this.turn();
      await this.#pipeline.idle();
    }
    await this.#pipeline.idle();
  }

  /** The pipeline has nothing in flight; for snapshots at a clean stop. */
  async snapshotAll(): Promise<void> {
    await this.#pipeline.idle();
    for (const [, led] of this.#led)
      if (led.status === "live" && led.state.records > led.snapshotAt)
        await saveBucket(this.#env.store, led.state);
  }
}

const readOnly = {
  append: (): void => {
    throw new Error("a view is read only");
  },
  chance: (): Uint8Array => {
    throw new Error("a view has no chance");
  },
};

const nameOf = (bucket: number, input: TurnInput): string => {
  switch (input.kind) {
    case "envelope":
      return input.admitted.signed.id;
    case "ask":
      return `ask:${input.from}:${input.number}`;
    case "answer":
      return `answer:${bucket}:${input.number}`;
    case "given":
      return `given:${bucket}:${input.verb}`;
    default:
      return input satisfies never;
  }
};

/** Parse a verified envelope's body; throws Malformed. */
export const admittedOf = (
  app: Application,
  signed: Admitted["signed"],
  envelope: Envelope,
): Admitted => {
  const parsed = app.parse(envelope.verb, envelope.body);
  if ("malformed" in parsed) throw new Malformed(parsed.malformed);
  return {
    signed,
    envelope: { ...envelope, body: parsed.body },
    thread: threadOf(envelope, signed.id),
  };
};
