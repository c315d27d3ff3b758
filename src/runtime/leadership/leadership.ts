/**
 * Leadership of buckets in a cluster: one session in the consensus store, all buckets of this
 * supervisor on it (protocol section 5).
 *
 * D1  A bucket is led here from a won campaign until it is let go; each winning has a new epoch.
 * D2  With no answer to a keep-alive for two thirds of the session's TTL everything is let go: the
 *     others may lead it from the end of the TTL on. (The store fences each write as well: P4.)
 * D3  A bucket is handed over only after its hosts have let it go, by giving up its key.
 * D4  A bucket whose chain is not to be found is given up at once, and left alone for a while.
 * D5  What the store says of a bucket counts: one that it does not show as ours is let go.
 * D6  Nothing is tried without a pause, and every pause has a name.
 * D7  One that the bus does not reach says so in the store, and lays down what another can lead (reach.ts).
 * D9  The build of whoever is there longest counts: one of another build ends its session, and asks for none
 *     while that is so. Two that build other logs never lead beside each other.
 * D8  When the store was away for all, all come back. Who is back first leaves to the others what is theirs,
 *     for a while: each may still have the state of what it led (host/host.ts H7).
 */

import type { Clock } from "#ports/clock.ts";
import { compareEpochs } from "#ports/commit-rules.ts";
import type { Consensus, Lead, LeaderRow, Member, Session } from "#ports/consensus.ts";
import { Fault, type FaultCode } from "#ports/faults.ts";
import { mark } from "#ports/marks.ts";
import type { Epoch } from "#ports/store.ts";
import type { NextLeader } from "../threads/protocol.ts";
import { Placement } from "./placement.ts";
import { candidatesOf, eldestOf, Reach } from "./reach.ts";
import { keptWeights, rankOf, type Pins } from "./share.ts";

/** A session lives this long after its last keep-alive, ms (protocol section 17). */
export const SESSION_TTL_MS = 3_000;
/** Without an answer for so long everything is let go, ms (D2). */
export const SILENT_MS_MAX = (SESSION_TTL_MS * 2) / 3;
/** Keep-alives in one TTL. */
const KEEP_ALIVES = 6;
/** The n-th in rank campaigns so much later than the first, ms. */
export const RANK_DELAY_MS = 300;
/** What is looked at now and then, also when no change was told, ms. */
export const LOOK_MS = 500;
/** After LOG_MISSING a bucket is left to others for so long, ms. */
export const STAND_BACK_MS = 10_000;
/** D8: for so long after its own return, ms: old sessions end within a TTL, a try to join takes as long. */
export const RETURN_MS = 2 * SESSION_TTL_MS;
/** After a failed join, ms. */
export const REJOIN_MS = 500;

/** A name may be held by the own last session, for a TTL; after this it is somebody else's, ms. */
export const ENTER_MS_MAX = 2 * SESSION_TTL_MS;
/** Whoever waits for the first session is told after so long without an answer, ms. */
export const UNANSWERED_MS_MAX = 60_000;
/** What asking again does not change; somebody has to. */
const REFUSALS: readonly FaultCode[] = [
  "DATA_IN_USE",
  "CONSENSUS_DENIED",
  "CONSENSUS_EMPTIED",
  "CONSENSUS_BEHIND",
  "OTHER_BUILD",
];

export interface LeadershipOptions {
  readonly name: string;
  /** What this supervisor is built of, in words, and whether another's words are of the same logs. */
  readonly build: string;
  readonly isAlike: (build: string) => boolean;
  readonly consensus: Consensus;
  readonly clock: Clock;
  /** Those that this supervisor can lead; all of the swarm, as a rule. */
  readonly buckets: readonly number[];
  /** It is led here from now on. */
  readonly won: (bucket: number, epoch: Epoch) => void;
  /** Let it go: nothing of it may leave any more. Resolves when that is so. */
  readonly letGo: (buckets: readonly number[], toWhom: NextLeader) => Promise<void>;
  /** Resolves when every record of a bucket that is led here can be had by the others. */
  readonly restock: (bucket: number) => Promise<void>;
  /** As `ask` of ReachOptions. */
  readonly reach: () => Promise<void>;
  readonly event: (event: LeadershipEvent) => void;
}

export type LeadershipEvent =
  | { readonly type: "joined" }
  /** And will not be until somebody has done something about it; it goes on asking. */
  | { readonly type: "not_joined"; readonly fault: Fault }
  | { readonly type: "session_lost"; readonly why: string }
  | { readonly type: "handed_over"; readonly buckets: readonly number[] }
  /** The bus does not reach it, and what it led is others' to lead; or it does again. */
  | { readonly type: "laid_down"; readonly buckets: readonly number[] }
  | { readonly type: "reached" };

/** Who is there, and what the operator wants of them. */
interface Wanted {
  /** Names of those that may lead. */
  readonly candidates: readonly string[];
  readonly pins: Pins;
}

export class Leadership {
  readonly #o: LeadershipOptions;
  #session: Session | undefined;
  readonly #led = new Map<number, Epoch>();
  /** Until when a bucket is left alone. */
  readonly #standBack = new Map<number, number>();
  /** Since when a bucket has had no leader. */
  readonly #freeSinceMs = new Map<number, number>();
  /** Others that were there at the last look of the session before this one. */
  #before: readonly string[] = [];
  /** At the last look. */
  #others: readonly string[] = [];
  #joinedMs = -Infinity;
  /** Since when it has tried to join; and since when its name was in use. */
  #joiningMs: number;
  #inUseSinceMs: number | undefined;
  #toldFault = "";
  /** Resolves when it has joined for the first time; rejects with what refuses it. */
  readonly entered: Promise<void>;
  readonly #entry = Promise.withResolvers<void>();
  readonly #weigh = keptWeights();
  readonly #placement: Placement;
  readonly #reach: Reach;
  #aliveAtMs = -Infinity;
  #isLooking = false;
  #lookAgain = false;
  #isClosed = false;
  #isDraining = false;
  readonly #unwatch: () => void;

  constructor(options: LeadershipOptions) {
    this.#o = options;
    const { name, restock, clock, reach } = options;
    this.#reach = new Reach({ name, clock, ask: reach });
    const nowMs = (): number => clock.monotonicMs();
    this.#placement = new Placement({ name, restock, nowMs, weigh: this.#weigh });
    this.#joiningMs = nowMs();
    this.entered = this.#entry.promise;
    this.entered.catch(() => undefined); // whoever waits for it is told
    this.#unwatch = options.consensus.watch(() => void this.#look());
    void this.#join();
    this.#everyLook();
  }

  get led(): ReadonlyMap<number, Epoch> {
    return this.#led;
  }

  /** Since the last keep-alive that the store has answered was asked; Infinity: it has not joined yet. */
  get silentMs(): number {
    return this.#nowMs() - this.#aliveAtMs;
  }

  /** No keep-alive was answered for so long that nothing is led here. */
  get isCutOff(): boolean {
    return this.silentMs >= SILENT_MS_MAX;
  }

  /** A host has found that somebody else leads this bucket, or it cannot be led here. */
  lost(bucket: number, why: "fenced" | "log-missing"): void {
    const lead = this.#dropped(bucket);
    if (lead === undefined) return;
    if (why === "log-missing") {
      mark("leadership.log-missing");
      this.#standBack.set(bucket, this.#nowMs() + STAND_BACK_MS);
    }
    void this.#resign([lead]);
  }

  /** Its host is gone: it is led again under a new epoch. */
  async again(buckets: readonly number[]): Promise<void> {
    const own = buckets.flatMap((bucket) => this.#dropped(bucket) ?? []);
    await this.#resign(own);
    // Nobody is waited for: it was ours and nobody else has seen it free for long.
    for (const { bucket } of own) this.#freeSinceMs.set(bucket, -Infinity);
    await this.#look();
  }

  /**
   * A fault on purpose: the key is given up and left to others for good, and nothing is let go. Whoever
   * calls this goes on as if it led (P4 holds at the store alone).
   */
  async renounce(bucket: number): Promise<void> {
    this.#standBack.set(bucket, Infinity);
    const lead = this.#dropped(bucket);
    if (lead !== undefined) await this.#resign([lead]);
  }

  /** Hand everything over, then leave. */
  async close(): Promise<void> {
    this.#isDraining = true;
    const buckets = [...this.#led.keys()];
    await this.#o.letGo(buckets, "handed-over");
    this.#led.clear();
    this.#isClosed = true;
    this.#reach.close();
    this.#unwatch();
    await this.#session?.end().catch(() => undefined);
  }

  #nowMs(): number {
    return this.#o.clock.monotonicMs();
  }

  /* -------------------------------------------------------------------- session */

  async #join(): Promise<void> {
    if (this.#isClosed) return;
    const askedMs = this.#nowMs();
    try {
      const { name, build, consensus } = this.#o;
      // One of its own name is of its last life.
      const others = (await consensus.members()).filter((one) => one.name !== name);
      const elder = this.#otherBuild(others);
      if (elder !== undefined) throw elder;
      const session = await consensus.join(name, SESSION_TTL_MS, build);
      if (this.#isClosed) {
        await session.end();
        return;
      }
      this.#session = session;
      this.#aliveAtMs = askedMs;
      this.#joinedMs = this.#nowMs();
      [this.#toldFault, this.#inUseSinceMs] = ["", undefined];
      this.#o.event({ type: "joined" });
      this.#entry.resolve();
      this.#keepAlive(session);
      this.#guard(session);
      await this.#look();
    } catch (error) {
      this.#notJoined(error);
      this.#o.clock.after(REJOIN_MS, () => void this.#join());
    }
  }

  #notJoined(error: unknown): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#joiningMs >= UNANSWERED_MS_MAX) this.#entry.reject(error);
    const fault = error instanceof Fault && REFUSALS.includes(error.code) ? error : undefined;
    if (fault?.code !== "DATA_IN_USE") this.#inUseSinceMs = undefined;
    else {
      this.#inUseSinceMs ??= nowMs;
      if (nowMs - this.#inUseSinceMs < ENTER_MS_MAX) return;
    }
    if (fault === undefined) return;
    this.#entry.reject(fault);
    if (fault.message === this.#toldFault) return;
    mark("leadership.not-joined");
    this.#toldFault = fault.message;
    this.#o.event({ type: "not_joined", fault });
  }

  #keepAlive(session: Session): void {
    this.#o.clock.after(SESSION_TTL_MS / KEEP_ALIVES, () => {
      if (this.#session !== session || this.#isClosed) return;
      const askedMs = this.#nowMs();
      session.keepAlive().then(
        () => {
          // It counts from when it was asked: the store may have heard it long ago.
          this.#aliveAtMs = Math.max(this.#aliveAtMs, askedMs);
        },
        (error: unknown) => {
          const isLost = error instanceof Error && error.message.startsWith("SESSION_LOST");
          if (isLost) this.#sessionLost(session, "the store has ended it");
        },
      );
      this.#keepAlive(session);
    });
  }

  /** D2. */
  #guard(session: Session): void {
    if (this.#session !== session || this.#isClosed) return;
    const leftMs = this.#aliveAtMs + SILENT_MS_MAX - this.#nowMs();
    if (leftMs <= 0) this.#sessionLost(session, "no keep-alive was answered in time");
    else this.#o.clock.after(leftMs, () => this.#guard(session));
  }

  #sessionLost(session: Session, why: string): void {
    if (this.#session !== session) return;
    mark("leadership.session-lost");
    this.#session = undefined;
    this.#before = this.#others;
    const buckets = [...this.#led.keys()];
    this.#led.clear();
    this.#o.event({ type: "session_lost", why });
    void this.#o.letGo(buckets, "lost").then(async () => {
      await session.end().catch(() => undefined);
      this.#joiningMs = this.#nowMs();
      this.#o.clock.after(REJOIN_MS, () => void this.#join());
    });
  }

  /** It is led here no more, from now on. */
  #dropped(bucket: number): Lead | undefined {
    const epoch = this.#led.get(bucket);
    this.#led.delete(bucket);
    return epoch === undefined ? undefined : { bucket, epoch };
  }

  async #resign(leads: readonly Lead[]): Promise<void> {
    if (leads.length === 0) return;
    // Unanswered, the keys stay ours until the next look finds them (or the session ends).
    await this.#session?.resign(leads).catch(() => undefined);
  }

  /* ---------------------------------------------------------------------- looking */

  #everyLook(): void {
    this.#o.clock.after(LOOK_MS, () => {
      if (this.#isClosed) return;
      void this.#look();
      this.#everyLook();
    });
  }

  async #look(): Promise<void> {
    if (this.#isLooking) {
      this.#lookAgain = true;
      return;
    }
    this.#isLooking = true;
    try {
      do {
        this.#lookAgain = false;
        await this.#lookOnce();
      } while (this.#lookAgain);
    } catch {
      // The store does not answer: the next look asks again.
    } finally {
      this.#isLooking = false;
    }
  }

  async #lookOnce(): Promise<void> {
    const session = this.#session;
    if (session === undefined || this.#isClosed || this.#isDraining) return;
    const { consensus } = this.#o;
    const [members, leaders, pins] = await Promise.all([
      consensus.members(),
      consensus.leaders(),
      consensus.pins(),
    ]);
    if (this.#session !== session) return;
    if (this.#otherBuild(members) !== undefined) {
      mark("leadership.other-build");
      this.#sessionLost(session, "the one who is there longest is of another build");
      return;
    }
    this.#saw(members);
    const rows = new Map(leaders.map((row) => [row.bucket, row]));
    await this.#dropForgotten(session, rows);
    await this.#letGoOfLost(rows);
    if (this.#session !== session) return;
    await this.#tellReach(session, members);
    if (this.#reach.isToLayDown(members)) await this.#layDown(session);
    const candidates = candidatesOf(members.filter(({ build }) => this.#o.isAlike(build)));
    if (this.#session !== session || !candidates.includes(this.#o.name)) return;
    await this.#campaign(session, rows, { candidates, pins });
    await this.#rebalance(session, { candidates, pins });
  }

  /** D9. Undefined: it may be there. */
  #otherBuild(members: readonly Member[]): Fault | undefined {
    const eldest = eldestOf(members);
    if (eldest === undefined || this.#o.isAlike(eldest.build)) return undefined;
    return new Fault(
      "OTHER_BUILD",
      `${eldest.name} is there and of another build, ${eldest.build}`,
    );
  }

  /** D7: what the store shows of this one is what it knows of itself, as of the last look. */
  async #tellReach(session: Session, members: readonly Member[]): Promise<void> {
    const { isCutOff } = this.#reach;
    const shown = members.find((member) => member.name === this.#o.name);
    if (shown === undefined || shown.isCutOff === isCutOff) return;
    await session.say(isCutOff);
    if (!isCutOff) this.#o.event({ type: "reached" });
    this.#lookAgain = true;
  }

  async #layDown(session: Session): Promise<void> {
    const buckets = [...this.#led.keys()];
    if (buckets.length === 0) return;
    mark("leadership.laid-down");
    // What it would save for them does not reach the stream.
    await this.#handOver(session, buckets, "lost");
    this.#o.event({ type: "laid_down", buckets });
  }

  /** Keys of ours that we do not lead: a resignation or a campaign whose answer was lost. */
  async #dropForgotten(session: Session, rows: ReadonlyMap<number, LeaderRow>): Promise<void> {
    const forgotten = [...rows.values()].filter(
      ({ bucket, holder }) => holder === this.#o.name && !this.#led.has(bucket),
    );
    if (forgotten.length === 0) return;
    mark("leadership.forgotten-key");
    await session.resign(forgotten);
    this.#lookAgain = true;
  }

  /** D5: a bucket without writes would never be told by a fence that it is led elsewhere. */
  async #letGoOfLost(rows: ReadonlyMap<number, LeaderRow>): Promise<void> {
    const lost = [...this.#led].flatMap(([bucket, epoch]) => {
      const row = rows.get(bucket);
      const isOurs = row !== undefined && compareEpochs(row.epoch, epoch) === 0;
      return isOurs ? [] : [bucket];
    });
    if (lost.length === 0) return;
    mark("leadership.key-gone");
    for (const bucket of lost) this.#led.delete(bucket);
    await this.#o.letGo(lost, "lost");
  }

  async #campaign(
    session: Session,
    rows: ReadonlyMap<number, LeaderRow>,
    { candidates, pins }: Wanted,
  ): Promise<void> {
    const nowMs = this.#nowMs();
    const absent = this.#absent();
    const wanted: number[] = [];
    for (const bucket of this.#o.buckets) {
      if (rows.has(bucket)) {
        this.#freeSinceMs.delete(bucket);
        continue;
      }
      if ((this.#standBack.get(bucket) ?? 0) > nowMs) continue;
      const since = this.#freeSinceMs.get(bucket) ?? nowMs;
      this.#freeSinceMs.set(bucket, since);
      const ranked = rankOf([...candidates, ...absent], bucket, { pins, weigh: this.#weigh });
      const before = ranked.slice(0, Math.max(0, ranked.indexOf(this.#o.name)));
      if (before.some((name) => absent.includes(name))) continue;
      if (since + before.length * RANK_DELAY_MS <= nowMs) wanted.push(bucket);
    }
    if (wanted.length === 0) return;
    const won = await session.campaign(wanted);
    for (const { bucket, epoch } of won) {
      if (this.#session !== session) return;
      this.#freeSinceMs.delete(bucket);
      this.#led.set(bucket, epoch);
      this.#placement.won(bucket);
      this.#o.won(bucket, epoch);
    }
  }

  /** Who is new has its turn with what is free, whatever time has passed since it is. */
  #saw(members: readonly Member[]): void {
    const others = members.map(({ name }) => name).filter((name) => name !== this.#o.name);
    if (others.some((name) => !this.#others.includes(name))) this.#freeSinceMs.clear();
    this.#others = others;
  }

  /** D8: who is expected to be back any moment. */
  #absent(): readonly string[] {
    if (this.#nowMs() - this.#joinedMs > RETURN_MS) return [];
    return this.#before.filter((name) => !this.#others.includes(name));
  }

  /** D3: what others should lead goes to them. */
  async #rebalance(session: Session, { candidates, pins }: Wanted): Promise<void> {
    const due = this.#placement.due(this.#led.keys(), candidates, pins);
    if (due.length === 0) return;
    mark("leadership.handed-over");
    await this.#handOver(session, due, "handed-over");
    this.#o.event({ type: "handed_over", buckets: due });
  }

  async #handOver(session: Session, buckets: readonly number[], toWhom: NextLeader): Promise<void> {
    await this.#o.letGo(buckets, toWhom);
    const leads = buckets.flatMap((bucket) => this.#dropped(bucket) ?? []);
    for (const { bucket } of leads) this.#placement.handedOver(bucket);
    await session.resign(leads);
  }
}
