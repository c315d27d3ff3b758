/**
 * Heads one by one, read together: whoever asks while a request is under way is answered by the next, so
 * that loading many buckets side by side is a few requests. No head is older than the call for it.
 */

import type { Consensus } from "#ports/consensus.ts";
import type { Head } from "#ports/store.ts";

interface Asked {
  readonly head: Promise<Head>;
  readonly resolve: (head: Head) => void;
  readonly reject: (error: unknown) => void;
}

export class GatheredHeads {
  readonly #heads: Consensus["heads"];
  /** What the next request asks for, by bucket. */
  #asked = new Map<number, Asked>();
  #isUnderWay = false;

  constructor(heads: Consensus["heads"]) {
    this.#heads = heads;
  }

  /** Rejects where the request does. */
  of(bucket: number): Promise<Head> {
    const asked = this.#asked.get(bucket) ?? asking();
    this.#asked.set(bucket, asked);
    if (!this.#isUnderWay) void this.#run();
    return asked.head;
  }

  async #run(): Promise<void> {
    this.#isUnderWay = true;
    while (this.#asked.size > 0) {
      const asked = this.#asked;
      this.#asked = new Map();
      try {
        const heads = await this.#heads([...asked.keys()]);
        for (const head of heads) {
          asked.get(head.bucket)?.resolve(head);
          asked.delete(head.bucket);
        }
        for (const [bucket, { reject }] of asked)
          reject(new Error(`no head of bucket ${bucket} was answered`));
      } catch (error) {
        for (const { reject } of asked.values()) reject(error);
      }
    }
    this.#isUnderWay = false;
  }
}

const asking = (): Asked => {
  const { promise: head, resolve, reject } = Promise.withResolvers<Head>();
  return { head, resolve, reject };
};
