/**
 * Commit of turns: what was built goes to the store in order, and its outputs leave when it is durable.
 *
 * C1  Commits of one bucket go in order, one in flight; the next carries all turns built meanwhile.
 * C2  Outputs leave only after their record is committed, in the order built. Refusals that logged
 *     nothing wait for the records built before them: they were decided on that state.
 * C3  A refused commit voids every later turn of that bucket; its state is discarded.
 * C4  After an unknown answer the head decides: mine, success; the predecessor, the same bytes go
 *     again; another's, refused. Until then nothing is built on that bucket's outputs.
 */

import type { BucketWrite, CommitOutcome, Epoch, Head, Store } from "#ports/store.ts";
import type { Built } from "../bucket/turn.ts";
import { equalBytes } from "../bucket/turn.ts";
import type { Outputs } from "../bucket/outputs.ts";

/** Records of one bucket that may wait unconfirmed; more and the bucket takes no new turn. */
export const UNCONFIRMED_RECORDS_MAX = 64;
/** Times the same bytes are sent again after unknown answers before the bucket is given up. */
export const UNKNOWN_RETRIES_MAX = 100;

interface Waiting {
  readonly built: Built | undefined;
  readonly outputs: Outputs;
}

interface Lane {
  readonly waiting: Waiting[];
  /** How many of `waiting` are in flight. */
  inFlight: number;
  epoch: Epoch;
  retries: number;
}

export interface PipelineEvents {
  /** A record is durable (or nothing was logged): let these leave. */
  readonly release: (bucket: number, outputs: Outputs, built: Built | undefined) => void;
  /** The bucket is led elsewhere, or its log moved on without us: discard its state. */
  readonly lost: (bucket: number, head: Head) => void;
  /** P1 is broken: a decide key existed although the head was ours. */
  readonly halt: (bucket: number, reason: string) => void;
}

export class Pipeline {
  readonly #store: Store;
  readonly #events: PipelineEvents;
  readonly #lanes = new Map<number, Lane>();
  #busy: Promise<void> | undefined = undefined;

  constructor(store: Store, events: PipelineEvents) {
    this.#store = store;
    this.#events = events;
  }

  /** How many records of the bucket are not confirmed. */
  unconfirmed(bucket: number): number {
    return this.#lanes.get(bucket)?.waiting.length ?? 0;
  }

  full(bucket: number): boolean {
    return this.unconfirmed(bucket) >= UNCONFIRMED_RECORDS_MAX;
  }

  add(bucket: number, epoch: Epoch, built: Built | undefined, outputs: Outputs): void {
    let lane = this.#lanes.get(bucket);
    if (lane === undefined) {
      lane = { waiting: [], inFlight: 0, epoch, retries: 0 };
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
  }

  /** Send what waits, unless a commit is under way (then it goes with the next). */
  flush(): void {
    if (this.#busy !== undefined) return;
    const writes = this.#gather();
    if (writes.length === 0) return;
    this.#busy = this.#commit(writes).finally(() => {
      this.#busy = undefined;
      this.flush();
    });
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    this.flush();
    while (this.#busy !== undefined) await this.#busy;
  }

  #gather(): BucketWrite[] {
    const writes: BucketWrite[] = [];
    for (const [bucket, lane] of this.#lanes) {
      if (lane.inFlight > 0 || lane.waiting.length === 0) continue;
      const records = lane.waiting.flatMap((w) => (w.built === undefined ? [] : [w.built]));
      const last = records.at(-1);
      const first = records[0];
      if (first === undefined || last === undefined) throw new Error("a lane begins with a record");
      lane.inFlight = lane.waiting.length;
      writes.push({
        bucket,
        epoch: lane.epoch,
        parent: first.parent,
        records: records.map((r) => ({ hash: r.hash, parent: r.parent, bytes: r.bytes })),
        head: {
          bucket,
          epoch: lane.epoch,
          records: last.records,
          size: last.size,
          hash: last.hash,
        },
        decides: lane.waiting.flatMap((w) => w.outputs.decides),
        decided: lane.waiting.flatMap((w) => w.outputs.undecides),
      });
    }
    return writes;
  }

  async #commit(writes: readonly BucketWrite[]): Promise<void> {
    const lanes = writes.map((write) => this.#lanes.get(write.bucket));
    let outcomes: readonly CommitOutcome[];
    try {
      outcomes = await this.#store.commit(writes);
    } catch {
      outcomes = writes.map((write) => ({ bucket: write.bucket, kind: "unknown" }));
    }
    for (const [i, write] of writes.entries()) {
      const lane = lanes[i];
      const outcome = outcomes[i];
      if (lane === undefined || outcome === undefined || this.#lanes.get(write.bucket) !== lane)
        continue;
      const settled = outcome.kind === "unknown" ? await this.#settleUnknown(write, lane) : outcome;
      if (settled !== undefined) this.#apply(write, lane, settled);
    }
  }

  /** C4. Undefined: send the same bytes again. */
  async #settleUnknown(write: BucketWrite, lane: Lane): Promise<CommitOutcome | undefined> {
    const head = await this.#store.head(write.bucket);
    if (equalBytes(head.hash, write.head.hash)) return { bucket: write.bucket, kind: "committed" };
    if (!equalBytes(head.hash, write.parent))
      return { bucket: write.bucket, kind: "refused", head };
    lane.retries += 1;
    if (lane.retries > UNKNOWN_RETRIES_MAX) return { bucket: write.bucket, kind: "refused", head };
    const [again] = await this.#store.commit([write]);
    if (again === undefined || again.kind === "unknown") return this.#settleUnknown(write, lane);
    return again;
  }

  #apply(write: BucketWrite, lane: Lane, outcome: CommitOutcome): void {
    switch (outcome.kind) {
      case "committed": {
        lane.retries = 0;
        const done = lane.waiting.splice(0, lane.inFlight);
        lane.inFlight = 0;
        // Refusals that were built behind the last record of this commit leave with it.
        while (lane.waiting.length > 0 && lane.waiting[0]?.built === undefined) {
          const next = lane.waiting.shift();
          if (next !== undefined) done.push(next);
        }
        for (const { built, outputs } of done) this.#events.release(write.bucket, outputs, built);
        break;
      }
      case "refused":
        this.#lanes.delete(write.bucket);
        this.#events.lost(write.bucket, outcome.head);
        break;
      case "decided":
        this.#lanes.delete(write.bucket);
        this.#events.halt(write.bucket, `decide key ${outcome.key} existed under our head`);
        break;
      case "unknown":
        break;
      default:
        outcome satisfies never;
    }
  }
}
