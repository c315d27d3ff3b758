/**
 * The consensus store of a cluster, in etcd 3.4 or newer: one server or several. What it keeps there and
 * why each failure is safe: docs/internals/etcd.md.
 */

import type { Consensus, HeadWrite, LeaderRow, Member, Session } from "#ports/consensus.ts";
import type { CommitOutcome, Head } from "#ports/store.ts";
import { EtcdClient, type EtcdOptions } from "./client.ts";
import { commit } from "./commit.ts";
import { Compaction } from "./compaction.ts";
import { bucketOf, Keys, readHead, readLeader, readMember } from "./keys.ts";
import { REQUEST_OPERATIONS_MAX } from "./operations.ts";
import { EtcdSession, type SeenRevision } from "./session.ts";
import { Watch } from "./watch.ts";

export class EtcdConsensus implements Consensus {
  readonly #client: EtcdClient;
  readonly #keys: Keys;
  readonly #compaction: Compaction;
  readonly #watches = new Set<Watch>();
  #seen: SeenRevision;
  /** The last one that was joined. */
  #session: EtcdSession | undefined;

  /**
   * Connects when it is first asked: nothing is refused here but an option that cannot be. `seen`: what was
   * kept of another life of this supervisor.
   */
  constructor(options: EtcdOptions, seen: SeenRevision = { generation: 0, revision: 0 }) {
    this.#seen = seen;
    this.#keys = new Keys(options.swarm);
    this.#client = new EtcdClient(options);
    this.#compaction = new Compaction(this.#client);
  }

  /** The latest that it has been told; to be kept for the next life. Generation 0: it has never joined. */
  get seen(): SeenRevision {
    return this.#seen;
  }

  async join(name: string, ttlMs: number, build: string): Promise<Session> {
    const seen = this.#seen;
    const session = await EtcdSession.join(this.#client, this.#keys, { name, build, ttlMs, seen });
    this.#session = session;
    this.#saw(0);
    return session;
  }

  async members(): Promise<readonly Member[]> {
    const request = this.#keys.members;
    const { kvs, header } = await this.#client.call((etcd, options) =>
      etcd.kv.range(request, options),
    );
    this.#saw(Number(header.revision));
    return kvs
      .map((row) => readMember(this.#keys.memberName(row.key), row))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** A session learns of a raised generation under way; revisions of another generation are not compared. */
  #saw(revision: number): void {
    const { generation, revision: before } = this.#seen;
    const now = this.#session?.generation ?? generation;
    if (now === 0) return;
    const highest = now === generation ? Math.max(before, revision) : revision;
    this.#seen = { generation: now, revision: highest };
  }

  async leaders(): Promise<readonly LeaderRow[]> {
    const request = this.#keys.leaders;
    const { kvs } = await this.#client.call((etcd, options) => etcd.kv.range(request, options));
    return kvs.map(readLeader);
  }

  async heads(buckets: readonly number[]): Promise<readonly Head[]> {
    if (buckets.length === 0) return [];
    const request = this.#keys.heads(buckets);
    const { kvs } = await this.#client.call((etcd, options) => etcd.kv.range(request, options));
    const values = new Map(kvs.map(({ key, value }) => [bucketOf(key), value]));
    return buckets.map((bucket) => readHead(bucket, values.get(bucket)));
  }

  async pins(): Promise<ReadonlyMap<number, string>> {
    const request = this.#keys.pins;
    const { kvs } = await this.#client.call((etcd, options) => etcd.kv.range(request, options));
    return new Map(kvs.map(({ key, value }) => [bucketOf(key), value.toString()]));
  }

  async pin(buckets: readonly number[], name: string | undefined): Promise<void> {
    for (let at = 0; at < buckets.length; at += REQUEST_OPERATIONS_MAX) {
      const success = buckets.slice(at, at + REQUEST_OPERATIONS_MAX).map((bucket) => {
        const key = this.#keys.pin(bucket);
        if (name === undefined) return { request_delete_range: { key } };
        return { request_put: { key, value: Buffer.from(name) } };
      });
      await this.#client.call((etcd, options) => etcd.kv.txn({ success }, options));
    }
  }

  /** For whoever audits: every attempt that is decided and has not ended, by bucket. */
  async decideKeys(): Promise<ReadonlyMap<number, readonly string[]>> {
    const request = { ...this.#keys.allDecides, keys_only: true };
    const { kvs } = await this.#client.call((etcd, options) => etcd.kv.range(request, options));
    const found = new Map<number, string[]>();
    for (const { key: row } of kvs) {
      const [bucket, key] = this.#keys.decideIn(row);
      found.set(bucket, [...(found.get(bucket) ?? []), key]);
    }
    return found;
  }

  commit(writes: readonly HeadWrite[]): Promise<readonly CommitOutcome[]> {
    const heads = (buckets: readonly number[]): Promise<readonly Head[]> => this.heads(buckets);
    const parts = { client: this.#client, keys: this.#keys, compaction: this.#compaction, heads };
    return commit(parts, writes);
  }

  watch(changed: () => void): () => void {
    const watch = new Watch(this.#client, this.#keys.live, changed);
    this.#watches.add(watch);
    return () => {
      watch.stop();
      this.#watches.delete(watch);
    };
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.stop();
    this.#client.close();
  }
}
