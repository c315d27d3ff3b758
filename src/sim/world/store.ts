/**
 * The simulated disk: the Store port in memory, with switches for everything a real one can do wrong.
 * It has no clock and no chance of its own: the simulation decides when each fault strikes and when a
 * slow answer comes, so a run is a function of its seed.
 *
 * Faults are queued (`fail`) and strike the next writes of their bucket in that order. A crash ends
 * every handle: what was in flight is never answered, as a dead process hears nothing.
 */
import { hash } from "node:crypto";
import { assertWhole, emptyHead, judge, sameBytes, ZERO_HASH_BYTES } from "#ports/commit-rules.ts";
import { Fault } from "#ports/faults.ts";
import { completed } from "#ports/snapshot-parts.ts";
import type {
  BucketWrite,
  CommitOutcome,
  Epoch,
  Head,
  RecordWrite,
  Snapshot,
  SnapshotMark,
  SnapshotWrite,
  Store,
} from "#ports/store.ts";

export type StoreFault =
  /** Answered `unknown`; it did apply. */
  | "unknown-applied"
  /** Answered `unknown`; it never applies. */
  | "unknown-lost"
  /** Answered `unknown`; it applies, or is judged, at the next `deliverLate`. */
  | "unknown-late"
  /** Applied; the answer is held back until `giveUp`, which makes it `unknown`. */
  | "silent"
  /** Delivered twice; the second answer counts. */
  | "duplicate"
  /** Another leader took the bucket an instant before. */
  | "fenced";

/** Somebody who sees what the disk does: a checker, never a machine of the world. */
export interface DiskWatcher {
  readonly judged: (write: BucketWrite, isApplied: boolean) => void;
  /** `holder`: who leads them, where one store serves several. */
  readonly led: (buckets: readonly number[], epoch: Epoch, holder?: string) => void;
}

interface Bucket {
  head: Head;
  leader: Epoch | undefined;
  readonly chain: RecordWrite[];
  readonly decides: Set<string>;
  snapshot: Snapshot | undefined;
}

const copied = (bytes: Uint8Array): Uint8Array => bytes.slice();
const copiedSnapshot = (one: Snapshot): Snapshot => ({
  ...one,
  hash: copied(one.hash),
  bytes: copied(one.bytes),
  parts: one.parts.map((part) => ({ hash: copied(part.hash), bytes: copied(part.bytes) })),
});
const copiedHead = (head: Head): Head => ({ ...head, hash: copied(head.hash) });

export class SimDisk {
  readonly #buckets = new Map<number, Bucket>();
  readonly #faults = new Map<number, StoreFault[]>();
  readonly #elsewhere = new Set<number>();
  #late: BucketWrite[] = [];
  #silent: (() => void)[] = [];
  #slow: (() => void)[] | undefined;
  /** How to take back what is acknowledged but not synced, newest last; undefined: all is synced. */
  #unsynced: (() => void)[] | undefined;
  #revision = 0;
  readonly #watcher: DiskWatcher | undefined;
  /** Handles of an older life are dead. */
  #life = 0;
  #locked = false;

  /** Nothing more can be written: commits are answered `unknown` (adapters/sqlite/store.ts). */
  isFull = false;

  /** By which commits are judged; a canary's may be lax. */
  readonly #rule: typeof judge;

  constructor(watcher?: DiskWatcher, rule: typeof judge = judge) {
    this.#watcher = watcher;
    this.#rule = rule;
  }

  /** The one opener of the folder. Refuses with DATA_IN_USE. */
  open(): Store {
    if (this.#locked) throw new Fault("DATA_IN_USE", "the simulated disk is open already");
    this.#locked = true;
    const life = this.#life;
    const store = this.connect();
    const close = async (): Promise<void> => {
      if (this.#life === life) this.#endLife();
    };
    return { ...store, close };
  }

  /** A further handle of the same opener, as another thread has. */
  connect(): Store {
    const life = this.#life;
    const alive = (): void => {
      if (life !== this.#life) throw new Fault("STORE_CLOSED", "the simulated disk was closed");
    };
    return {
      lead: async (buckets) => (alive(), this.#lead(buckets)),
      head: async (bucket) => (alive(), copiedHead(this.#bucket(bucket).head)),
      read: async (bucket, from, limit) => (alive(), this.#read(bucket, from, limit)),
      commit: async (writes) => {
        alive();
        assertWhole(writes);
        if (this.#slow !== undefined) await this.#turn(this.#slow);
        // A crash while it waited: nobody is left to hear the answer.
        if (life !== this.#life) return new Promise(() => {});
        return this.#commit(writes);
      },
      loadSnapshot: async (bucket) => (alive(), this.#loadSnapshot(bucket)),
      saveSnapshot: async (snapshot) => (alive(), this.#saveSnapshot(snapshot)),
      close: async () => {},
    };
  }

  /** Queue a fault for the next writes of `bucket`. */
  fail(bucket: number, ...faults: readonly StoreFault[]): void {
    this.#faults.set(bucket, [...(this.#faults.get(bucket) ?? []), ...faults]);
  }

  /** What it holds, for whoever looks from outside the world: every chain, head and decide key. */
  *contents(): Iterable<{
    readonly head: Head;
    readonly chain: readonly Uint8Array[];
    readonly decides: readonly string[];
  }> {
    for (const { head, chain, decides } of this.#buckets.values())
      yield { head, chain: chain.map(({ bytes }) => bytes), decides: [...decides] };
  }

  /** Faults that have not struck yet. */
  get faultsLeft(): number {
    return [...this.#faults.values()].reduce((sum, queue) => sum + queue.length, 0);
  }

  /** Faults that are queued never strike. */
  forgetFaults(): void {
    this.#faults.clear();
  }

  /** Another leader takes the buckets: every epoch given out so far is fenced there. */
  fence(buckets: readonly number[]): Epoch {
    const epoch = this.#nextEpoch();
    for (const bucket of buckets) this.#bucket(bucket).leader = epoch;
    this.#watcher?.led(buckets, epoch);
    return epoch;
  }

  /** Somebody else holds these buckets: `lead` refuses. `false` lets them go. */
  holdElsewhere(buckets: readonly number[], held = true): void {
    for (const bucket of buckets) {
      if (held) this.#elsewhere.add(bucket);
      else this.#elsewhere.delete(bucket);
    }
  }

  /** From now on commits wait, unapplied, until `release`. */
  slow(): void {
    this.#slow ??= [];
  }

  /** Lets the `count` oldest waiting commits through; all of them, and ends the slowness, without it. */
  release(count?: number): void {
    const waiting = this.#slow ?? [];
    if (count === undefined) this.#slow = undefined;
    for (const go of waiting.splice(0, count ?? waiting.length)) go();
  }

  /** Commits that wait for `release`. */
  get waiting(): number {
    return this.#slow?.length ?? 0;
  }

  /** Writes answered `unknown-late` reach the disk now, if the head still lets them. */
  deliverLate(): void {
    for (const write of this.#late.splice(0)) this.#judgeAndApply(write);
  }

  /** Callers of silent commits give up: their outcome becomes `unknown`. */
  giveUp(): void {
    for (const go of this.#silent.splice(0)) go();
  }

  /** From now on commits are acknowledged before they are synced; a crash takes them back. */
  stopSyncing(): void {
    this.#unsynced ??= [];
  }

  /** All that was acknowledged is durable, and stays so. */
  sync(): void {
    this.#unsynced = undefined;
  }

  /** The process dies: unsynced commits are gone, every handle is dead, the lock is free. */
  crash(): void {
    for (const undo of this.#unsynced?.reverse() ?? []) undo();
    this.#unsynced = undefined;
    this.#late = [];
    this.#silent = [];
    const waiting = this.#slow ?? [];
    this.#slow = undefined;
    this.#endLife();
    for (const go of waiting) go();
  }

  #endLife(): void {
    this.#life += 1;
    this.#locked = false;
  }

  #bucket(bucket: number): Bucket {
    let state = this.#buckets.get(bucket);
    if (state === undefined) {
      const [leader, snapshot] = [undefined, undefined];
      state = { head: emptyHead(bucket), leader, chain: [], decides: new Set(), snapshot };
      this.#buckets.set(bucket, state);
    }
    return state;
  }

  #nextEpoch(): Epoch {
    this.#revision += 1;
    return { generation: 1, revision: this.#revision };
  }

  #lead(buckets: readonly number[]): Epoch {
    if (this.isFull) throw new Fault("STORE_FULL", "no room to lead on the simulated disk");
    const held = buckets.filter((bucket) => this.#elsewhere.has(bucket));
    if (held.length > 0) throw new Fault("LEADER_ELSEWHERE", `buckets ${held.join(", ")}`);
    return this.fence(buckets);
  }

  #turn(slow: (() => void)[]): Promise<void> {
    return new Promise((go) => slow.push(go));
  }

  async #commit(writes: readonly BucketWrite[]): Promise<readonly CommitOutcome[]> {
    if (this.isFull) return writes.map(({ bucket }) => ({ bucket, kind: "unknown" }));
    const silenced: number[] = [];
    const outcomes = writes.map((write) => {
      const fault = this.#faults.get(write.bucket)?.shift();
      if (fault === "silent") silenced.push(write.bucket);
      return this.#strike(write, fault);
    });
    if (silenced.length > 0) await new Promise<void>((go) => this.#silent.push(go));
    return outcomes;
  }

  #strike(write: BucketWrite, fault: StoreFault | undefined): CommitOutcome {
    const unknown: CommitOutcome = { bucket: write.bucket, kind: "unknown" };
    switch (fault) {
      case undefined:
        return this.#judgeAndApply(write);
      case "unknown-lost":
        return unknown;
      case "unknown-late":
        this.#late.push(write);
        return unknown;
      case "unknown-applied":
      case "silent":
        this.#judgeAndApply(write);
        return unknown;
      case "duplicate":
        this.#judgeAndApply(write);
        return this.#judgeAndApply(write);
      case "fenced":
        this.fence([write.bucket]);
        return this.#judgeAndApply(write);
    }
  }

  #judgeAndApply(write: BucketWrite): CommitOutcome {
    const state = this.#bucket(write.bucket);
    const verdict = this.#rule(write, state, (key) => state.decides.has(key));
    this.#watcher?.judged(write, verdict === "apply");
    if (verdict !== "apply") {
      return verdict.kind === "refused" ? { ...verdict, head: copiedHead(verdict.head) } : verdict;
    }
    const { head, snapshot } = state;
    const decides = new Set(state.decides);
    this.#unsynced?.push(() => {
      state.head = head;
      state.snapshot = snapshot;
      state.chain.length = head.records;
      state.decides.clear();
      for (const key of decides) state.decides.add(key);
    });
    for (const record of write.records) {
      const [own, parent] = [copied(record.hash), copied(record.parent)];
      state.chain.push({ hash: own, parent, bytes: copied(record.bytes) });
    }
    for (const key of write.decides) state.decides.add(key);
    for (const key of write.decided) state.decides.delete(key);
    state.head = copiedHead(write.head);
    return { bucket: write.bucket, kind: "committed" };
  }

  #read(bucket: number, from: number, limit: number): readonly Uint8Array[] {
    return this.#bucket(bucket)
      .chain.slice(from, from + limit)
      .map((record, at) => {
        if (sameBytes(hash("sha256", record.bytes, "buffer"), record.hash)) {
          return copied(record.bytes);
        }
        throw new Fault("STORE_CORRUPT", `record ${from + at} of bucket ${bucket}`);
      });
  }

  #isOnChain({ bucket, records, hash: named }: SnapshotMark): boolean {
    const { chain } = this.#bucket(bucket);
    const stored = records === 0 ? new Uint8Array(ZERO_HASH_BYTES) : chain[records - 1]?.hash;
    return stored !== undefined && sameBytes(stored, named);
  }

  #loadSnapshot(bucket: number): Snapshot | undefined {
    const { snapshot } = this.#bucket(bucket);
    if (snapshot === undefined || !this.#isOnChain(snapshot)) return undefined;
    return copiedSnapshot(snapshot);
  }

  #saveSnapshot(given: SnapshotWrite): void {
    if (this.isFull) throw new Fault("STORE_FULL", "the simulated disk is full");
    const state = this.#bucket(given.bucket);
    if (state.snapshot !== undefined && state.snapshot.records > given.records) return;
    if (!this.#isOnChain(given)) return;
    state.snapshot = copiedSnapshot(completed(given, state.snapshot));
  }
}
