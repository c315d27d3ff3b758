/**
 * The periodic reconciler of one supervisor: looks, compares (domain/reconcile), puts back records and
 * blocks of which a copy is missing, deletes records that can never be committed, and tells what stands.
 * Money and leases it only reports: they move by the log alone.
 */

import {
  bucketsToMend,
  FINDINGS,
  reconcile,
  standing,
  type Finding,
} from "#domain/reconcile/reconcile.ts";
import type { View } from "#domain/reconcile/view.ts";
import type { Clock } from "#ports/clock.ts";
import type { Filled } from "#runtime/commit/filling.ts";

/** Findings of a run that are told one by one; the rest are counted. */
export const FINDINGS_TOLD_MAX = 100;

/** What a supervisor tells of it. */
export interface ReconcilerNews {
  readonly type: "reconciler";
  readonly text: string;
}

/** The last run. */
export interface Reconciled {
  /** Wall time, ms since 1970. */
  readonly atMs: number;
  readonly tookMs: number;
  /** What was compared. */
  readonly buckets: number;
  readonly needs: number;
  readonly holds: number;
  /** What two runs in a row have shown, FINDINGS_TOLD_MAX at most. */
  readonly findings: readonly Finding[];
  readonly findingsCount: number;
  /** Buckets whose records were put back in this run. */
  readonly mended: readonly number[];
  /** Absent: it was done to the end. */
  readonly failure?: string;
}

export interface ReconcilerOptions {
  readonly clock: Clock;
  /** From the end of one run to the next, ms. */
  readonly periodMs: number;
  readonly look: () => Promise<View>;
  readonly mend: (bucket: number) => Promise<void>;
  /** Puts back blocks that NATS has lost; how many. */
  readonly restockBlocks: () => Promise<number>;
  /** Brings to the own disk what of the led buckets is on NATS alone, and deletes what is void. */
  readonly fill: () => Promise<Filled>;
  /** A finding that stands, once for as long as it does; or a bucket that was mended. */
  readonly tell: (text: string) => void;
}

export const findingText = ({ kind, bucket, need }: Finding): string =>
  `bucket ${bucket}${need === undefined ? "" : `, need ${need}`}: ${FINDINGS[kind]}`;

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

export class Reconciler {
  readonly #o: ReconcilerOptions;
  #last: Reconciled | undefined;
  /** What the run before has seen, standing or not. */
  #seen: readonly Finding[] = [];
  #told = new Set<string>();
  #cancel: () => void = () => undefined;
  #isClosed = false;
  #isFilling = false;
  /** Why void records stay, as it was told last. */
  #refused: string | undefined;

  constructor(options: ReconcilerOptions) {
    this.#o = options;
    this.#later();
  }

  get last(): Reconciled | undefined {
    return this.#last;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #later(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#o.clock.after(this.#o.periodMs, () => {
      void this.#run().finally(() => this.#later());
      // Beside the runs: a long log is walked for longer than a period.
      void this.#fill();
    });
  }

  async #run(): Promise<void> {
    const { clock, look, restockBlocks } = this.#o;
    const startedMs = clock.monotonicMs();
    const done = { atMs: clock.wallMs(), buckets: 0, needs: 0, holds: 0 };
    const none = { findings: [], findingsCount: 0, mended: [] };
    try {
      // Before anything is looked at: where one is missing, others cannot lead what names it.
      const blocks = await restockBlocks();
      if (blocks > 0) this.#o.tell(`${blocks} blocks were put back`);
      const view = await look();
      const seen = reconcile(view);
      const findings = standing(this.#seen, seen);
      this.#seen = seen;
      this.#tell(findings);
      this.#last = {
        ...done,
        tookMs: clock.monotonicMs() - startedMs,
        buckets: view.logs.length,
        needs: view.needs.length,
        holds: view.holds.length,
        findings: findings.slice(0, FINDINGS_TOLD_MAX),
        findingsCount: findings.length,
        mended: await this.#mend(findings),
      };
    } catch (error) {
      const tookMs = clock.monotonicMs() - startedMs;
      this.#last = { ...done, ...none, tookMs, failure: reasonOf(error) };
    }
  }

  /** What fails here fails in a run too, which says so; it is gone on with at the next. */
  async #fill(): Promise<void> {
    if (this.#isFilling) return;
    this.#isFilling = true;
    const nothing: Filled = { missing: [], dropped: 0 };
    const { missing, dropped, refused } = await this.#o.fill().catch(() => nothing);
    this.#isFilling = false;
    if (dropped > 0) this.#o.tell(`${dropped} records that were never committed were deleted`);
    if (refused !== undefined && refused !== this.#refused)
      this.#o.tell(`records that were never committed cannot be deleted: ${refused}`);
    this.#refused = refused;
    for (const bucket of missing)
      this.#o.tell(
        `bucket ${bucket}: a record older than its snapshot is nowhere (RECORD_MISSING)`,
      );
  }

  #tell(findings: readonly Finding[]): void {
    const texts = findings.slice(0, FINDINGS_TOLD_MAX).map(findingText);
    for (const text of texts) if (!this.#told.has(text) && !this.#isClosed) this.#o.tell(text);
    this.#told = new Set(texts);
  }

  /** Those that could be; the others stand, and are tried again with the next run. */
  async #mend(findings: readonly Finding[]): Promise<readonly number[]> {
    const mended: number[] = [];
    for (const bucket of bucketsToMend(findings)) {
      if (this.#isClosed) break;
      const failure = await this.#o.mend(bucket).then(() => undefined, reasonOf);
      if (failure === undefined) mended.push(bucket);
      else this.#o.tell(`bucket ${bucket}: its records could not be put back: ${failure}`);
    }
    if (mended.length > 0) this.#o.tell(`records of ${mended.length} buckets were put back`);
    return mended;
  }
}
