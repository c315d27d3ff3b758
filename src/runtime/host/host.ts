/**
 * A host: leads some buckets, turn by turn. It is driven from outside (a thread, or the simulated world)
 * and reaches the world only through what it is given.
 *
 * H1  Nothing leaves before the record that caused it is committed (commit/pipeline.ts).
 * H2  A message from another bucket is handed over only after its sender's turn was committed.
 * H3  A bucket whose turn throws is built again from its log; an input that did so POISON_TRIES_MAX
 *     times is logged as a dead letter and never taken again. Other buckets go on.
 * H4  A bucket acts only under the epoch it logged first (EPOCH), which the store fences (P4). One that
 *     is fenced lets the bucket go. EPOCH is logged once for each epoch, however often the bucket is
 *     loaded under it: it opens the secret of the epoch before.
 * H5  Inputs of one sender to one bucket keep their order, also over a rebuild.
 * H6  No bucket is stuck in silence: what stops it is an event, and what may pass is tried again.
 * H7  One that was let go because its leadership ended may be led here again before anybody else did: then
 *     it goes on with its state and what was built on it, if the head says so (commit/pipeline.ts C6).
 */

import { compareEpochs, sameBytes } from "#ports/commit-rules.ts";
import { Fault } from "#ports/faults.ts";
import { mark } from "#ports/marks.ts";
import type { Epoch } from "#ports/store.ts";
import type { BucketView, Told } from "../bucket/application.ts";
import type { Built } from "../bucket/build.ts";
import { nameOfInput, type TurnInput } from "../bucket/input.ts";
import { joined, noOutputs, type Outputs, type Publication } from "../bucket/outputs.ts";
import { BucketReader, noticesOf } from "../bucket/view.ts";
import { Pipeline } from "../commit/pipeline.ts";
import { BucketTime, HostTime } from "../timers/log-time.ts";
import { Agenda } from "./agenda.ts";
import { Backlog } from "./backlog.ts";
import { attempt, type Attempted, type AttemptTools } from "./attempt.ts";
import { Documents } from "./documents.ts";
import {
  HOST_LIMITS,
  LOADS_AT_A_TIME,
  NO_STATS,
  messageOf,
  RELOAD_MS,
  RESUME_MS,
  type BucketMessage,
  type HostEnvironment,
  type HostLimits,
  type HostStats,
} from "./environment.ts";
import { isWhole, newLed, shown, type Led, type LedShown } from "./led.ts";
import { Inbox } from "./inbox.ts";
import { HostPoison, nameOfBucket, refuseAll } from "./poison.ts";
import { Lanes } from "./lanes.ts";
import { Refusals } from "./refusals.ts";
import { letOut } from "./release.ts";
import { loadBucket, LOG_LOST, type Loaded } from "./recovery.ts";
import { isSnapshotDue, saveAll, saveSettled, saveTaken, takeSnapshot } from "./snapshots.ts";
import { verifyWires, type Addressed, type Gate, type Waited, type Wire } from "./verify.ts";

export class Host {
  readonly #env: HostEnvironment;
  readonly #limits: HostLimits;
  readonly #led = new Map<number, Led>();
  readonly #pipeline: Pipeline;
  readonly #time = new HostTime();
  readonly #poison: HostPoison;
  readonly #documents: Documents;
  readonly #inbox: Inbox;
  readonly #backlog: Backlog;
  readonly #loads = new Set<Promise<void>>();
  readonly #loadLanes = new Lanes(LOADS_AT_A_TIME);
  readonly #agenda = new Agenda();
  readonly #tools: AttemptTools;
  readonly stats: HostStats = { ...NO_STATS };

  constructor(env: HostEnvironment) {
    this.#env = env;
    this.#limits = env.limits ?? HOST_LIMITS;
    this.#documents = new Documents(env.app, env.fetchDocument);
    this.#inbox = new Inbox(this.#limits, this.#documents);
    this.#backlog = new Backlog(this.#led, this.#limits.backlogInputsMax);
    this.#poison = new HostPoison(env.dead);
    const tools = { documents: this.#documents, poison: this.#poison, inbox: this.#inbox };
    this.#tools = { env, ...tools, refusals: new Refusals() };
    this.#pipeline = new Pipeline(env.store, env.after, {
      release: (bucket, outputs, built) => this.#release(bucket, outputs, built),
      lost: (bucket, elsewhere) => this.#lost(bucket, elsewhere),
      stalled: (bucket, reason) => this.#stalled(bucket, reason),
      halt: (bucket, reason) => this.#halt(bucket, reason),
    });
    this.#time.tick(env.monotonicMs());
  }

  /* ------------------------------------------------------------------- leading */

  /**
   * Load the bucket's log up to the head and log EPOCH; the bucket acts from then on. A log that cannot
   * be replayed halts this bucket only, by name.
   */
  async lead(bucket: number, epoch: Epoch): Promise<void> {
    const known = this.#led.get(bucket);
    const led = known ?? newLed(bucket, epoch, this.#time.ranMs);
    this.#led.set(bucket, led);
    led.run += 1;
    led.epoch = epoch;
    const isKept = led.status === "kept" || led.status === "resuming";
    led.status = isKept ? "resuming" : "loading";
    led.dueMs = Infinity;
    if (!isKept) this.#discard(led);
    const against = this.#poison.against(bucket);
    if (against !== undefined) {
      this.#halt(bucket, against);
      return;
    }
    const { run } = led;
    try {
      if (isKept && (await this.#resumed(led))) return;
      const loaded = await this.#load(led, run);
      if (loaded === undefined || led.run !== run) return;
      Object.assign(led, loaded satisfies Partial<Led>, { committed: loaded.state.hash });
      this.#begin(led, known !== undefined);
    } catch (error) {
      if (led.run !== run) return;
      if (!(error instanceof Fault) || error.code === "STORE_CORRUPT")
        this.#halt(bucket, messageOf(error));
      else if (LOG_LOST.includes(error.code)) {
        this.#retire(led, "lost");
        this.#env.event({ type: "log_missing", bucket, reason: error.message });
      } else this.#stalled(bucket, error.message);
    }
  }

  /** Somebody else will lead the bucket: it takes no new turn; resolves when what is built is settled. */
  async settle(bucket: number): Promise<void> {
    const led = this.#led.get(bucket);
    if (led?.status === "live") led.status = "settling";
    await this.#pipeline.settled(bucket);
  }

  /**
   * After `settle`: a snapshot for whoever leads the bucket next, where a replay would take longer. Resolves
   * when it is saved. What is not committed is in none.
   */
  async saveSettled(bucket: number): Promise<void> {
    const led = this.#led.get(bucket);
    if (led !== undefined) await saveSettled(led, this.#env);
  }

  /** Nothing of it leaves any more. `isKept`: H7; otherwise it is led elsewhere from now on. */
  letGo(bucket: number, isKept: boolean): void {
    const led = this.#led.get(bucket);
    if (led !== undefined && led.status !== "halted")
      this.#retire(led, isKept && isWhole(led) ? "kept" : "lost");
  }

  /** H7. Whether it has begun, or will be tried again; where not, nothing of it is kept any more. */
  async #resumed(led: Led): Promise<boolean> {
    const { bucket, epoch, committed, run } = led;
    const head = await this.#env.store.head(bucket).catch(messageOf);
    if (led.run !== run) return true;
    if (typeof head === "string") {
      this.#env.event({ type: "stalled", bucket, reason: head });
      this.#env.after(RESUME_MS, () => led.run === run && void this.lead(bucket, epoch));
      return true;
    }
    const waiting = this.#pipeline.waitingAsks(bucket);
    if (!this.#pipeline.resume(bucket, epoch, committed, head)) {
      mark("host.kept-in-vain");
      led.status = "loading";
      this.#discard(led);
      return false;
    }
    if (sameBytes(head.hash, led.state.hash)) mark("host.resumed");
    else mark("host.resumed-ahead");
    this.#begin(led, true, waiting);
    return true;
  }

  /** The system bucket first, by itself: all wait for what it publishes. Undefined: nobody wants it now. */
  #load(led: Led, run: number): Promise<Loaded | undefined> {
    const { bucket } = led;
    const { app, store } = this.#env;
    const inHand = (busy: boolean): void => this.#env.inHand(busy ? nameOfBucket(bucket) : "");
    const open = (hash: string): Promise<unknown> => this.#documents.open(hash);
    return this.#loadLanes.run(app.unpinned(bucket), async () =>
      led.run === run ? loadBucket({ app, store, open, inHand }, bucket) : undefined,
    );
  }

  /** `leaving`: numbers of asks that leave with turns that were kept. */
  #begin(led: Led, again: boolean, leaving: ReadonlySet<number> = new Set()): void {
    const { bucket, epoch, state } = led;
    led.time = new BucketTime(state.atMs, this.#time.ranMs);
    const previous = { generation: state.generation, revision: state.revision };
    const order = compareEpochs(epoch, previous);
    if (state.records > 0 && order < 0) {
      this.#lost(bucket, true);
      return;
    }
    led.status = "live";
    // Asked before, perhaps never sent: asking twice is answered once (protocol section 7).
    const open = [...state.asks.values()].filter(({ number }) => !leaving.has(number));
    const asks = open.map((ask) => state.outgoing(ask));
    const told = again ? [...noticesOf(state)] : [];
    if (state.records > 0 && order === 0) {
      mark("load.same-epoch");
      this.#pipeline.add(bucket, epoch, undefined, { ...noOutputs(), asks, told });
      this.#agenda.schedule(led, this.#time.ranMs);
    } else {
      const body = this.#env.epochBody(epoch, state.records === 0 ? undefined : previous);
      this.#build(led, [], [{ kind: "given", verb: "EPOCH", body }], { asks, told });
    }
    this.#env.wake();
  }

  /* -------------------------------------------------------------------- inputs */

  receive(connection: number, wires: readonly Uint8Array[]): void {
    for (const wire of wires) {
      if (this.#inbox.envelope(connection, wire)) continue;
      mark("host.mailbox-full");
      this.#reject({ connection, wire }, "MAILBOX_FULL", "too many envelopes wait");
    }
    this.#env.wake();
  }

  /** From another bucket. An answer has the room that its ask reserved, so it is never refused. */
  message(message: BucketMessage): void {
    if (this.#inbox.message(message)) this.#env.wake();
    else {
      mark("host.answer-dropped");
      this.stats.dropped += 1;
    }
  }

  /** An entry from outside. False: there is no room; nothing was taken. */
  give(bucket: number, verb: string, body: unknown): boolean {
    const taken = this.#inbox.given(bucket, verb, body);
    this.#env.wake();
    return taken;
  }

  /** A document published by another bucket, `ageMs` ago: every bucket pins it before its next turn. */
  document(publication: Publication, ageMs = 0): void {
    this.#documents.add(
      publication,
      this.#time.ranMs - ageMs,
      () => new Set([...this.#led.values()].flatMap(({ state }) => state.pin?.hash ?? [])),
    );
  }

  get documents(): Pick<Documents, "latest" | "newest" | "knows"> {
    return this.#documents;
  }

  /** What live actors want these agents to know, told again (they have just come back): in one walk. */
  *notices(agents: Pick<ReadonlySet<string>, "has">): Iterable<Told> {
    for (const { status, state } of this.#led.values()) {
      if (status !== "live") continue;
      for (const told of noticesOf(state)) if (agents.has(told.to)) yield told;
    }
  }

  /** Whether what is said to the bucket is to be taken here: also while it is loading or halted. */
  leads(bucket: number): boolean {
    const led = this.#led.get(bucket);
    return led !== undefined && led.status !== "lost" && led.status !== "kept";
  }

  view(bucket: number): BucketView | undefined {
    const led = this.#led.get(bucket);
    return led?.status === "live" ? new BucketReader(led.state) : undefined;
  }

  buckets(): readonly LedShown[] {
    return [...this.#led.values()].map((led) => shown(led, this.#pipeline.records(led.bucket)));
  }

  get waiting(): number {
    return this.#inbox.size;
  }

  /* ---------------------------------------------------------------------- turns */

  /** One turn over all buckets. Returns the milliseconds until a timer is due (or the next tick). */
  turn(): number {
    this.stats.turns += 1;
    this.#time.tick(this.#env.monotonicMs());
    const groups = this.#backlog.take((led) => this.#canBuild(led));
    const add = ({ bucket, input }: Addressed): void => {
      const group = groups.get(bucket);
      if (group === undefined) groups.set(bucket, [input]);
      else group.push(input);
    };
    this.#inbox.takeMessages().forEach(add);
    this.#verified(this.#inbox.takeWires()).forEach(add);

    const startedAt = this.#env.monotonicMs();
    for (const [bucket, inputs] of groups) this.#dispatch(bucket, inputs);
    const nextMs = this.#fireDue();
    this.stats.stepMicros += Math.round((this.#env.monotonicMs() - startedAt) * 1000);
    this.#pipeline.flush();
    return this.waiting > 0 || this.#hasBacklog() ? 0 : nextMs;
  }

  #hasBacklog(): boolean {
    return this.#backlog.isReady((led) => this.#canBuild(led));
  }

  #verified(wires: readonly Waited[]): Addressed[] {
    if (wires.length === 0) return [];
    const startedAt = this.#env.monotonicMs();
    const leads = (bucket: number): boolean => this.leads(bucket);
    const reject: Gate["reject"] = (wire, code, detail) => this.#reject(wire, code, detail);
    const inputs = verifyWires({ ...this.#env, leads, reject }, wires);
    this.stats.envelopes += inputs.length;
    this.stats.verifyMicros += Math.round((this.#env.monotonicMs() - startedAt) * 1000);
    return inputs;
  }

  #reject({ connection, wire }: Wire, code: string, detail: string): void {
    this.stats.rejected += 1;
    this.#env.reject(connection, wire, code, detail);
  }

  #dispatch(bucket: number, inputs: readonly TurnInput[]): void {
    const led = this.#led.get(bucket);
    if (led?.status === "halted") this.#refuse(bucket, "BUCKET_HALTED", inputs);
    if (led === undefined || led.status === "halted" || !this.leads(bucket)) return;
    const now = this.#canBuild(led) ? this.#limits.turnInputsMax : 0;
    if (inputs.length > now)
      this.#refuse(bucket, "MAILBOX_FULL", this.#backlog.add(led, inputs.slice(now)));
    if (now > 0) this.#build(led, inputs.slice(0, now));
  }

  #canBuild(led: Led): boolean {
    return led.status === "live" && !this.#pipeline.full(led.bucket);
  }

  /** Inputs that no turn will take: who sent an envelope is told, a message comes again by itself. */
  #refuse(bucket: number, code: string, inputs: readonly TurnInput[]): void {
    const refused = noOutputs();
    refuseAll(code, inputs, refused);
    this.stats.dropped += inputs.length - refused.receipts.length;
    if (refused.receipts.length > 0) this.#release(bucket, refused, undefined);
  }

  /** Fires what is due. Buckets with too much unconfirmed come again when that is committed. */
  #fireDue(): number {
    const { ranMs } = this.#time;
    for (const led of this.#agenda.due(this.#led.values(), ranMs)) {
      if (this.#pipeline.full(led.bucket)) {
        mark("host.due-held");
        led.held = true;
        continue;
      }
      const isTimer = (led.state.timers.next() ?? Infinity) <= led.time.now(ranMs);
      this.#build(led, [], isTimer ? [] : [{ kind: "given", verb: "TICK", body: {} }]);
    }
    return this.#agenda.waitMs(ranMs);
  }

  /** One turn of one bucket; `own` are the host's given entries, `more` leaves with its outputs. */
  #build(
    led: Led,
    inputs: readonly TurnInput[],
    own: readonly TurnInput[] = [],
    more: Partial<Outputs> = {},
  ): void {
    const { bucket } = led;
    const made = attempt(this.#tools, { led, inputs, own, ranMs: this.#time.ranMs });
    if (made.kind === "threw") {
      this.#threw(led, inputs, made);
      return;
    }
    if (made.built !== undefined) this.#took(led);
    this.#pipeline.add(bucket, led.epoch, made.built, joined(made.outputs, more));
    this.#agenda.schedule(led, this.#time.ranMs);
  }

  #took(led: Led): void {
    this.stats.records += 1;
    if (isSnapshotDue(led, this.#limits)) takeSnapshot(led);
  }

  /* --------------------------------------------------------------- what goes wrong */

  #threw(
    led: Led,
    inputs: readonly TurnInput[],
    { input, cause }: Extract<Attempted, { kind: "threw" }>,
  ): void {
    // A timer, an epoch, a pin: nothing that could be set aside.
    if (input === undefined) {
      this.#halt(led.bucket, cause);
      return;
    }
    this.#poison.threw(nameOfInput(led.bucket, input), cause);
    this.#backlog.again(led, inputs);
    this.#rebuild(led, cause);
  }

  #lost(bucket: number, elsewhere: boolean): void {
    const led = this.#led.get(bucket);
    if (led === undefined || led.status === "halted") return;
    if (!elsewhere) {
      this.#rebuild(led, "its commit was refused");
      return;
    }
    this.#retire(led, "lost");
    this.#env.event({ type: "lost", bucket });
  }

  /** Discard the state; what was built before and waits for its commit settles first. */
  #rebuild(led: Led, cause: string): void {
    mark("host.rebuilt");
    this.stats.rebuilt += 1;
    led.status = "loading";
    led.run += 1;
    const { bucket, run } = led;
    this.#env.event({ type: "rebuilt", bucket, cause });
    const load = this.#pipeline.settled(bucket).then(async () => {
      if (led.run === run) await this.lead(bucket, led.epoch);
      this.#loads.delete(load);
    });
    this.#loads.add(load);
  }

  #stalled(bucket: number, reason: string): void {
    const led = this.#led.get(bucket);
    if (led === undefined || led.status === "halted") return;
    led.status = "loading";
    led.run += 1;
    const { run } = led;
    this.#env.event({ type: "stalled", bucket, reason });
    this.#env.after(RELOAD_MS, () => {
      if (led.run === run) void this.lead(bucket, led.epoch);
    });
  }

  #halt(bucket: number, reason: string): void {
    const led = this.#led.get(bucket);
    if (led === undefined) return;
    this.#retire(led, "halted");
    this.#env.event({ type: "halted", bucket, reason });
  }

  #retire(led: Led, status: "halted" | "lost" | "kept"): void {
    led.status = status;
    led.run += 1;
    this.#backlog.drop(led);
    if (status === "kept") this.#pipeline.keep(led.bucket);
    else this.#discard(led);
  }

  /** What was built and is not committed is void. */
  #discard(led: Led): void {
    led.snapshot = undefined;
    this.#pipeline.discard(led.bucket);
  }

  /* ------------------------------------------------------------------------- outputs */

  #release(bucket: number, outputs: Outputs, built: Built | undefined): void {
    const led = this.#led.get(bucket);
    for (const { answer } of outputs.receipts) if (answer.kind === "nack") this.stats.refused += 1;
    this.stats.rejected += outputs.rejections.length;
    for (const number of outputs.givenUp) this.#inbox.release(bucket, number);
    // Without room for its answer an ask does not leave; its actor asks again.
    const asks = outputs.asks.filter(({ number }) => this.#inbox.reserve(bucket, number));
    this.stats.dropped += outputs.asks.length - asks.length;
    if (built !== undefined && led !== undefined) led.committed = built.hash;
    // Never a hash of memory that is ahead: a receipt is signed, and such a record may yet be void.
    if (led === undefined) return;
    const under = { head: led.committed, epoch: built?.epoch ?? led.epoch };
    letOut(this.#env, bucket, { ...outputs, asks }, under);
    if (built !== undefined && led.snapshot?.records === built.records)
      void saveTaken(led, this.#env);
    if (led.held) {
      led.held = false;
      this.#agenda.schedule(led, this.#time.ranMs);
      this.#env.wake();
    }
    if (led.backlog.length > 0) this.#env.wake();
  }

  /** Resolves when all that was taken is committed, or its bucket is stalled, lost or halted. */
  async drain(): Promise<void> {
    do {
      this.turn();
      await this.#pipeline.idle();
      await Promise.all(this.#loads);
    } while (this.waiting > 0 || this.#hasBacklog());
  }

  /** For a clean stop: what is loaded next needs no replay that is worth a snapshot. */
  async snapshotAll(recordsMin?: number): Promise<void> {
    await this.#pipeline.idle();
    await saveAll(this.#led.values(), this.#env.store, recordsMin);
  }
}
