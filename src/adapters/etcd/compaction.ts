/**
 * Every commit leaves a revision in etcd, and a quota of 2 GiB is full of them within the hour. So the
 * revisions are compacted here, by whoever commits: it needs no flag that an operator could forget and
 * no leader. All supervisors compute the same revision, and etcd does it once.
 */

import type { EtcdClient } from "./client.ts";

/** Revisions between two compactions; so many, at least, are kept. A few seconds of a busy swarm. */
export const COMPACT_REVISIONS = 10_000;

/** The revision up to which etcd may forget; 0: nothing yet. */
export const compactableAt = (revision: number, every = COMPACT_REVISIONS): number =>
  Math.max(0, Math.floor(revision / every) - 1) * every;

export class Compaction {
  readonly #client: EtcdClient;
  readonly #every: number;
  #done: number | undefined;

  constructor(client: EtcdClient, every = COMPACT_REVISIONS) {
    this.#client = client;
    this.#every = every;
  }

  /** An answer told this revision. */
  seen(revision: number): void {
    const upTo = compactableAt(revision, this.#every);
    const isFirst = this.#done === undefined;
    if (!isFirst && upTo <= (this.#done ?? 0)) return;
    this.#done = upTo;
    if (isFirst || upTo === 0) return;
    // Where it fails, or another was first, the next one takes these too.
    this.#client
      .call((etcd, options) => etcd.kv.compact({ revision: upTo }, options))
      .catch(() => undefined);
  }
}
