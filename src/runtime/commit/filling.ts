/**
 * What the own disk has of the buckets that are led here, made to be their chains: what lacks is brought (Q7
 * of cluster-store.ts), what is void is deleted (Q8). Once for each lead, with rests: it is no load beside
 * the work.
 */

import { compareEpochs } from "#ports/commit-rules.ts";
import type { Epoch } from "#ports/store.ts";
import {
  BROUGHT_TOGETHER_MIN,
  noneIfMissing,
  type Chain,
  type Chains,
  type ChainParts,
  type Walking,
} from "./chains.ts";
import { VoidRecords, type Rest } from "./void-records.ts";

/** Buckets between two rests: of most the disk lacks nothing and has nothing else. */
const BUCKETS_AT_A_TIME = 16;

/** What one run of it came to. */
export interface Filled {
  /** Buckets of which a record is nowhere: they are left as they are. */
  readonly missing: readonly number[];
  /** Void records that were deleted. */
  readonly dropped: number;
}

const endOf = ({ base, hashes }: Chain): number => base + hashes.length;

export class Filling {
  readonly #chains: Chains;
  readonly #voids: VoidRecords;
  /** Buckets whose records have all been on the own disk since they are led here under this epoch. */
  readonly #filled = new Map<number, Epoch>();
  /** Of each bucket that was filled ever, how many of its first records are on the own disk. */
  readonly #whole = new Map<number, number>();

  constructor(parts: ChainParts, chains: Chains) {
    this.#chains = chains;
    this.#voids = new VoidRecords(parts);
  }

  async run(led: ReadonlyMap<number, Epoch>, rest: Rest): Promise<Filled> {
    const missing: number[] = [];
    for (const [bucket, epoch] of this.#filled) {
      const now = led.get(bucket);
      if (now !== undefined && compareEpochs(now, epoch) === 0) continue;
      this.#filled.delete(bucket);
      this.#voids.forget(bucket);
    }
    let dropped = 0;
    for (const bucket of this.#voids.buckets) dropped += await this.#voids.drop(bucket, rest);
    const open = [...led.keys()].filter((bucket) => !this.#filled.has(bucket));
    let brought: Promise<void> | undefined;
    const many = (): Promise<void> => (brought ??= this.#chains.bringMany(new Set(open), rest));
    const how: Walking = open.length < BROUGHT_TOGETHER_MIN ? { rest } : { rest, bring: many };
    for (const [at, bucket] of open.entries()) {
      const isWhole = await this.#fill(bucket, how, rest).then(() => true, noneIfMissing);
      if (isWhole !== true) missing.push(bucket);
      if ((at + 1) % BUCKETS_AT_A_TIME === 0) await rest();
      // The hashes of a whole chain are not worth their memory: it was walked to be on the disk.
      this.#chains.forget(bucket);
      this.#filled.set(bucket, led.get(bucket)!);
      dropped += await this.#voids.drop(bucket, rest);
    }
    return { missing, dropped };
  }

  /** Rejects with RECORD_MISSING, and where a port does. */
  async #fill(bucket: number, how: Walking, rest: Rest): Promise<void> {
    const whole = this.#whole.get(bucket) ?? 0;
    const from = (index: number): Promise<Chain> => this.#chains.from(bucket, index, how);
    const before = endOf(await from(whole));
    this.#whole.set(bucket, before);
    const held = await this.#voids.held(bucket, rest);
    // The disk has all of the chain: where it has no more than that, nothing is void.
    if (held.size <= before) return;
    // What was under way is committed after a rest, as a rule.
    await rest();
    const { base, hashes } = await from(whole);
    const newer = hashes.slice(Math.max(0, before - base)).filter((hash) => held.has(hash));
    if (held.size <= before + newer.length) return;
    if (base > 0) await from(0);
    // Anew, for a long walk: what was committed meanwhile is not looked up record by record.
    await this.#voids.find(bucket, await from(0), rest);
  }
}
