/** Who leads which bucket, as the consensus store said last. */

import type { Consensus } from "#ports/consensus.ts";

export class Leaders {
  readonly #consensus: Consensus;
  readonly #holders = new Map<number, string>();
  readonly #changed: () => void;
  readonly #unwatch: () => void;
  #reading: Promise<void> | undefined;
  /** Something changed while they were read. */
  #isStale = false;

  /** `changed`: they have been read anew. */
  constructor(consensus: Consensus, changed: () => void) {
    [this.#consensus, this.#changed] = [consensus, changed];
    this.#unwatch = consensus.watch(() => {
      this.#isStale = this.#reading !== undefined;
      void this.refresh();
    });
  }

  of(bucket: number): string | undefined {
    return this.#holders.get(bucket);
  }

  /** The buckets that this one leads. */
  ledBy(name: string): ReadonlySet<number> {
    return new Set(
      [...this.#holders].flatMap(([bucket, holder]) => (holder === name ? [bucket] : [])),
    );
  }

  /** Reads them anew; what the store does not answer stays as it was. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
      if (!this.#isStale) return;
      this.#isStale = false;
      void this.refresh();
    });
    return this.#reading;
  }

  close(): void {
    this.#unwatch();
  }

  async #read(): Promise<void> {
    const rows = await this.#consensus.leaders().catch(() => undefined);
    if (rows === undefined) return;
    this.#holders.clear();
    for (const { bucket, holder } of rows) this.#holders.set(bucket, holder);
    this.#changed();
  }
}
