/** Who leads which bucket, as the consensus store said last. */

import type { Consensus } from "#ports/consensus.ts";

export class Leaders {
  readonly #consensus: Consensus;
  readonly #holders = new Map<number, string>();
  readonly #unwatch: () => void;
  #reading: Promise<void> | undefined;

  constructor(consensus: Consensus) {
    this.#consensus = consensus;
    this.#unwatch = consensus.watch(() => void this.refresh());
  }

  of(bucket: number): string | undefined {
    return this.#holders.get(bucket);
  }

  /** Reads them anew; what the store does not answer stays as it was. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
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
  }
}
