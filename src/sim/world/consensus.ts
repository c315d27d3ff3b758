/**
 * The simulated consensus store: one linearizable table with sessions that end. It has no chance of its
 * own; the simulation decides when it is away, when it forgets to answer and when it is slow.
 */

import { compareEpochs, emptyHead, judge } from "#ports/commit-rules.ts";
import type { Consensus, HeadWrite, LeaderRow, Member, Session } from "#ports/consensus.ts";
import { Fault } from "#ports/faults.ts";
import type { BucketWrite, CommitOutcome, Epoch, Head } from "#ports/store.ts";
import type { DiskWatcher } from "./store.ts";

export type ConsensusFault =
  /** Done, and then no answer. */
  | "answer-lost"
  /** Not done, and no answer. */
  | "request-lost"
  /** No answer now; done some time later, if it still may be. */
  | "late";

interface Row {
  head: Head;
  leader: LeaderRow | undefined;
  readonly decides: Set<string>;
}

interface Living {
  readonly name: string;
  readonly build: string;
  readonly since: number;
  readonly ttlMs: number;
  endsAtMs: number;
  isOver: boolean;
  isCutOff: boolean;
}

export interface SimConsensusOptions {
  /** True time, ms: the store's own servers agree on it. */
  readonly nowMs: () => number;
  /** Whoever sees what is judged: a checker, never a machine of the world. */
  readonly watcher?: DiskWatcher;
  /** By which commits are judged; a canary's may be lax. */
  readonly rule?: typeof judge;
}

const away = (): Fault => new Fault("CONSENSUS_UNREACHABLE", "the consensus store does not answer");

export class SimConsensus {
  readonly #o: SimConsensusOptions;
  readonly #pins = new Map<number, string>();
  readonly #rows = new Map<number, Row>();
  readonly #sessions = new Set<Living>();
  readonly #watchers = new Set<() => void>();
  readonly #faults: ConsensusFault[] = [];
  #late: (() => void)[] = [];
  #revision = 0;
  #joined = 0;
  isAway = false;

  constructor(options: SimConsensusOptions) {
    this.#o = options;
  }

  /** Strikes the next commits or campaigns, in that order. */
  fail(...faults: readonly ConsensusFault[]): void {
    this.#faults.push(...faults);
  }

  forgetFaults(): void {
    this.#faults.length = 0;
  }

  /** What was late is done now, if it still may be. */
  deliverLate(): void {
    for (const apply of this.#late.splice(0)) apply();
  }

  connect(): Consensus {
    const up = (): void => {
      if (this.isAway) throw away();
      this.#expire();
    };
    return {
      join: async (name, ttlMs, build) => (up(), this.#join(name, ttlMs, build)),
      members: async () => (up(), this.#members()),
      leaders: async () => (
        up(),
        [...this.#rows.values()].flatMap(({ leader }) => (leader === undefined ? [] : [leader]))
      ),
      heads: async (buckets) => (
        up(),
        buckets.map((bucket) => {
          const { head } = this.#row(bucket);
          return { ...head, hash: head.hash.slice() };
        })
      ),
      pins: async () => (up(), this.#pins),
      pin: async (buckets, name) => {
        up();
        for (const bucket of buckets)
          if (name === undefined) this.#pins.delete(bucket);
          else this.#pins.set(bucket, name);
        this.#changed();
      },
      commit: async (writes) => {
        up();
        return this.#struck(() => this.#commit(writes));
      },
      watch: (changed) => {
        this.#watchers.add(changed);
        return () => void this.#watchers.delete(changed);
      },
      close: async () => {},
    };
  }

  /** For whoever looks from outside the world. */
  *contents(): Iterable<{ readonly head: Head; readonly decides: readonly string[] }> {
    for (const { head, decides } of this.#rows.values()) yield { head, decides: [...decides] };
  }

  async #struck<T>(apply: () => T): Promise<T> {
    switch (this.#faults.shift()) {
      case undefined:
        return apply();
      case "answer-lost":
        apply();
        throw away();
      case "request-lost":
        throw away();
      case "late":
        this.#late.push(() => {
          this.#expire();
          apply();
        });
        throw away();
    }
  }

  #row(bucket: number): Row {
    let row = this.#rows.get(bucket);
    if (row === undefined) {
      row = { head: emptyHead(bucket), leader: undefined, decides: new Set() };
      this.#rows.set(bucket, row);
    }
    return row;
  }

  #changed(): void {
    for (const changed of this.#watchers) changed();
  }

  #members(): readonly Member[] {
    return [...this.#sessions]
      .map(({ name, build, since, isCutOff }) => ({ name, build, since, isCutOff }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  #expire(): void {
    for (const session of this.#sessions)
      if (session.endsAtMs <= this.#o.nowMs()) this.#end(session);
  }

  /** Sessions end whether or not anybody asks: the simulation calls this now and then. */
  tick(): void {
    if (!this.isAway) this.#expire();
  }

  #end(session: Living): void {
    if (session.isOver) return;
    session.isOver = true;
    this.#sessions.delete(session);
    for (const row of this.#rows.values())
      if (row.leader?.holder === session.name) row.leader = undefined;
    this.#changed();
  }

  #join(name: string, ttlMs: number, build: string): Session {
    if (this.#members().some((one) => one.name === name))
      throw new Fault("DATA_IN_USE", `a supervisor called ${name} is there already`);
    const nowMs = this.#o.nowMs();
    const endsAtMs = nowMs + ttlMs;
    const since = (this.#joined += 1);
    const own: Living = { name, build, since, ttlMs, endsAtMs, isOver: false, isCutOff: false };
    this.#sessions.add(own);
    this.#changed();
    const up = (): void => {
      if (this.isAway) throw away();
      this.#expire();
      if (own.isOver) throw new Fault("SESSION_LOST", `the session of ${name} has ended`);
    };
    return {
      name,
      keepAlive: async () => {
        up();
        own.endsAtMs = this.#o.nowMs() + ttlMs;
      },
      say: async (isCutOff) => {
        up();
        own.isCutOff = isCutOff;
        this.#changed();
      },
      campaign: async (buckets) => {
        up();
        return this.#struck(() => (own.isOver ? [] : this.#campaign(name, buckets)));
      },
      resign: async (leads) => {
        up();
        for (const { bucket, epoch } of leads) {
          const row = this.#row(bucket);
          const { leader } = row;
          const isIts = leader?.holder === name && compareEpochs(leader.epoch, epoch) === 0;
          if (isIts) row.leader = undefined;
        }
        this.#changed();
      },
      end: async () => {
        if (this.isAway) throw away();
        this.#end(own);
      },
    };
  }

  #campaign(holder: string, buckets: readonly number[]): readonly LeaderRow[] {
    this.#revision += 1;
    const epoch: Epoch = { generation: 1, revision: this.#revision };
    const won: LeaderRow[] = [];
    for (const bucket of buckets) {
      const row = this.#row(bucket);
      if (row.leader !== undefined) continue;
      row.leader = { bucket, holder, epoch };
      won.push(row.leader);
    }
    if (won.length > 0) {
      this.#o.watcher?.led(
        won.map(({ bucket }) => bucket),
        epoch,
        holder,
      );
      this.#changed();
    }
    return won;
  }

  #commit(writes: readonly HeadWrite[]): readonly CommitOutcome[] {
    return writes.map((write) => {
      const row = this.#row(write.bucket);
      const { head, leader, decides } = row;
      // The rule counts records; a head alone says how many it adds.
      const added = Array.from({ length: write.head.records - head.records }, () => NO_RECORD);
      const whole: BucketWrite = { ...write, records: added };
      const verdict = (this.#o.rule ?? judge)(whole, { head, leader: leader?.epoch }, (key) =>
        decides.has(key),
      );
      this.#o.watcher?.judged({ ...write, records: [] }, verdict === "apply");
      if (verdict !== "apply") return verdict;
      for (const key of write.decides) decides.add(key);
      for (const key of write.decided) decides.delete(key);
      row.head = { ...write.head, hash: write.head.hash.slice() };
      return { bucket: write.bucket, kind: "committed" };
    });
  }
}

const NO_RECORD = { hash: new Uint8Array(0), parent: new Uint8Array(0), bytes: new Uint8Array(0) };
