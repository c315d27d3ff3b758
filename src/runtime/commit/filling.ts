/**
 * What the own disk has of the buckets that are led here, made to be their chains: what lacks is brought (Q7
 * of cluster-store.ts), what is void is deleted (Q8). Once for each lead, with rests: it is no load beside
 * the work. What may be committed still is looked at again when the chain has passed it.
 */

import { compareEpochs, sameBytes } from "#ports/commit-rules.ts";
import type { Fault } from "#ports/faults.ts";
import type { Epoch } from "#ports/store.ts";
import {
  BROUGHT_TOGETHER_MIN,
  noneIfMissing,
  type Chain,
  type Chains,
  type ChainParts,
  type Walking,
} from "./chains.ts";
import { VoidRecords, type Lead, type Rest, type VoidParts } from "./void-records.ts";

/** Buckets between two rests: of most the disk lacks nothing and has nothing else. */
const BUCKETS_AT_A_TIME = 16;

/** What one run of it came to. */
export interface Filled {
  /** Buckets of which a record is nowhere: they are left as they are. */
  readonly missing: readonly number[];
  /** Void records that were deleted. */
  readonly dropped: number;
  /** Why void records were not deleted, though NATS answers; absent: all were. */
  readonly refused?: string;
}

/** Buckets that are led here, and since when, at any moment. */
export type LedNow = () => ReadonlyMap<number, Epoch>;

/** The first records of a bucket that are on the own disk, and the hash of the last of them. */
interface Whole {
  readonly records: number;
  readonly hash: Uint8Array;
}

const endOf = ({ base, hashes }: Chain): number => base + hashes.length;

const isSame = (one: Epoch | undefined, other: Epoch): boolean =>
  one !== undefined && compareEpochs(one, other) === 0;

export class Filling {
  readonly #chains: Chains;
  readonly #voids: VoidRecords;
  /** Buckets whose records have all been on the own disk since they are led here under this epoch. */
  readonly #filled = new Map<number, Epoch>();
  /** Of each bucket that was filled ever. */
  readonly #whole = new Map<number, Whole>();
  /** Void records that were deleted and not told yet. */
  #dropped = 0;
  /** Why the last of them was not deleted, in this run. */
  #failure: Fault | undefined;

  constructor(parts: ChainParts & VoidParts, chains: Chains) {
    this.#chains = chains;
    this.#voids = new VoidRecords(parts);
  }

  async run(led: LedNow, rest: Rest): Promise<Filled> {
    this.#failure = undefined;
    for (const [bucket, epoch] of this.#filled) {
      if (isSame(led().get(bucket), epoch)) continue;
      this.#filled.delete(bucket);
      this.#voids.forget(bucket);
    }
    await this.#again(led, rest);
    const missing: number[] = [];
    const open = [...led()].filter(([bucket]) => !this.#filled.has(bucket));
    let brought: Promise<void> | undefined;
    const many = (): Promise<void> =>
      (brought ??= this.#chains.bringMany(new Set(open.map(([bucket]) => bucket)), rest));
    const how: Walking = open.length < BROUGHT_TOGETHER_MIN ? { rest } : { rest, bring: many };
    for (const [at, [bucket, epoch]] of open.entries()) {
      const lead = leadOf(led, bucket, epoch);
      const isWhole = await this.#fill(lead, how, rest).then(() => true, noneIfMissing);
      if (isWhole !== true) missing.push(bucket);
      // The hashes of a whole chain are not worth their memory: it was walked to be on the disk.
      this.#chains.forget(bucket);
      this.#filled.set(bucket, epoch);
      await this.#drop(lead, rest);
      if ((at + 1) % BUCKETS_AT_A_TIME === 0) await rest();
    }
    return this.#told(missing);
  }

  /** Deleted also in runs that failed before they could tell. */
  #told(missing: readonly number[]): Filled {
    const dropped = this.#dropped;
    this.#dropped = 0;
    const why = this.#failure;
    const isRefused = why !== undefined && why.code !== "BUS_UNREACHABLE";
    return { missing, dropped, ...(isRefused ? { refused: why.message } : {}) };
  }

  /** Of buckets that were filled: what could not be deleted, and what the chain has passed since. */
  async #again(led: LedNow, rest: Rest): Promise<void> {
    for (const [bucket, epoch] of this.#filled) {
      const from = this.#voids.aheadFrom(bucket);
      if (from !== undefined && (await this.#chains.head(bucket)).records > from) {
        const chain = await this.#chains.from(bucket, from, { rest }).catch(noneIfMissing);
        if (chain !== undefined) this.#voids.passed(bucket, chain);
        this.#chains.forget(bucket);
      }
      await this.#drop(leadOf(led, bucket, epoch), rest);
    }
  }

  /** After a failure the others wait for the next run, too: a server that is away is not asked for each. */
  async #drop(lead: Lead, rest: Rest): Promise<void> {
    if (this.#failure !== undefined) return;
    const { count, failure } = await this.#voids.drop(lead, rest);
    this.#dropped += count;
    this.#failure = failure;
  }

  /** Rejects with RECORD_MISSING, and where a port does. */
  async #fill(lead: Lead, how: Walking, rest: Rest): Promise<void> {
    const { bucket } = lead;
    const from = (index: number): Promise<Chain> => this.#chains.from(bucket, index, how);
    const whole = await this.#stillWhole(bucket, from);
    const chain = await from(whole);
    const before = endOf(chain);
    const hash = chain.hashes.at(-1);
    if (hash !== undefined) this.#whole.set(bucket, { records: before, hash });
    const held = await this.#voids.held(bucket, rest);
    // The disk has all of the chain: where it has no more than that, nothing is void.
    if (held.size <= before) return;
    // What was under way is committed after a rest, as a rule.
    await rest();
    const { base, hashes } = await from(whole);
    const newer = hashes.slice(Math.max(0, before - base)).filter((one) => held.has(one));
    if (held.size <= before + newer.length) return;
    if (base > 0) await from(0);
    // Anew, for a long walk: what was committed meanwhile is not looked up record by record.
    await this.#voids.find(lead, await from(0), rest);
  }

  /** The place from which on the disk may lack something. A restore may have put another chain there. */
  async #stillWhole(bucket: number, from: (index: number) => Promise<Chain>): Promise<number> {
    const whole = this.#whole.get(bucket);
    if (whole === undefined) return 0;
    const last = whole.records - 1;
    const { base, hashes } = await from(last);
    const there = hashes[last - base];
    return there !== undefined && sameBytes(there, whole.hash) ? last : 0;
  }
}

const leadOf = (led: LedNow, bucket: number, epoch: Epoch): Lead => ({
  bucket,
  generation: epoch.generation,
  isOver: () => !isSame(led().get(bucket), epoch),
});
