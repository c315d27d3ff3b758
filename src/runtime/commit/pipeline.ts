/**
 * Commit of turns: what was built goes to the store in order, and its outputs leave when it is durable.
 *
 * C1  Commits of one bucket go in order, one in flight; the next carries the turns built meanwhile, up
 *     to WRITE_KEYS_MAX decide keys and at least one record.
 * C2  Outputs leave only after their record is committed, in the order built. Refusals that logged
 *     nothing wait for the records built before them: they were decided on that state.
 * C3  A refused commit voids every later turn of that bucket; its state is discarded.
 * C4  After an unknown answer, or none within ANSWER_MS_MAX, the head decides: mine, success; the
 *     predecessor, the same bytes go again; another's, refused. Until then nothing is built on that
 *     bucket and nothing of it leaves; other buckets go on.
 * C5  Tries are spaced and counted. When they are used up the bucket is reported as stalled and
 *     forgotten here; a copy that applies later is then on the chain or refused, like any other's.
 * C6  What waits for a bucket that is led no more can be kept: nothing of it is sent or leaves, and no
 *     answer to what was sent counts. Led again it goes on if the head, read under the new epoch, is the
 *     parent of what waits or one of its records: up to there it is committed (an older fence stops what
 *     is still under way, P4), and the rest goes to the store under the new epoch, in front of its EPOCH.
 */

import type { Clock } from "#ports/clock.ts";
import { compareEpochs, sameBytes } from "#ports/commit-rules.ts";
import { WRITE_KEYS_MAX } from "#ports/consensus.ts";
import { mark } from "#ports/marks.ts";
import type { BucketWrite, CommitOutcome, Epoch, Head, RecordWrite, Store } from "#ports/store.ts";
import type { Built } from "../bucket/build.ts";
import type { Outputs } from "../bucket/outputs.ts";

/** Records of one bucket that may wait unconfirmed; more and the bucket takes no new turn. */
export const UNCONFIRMED_RECORDS_MAX = 64;
/** Times the head is asked after one unknown answer, about 20 s in all. */
export const UNKNOWN_RETRIES_MAX = 10;
/** First and longest wait before the head is asked, ms; doubled each time. */
export const RETRY_MS_MIN = 50;
export const RETRY_MS_MAX = 5_000;
/** A store that has not answered for so long will be asked what became of it, ms. */
export const ANSWER_MS_MAX = 10_000;

interface Waiting {
  readonly built: Built | undefined;
  readonly outputs: Outputs;
}

interface Lane {
  readonly waiting: Waiting[];
  /** How many of `waiting` are in flight. */
  inFlight: number;
  epoch: Epoch;
  /** Tries since the last clear answer. */
  retries: number;
  /** C6. */
  isKept: boolean;
}

export interface PipelineEvents {
  /** A record is durable (or nothing was logged): let these leave. */
  readonly release: (bucket: number, outputs: Outputs, built: Built | undefined) => void;
  /** The log moved on without us: discard the state. `elsewhere`: under somebody else's epoch. */
  readonly lost: (bucket: number, elsewhere: boolean) => void;
  /** The store gives no clear answer: discard the state and load it again later. */
  readonly stalled: (bucket: number, reason: string) => void;
  /** P1 is broken: a decide key existed although the head was ours. */
  readonly halt: (bucket: number, reason: string) => void;
}

const retryMs = (retries: number): number =>
  Math.min(RETRY_MS_MIN * 2 ** (retries - 1), RETRY_MS_MAX);

/** What the next write carries, from the front (C1). */
const nextWrite = (waiting: readonly Waiting[]): readonly Waiting[] => {
  let keys = 0;
  for (const [at, { outputs }] of waiting.entries()) {
    keys += outputs.decides.length + outputs.undecides.length;
    if (at > 0 && keys > WRITE_KEYS_MAX) return waiting.slice(0, at);
  }
  return waiting;
};

export class Pipeline {
  readonly #store: Store;
  readonly #after: Clock["after"];
  readonly #events: PipelineEvents;
  readonly #lanes = new Map<number, Lane>();
  #watchers: (() => void)[] = [];
  #busy = false;
  /** Why the store last failed to answer. */
  #failure = "no answer";

  constructor(store: Store, after: Clock["after"], events: PipelineEvents) {
    this.#store = store;
    this.#after = after;
    this.#events = events;
  }

  /** How many turns of the bucket are not confirmed; none of one that is kept. */
  unconfirmed(bucket: number): number {
    return this.#waiting(bucket).length;
  }

  /** How many of these have a record. */
  records(bucket: number): number {
    return this.#waiting(bucket).filter(({ built }) => built !== undefined).length;
  }

  #waiting(bucket: number): readonly Waiting[] {
    const lane = this.#lanes.get(bucket);
    return lane === undefined || lane.isKept ? [] : lane.waiting;
  }

  /** The bucket takes no new turn: too much is unconfirmed, or its last answer was unclear (C4). */
  full(bucket: number): boolean {
    const lane = this.#lanes.get(bucket);
    const isFull =
      lane !== undefined && (lane.retries > 0 || lane.waiting.length >= UNCONFIRMED_RECORDS_MAX);
    if (isFull) mark("commit.full");
    return isFull;
  }

  add(bucket: number, epoch: Epoch, built: Built | undefined, outputs: Outputs): void {
    let lane = this.#lanes.get(bucket);
    if (lane === undefined) {
      lane = { waiting: [], inFlight: 0, epoch, retries: 0, isKept: false };
      this.#lanes.set(bucket, lane);
    }
    lane.epoch = epoch;
    if (built === undefined && lane.waiting.length === 0)
      this.#events.release(bucket, outputs, undefined);
    else lane.waiting.push({ built, outputs });
  }

  /** Forget what was built for this bucket; what is in flight is judged by the head at reload. */
  discard(bucket: number): void {
    this.#lanes.delete(bucket);
    this.#changed();
  }

  /** C6. */
  keep(bucket: number): void {
    const lane = this.#lanes.get(bucket);
    // Another lane: an answer that is on its way is for the old one.
    if (lane !== undefined) this.#lanes.set(bucket, { ...lane, inFlight: 0, isKept: true });
    this.#changed();
  }

  /** Numbers of the asks that leave when what waits is committed. */
  waitingAsks(bucket: number): ReadonlySet<number> {
    const waiting = this.#lanes.get(bucket)?.waiting ?? [];
    return new Set(waiting.flatMap(({ outputs }) => outputs.asks.map(({ number }) => number)));
  }

  /**
   * C6: goes on with what was kept. `committed`: the last record that was known to be so. False: the log has
   * moved on otherwise; nothing is kept any more.
   */
  resume(bucket: number, epoch: Epoch, committed: Uint8Array, head: Head): boolean {
    const kept = this.#lanes.get(bucket);
    const waiting = kept?.waiting ?? [];
    const last = waiting.findLastIndex(
      ({ built }) => built !== undefined && sameBytes(built.hash, head.hash),
    );
    if (last < 0 && !sameBytes(committed, head.hash)) {
      this.discard(bucket);
      return false;
    }
    if (kept === undefined) return true;
    const lane: Lane = { waiting, inFlight: last + 1, epoch, retries: 0, isKept: false };
    this.#lanes.set(bucket, lane);
    this.#committed(bucket, lane);
    this.#changed();
    return true;
  }

  /** Send what waits, unless a commit is under way (then it goes with the next). */
  flush(): void {
    if (this.#busy) return;
    const writes = this.#gather();
    if (writes.length === 0) return;
    this.#busy = true;
    void this.#commit(writes);
  }

  /** Resolves when nothing waits: at the latest when every unclear bucket has been given up (C5). */
  async idle(): Promise<void> {
    while ([...this.#lanes.keys()].some((bucket) => this.unconfirmed(bucket) > 0))
      await this.#nextChange();
  }

  /** Resolves when nothing of this bucket waits. */
  async settled(bucket: number): Promise<void> {
    while (this.unconfirmed(bucket) > 0) await this.#nextChange();
  }

  #nextChange(): Promise<void> {
    this.flush();
    return new Promise((resolve) => this.#watchers.push(resolve));
  }

  #changed(): void {
    for (const resolve of this.#watchers.splice(0)) resolve();
  }

  #gather(): BucketWrite[] {
    const writes: BucketWrite[] = [];
    for (const [bucket, lane] of this.#lanes) {
      if (lane.isKept || lane.inFlight > 0 || lane.waiting.length === 0) continue;
      const next = nextWrite(lane.waiting);
      const records: RecordWrite[] = [];
      const [decides, decided]: [string[], string[]] = [[], []];
      let last: Built | undefined;
      for (const { built, outputs } of next) {
        if (outputs.decides.length > 0) decides.push(...outputs.decides);
        if (outputs.undecides.length > 0) decided.push(...outputs.undecides);
        if (built === undefined) continue;
        const { hash, parent, bytes } = built;
        records.push({ hash, parent, bytes });
        last = built;
      }
      const [first] = records;
      if (first === undefined || last === undefined) throw new Error("a lane begins with a record");
      lane.inFlight = next.length;
      const { epoch } = lane;
      const head = { bucket, epoch, records: last.records, size: last.size, hash: last.hash };
      writes.push({ bucket, epoch, parent: first.parent, records, head, decides, decided });
    }
    return writes;
  }

  async #commit(writes: readonly BucketWrite[]): Promise<void> {
    const lanes = writes.map((write) => this.#lanes.get(write.bucket));
    const outcomes = await this.#answer(() => this.#store.commit(writes));
    this.#busy = false;
    for (const [i, write] of writes.entries()) {
      const lane = lanes[i];
      if (lane !== undefined) this.#settle(write, lane, outcomes?.[i]);
    }
    this.flush();
  }

  /** What the store says; undefined where it fails or is silent. */
  #answer<T>(ask: () => Promise<T>): Promise<T | undefined> {
    return new Promise((resolve) => {
      const cancel = this.#after(ANSWER_MS_MAX, () => {
        mark("commit.silent");
        this.#failure = `no answer within ${ANSWER_MS_MAX} ms`;
        resolve(undefined);
      });
      ask().then(
        (value) => {
          cancel();
          resolve(value);
        },
        (error: unknown) => {
          cancel();
          this.#failure = error instanceof Error ? error.message : String(error);
          resolve(undefined);
        },
      );
    });
  }

  #settle(write: BucketWrite, lane: Lane, outcome: CommitOutcome | undefined): void {
    const { bucket } = write;
    if (this.#lanes.get(bucket) !== lane) return;
    switch (outcome?.kind) {
      case "committed":
        this.#committed(bucket, lane);
        break;
      case "refused":
        mark("commit.refused");
        this.#lanes.delete(bucket);
        // Refused although our parent still is the head: only a newer epoch can have fenced it (P4).
        this.#events.lost(
          bucket,
          compareEpochs(outcome.head.epoch, write.epoch) > 0 ||
            sameBytes(outcome.head.hash, write.parent),
        );
        break;
      case "decided":
        this.#lanes.delete(bucket);
        this.#events.halt(bucket, `decide key ${outcome.key} existed under our head`);
        break;
      case "unknown":
      case undefined:
        this.#doubt(write, lane);
        break;
      default:
        outcome satisfies never;
    }
    this.#changed();
  }

  #committed(bucket: number, lane: Lane): void {
    lane.retries = 0;
    const done = lane.waiting.splice(0, lane.inFlight);
    lane.inFlight = 0;
    // Refusals that were built behind the last record of this commit leave with it.
    while (lane.waiting.length > 0 && lane.waiting[0]?.built === undefined) {
      const next = lane.waiting.shift();
      if (next !== undefined) done.push(next);
    }
    for (const { built, outputs } of done) this.#events.release(bucket, outputs, built);
  }

  /** C4, C5: the head is asked after a while. */
  #doubt(write: BucketWrite, lane: Lane): void {
    lane.retries += 1;
    if (lane.retries > UNKNOWN_RETRIES_MAX) {
      mark("commit.stalled");
      this.#lanes.delete(write.bucket);
      this.#events.stalled(write.bucket, `${UNKNOWN_RETRIES_MAX} tries: ${this.#failure}`);
      return;
    }
    this.#after(retryMs(lane.retries), () => void this.#ask(write, lane));
  }

  async #ask(write: BucketWrite, lane: Lane): Promise<void> {
    if (this.#lanes.get(write.bucket) !== lane) return;
    const head = await this.#answer(() => this.#store.head(write.bucket));
    // Kept or given up meanwhile: nothing of it is sent any more.
    if (this.#lanes.get(write.bucket) !== lane) return;
    this.#settle(write, lane, head === undefined ? undefined : await this.#judged(write, head));
    this.flush();
  }

  async #judged(write: BucketWrite, head: Head): Promise<CommitOutcome | undefined> {
    const { bucket } = write;
    if (sameBytes(head.hash, write.head.hash)) {
      mark("commit.after-unknown");
      return { bucket, kind: "committed" };
    }
    if (!sameBytes(head.hash, write.parent)) return { bucket, kind: "refused", head };
    mark("commit.sent-again");
    const outcomes = await this.#answer(() => this.#store.commit([write]));
    return outcomes?.[0];
  }
}
