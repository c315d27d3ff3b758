/**
 * A supervisor's session: one lease of etcd, on which its name and every bucket that it leads hang.
 *
 * S1  A leader's row is created, never overwritten; the revision of its creation is the epoch's, so a
 *     bucket's later epoch is above its earlier ones. The generation is above it in rank (restores).
 * S2  A row is created only while the member's row is on this session's lease, in the same step.
 * S3  A row is deleted only by the session that has it, and only under the epoch that is named.
 * S4  Nobody joins where the generation is not there: etcd has been emptied since the swarm was founded, and
 *     its logs would begin anew (E6).
 * S5  Nor where etcd is at an earlier revision than was seen under the same generation: its heads lead past
 *     what was acknowledged since, and its epochs would come a second time (P4).
 */

import { randomUUID } from "node:crypto";
import type { Etcd3, ICompare, IRequestOp } from "etcd3";
import type { Lead, LeaderRow, Session } from "#ports/consensus.ts";
import { Fault } from "#ports/faults.ts";
import { absent, generationIs } from "./bucket-write.ts";
import type { CallOptions, EtcdClient } from "./client.ts";
import { leaderValue, memberValue, readLeader, type Keys } from "./keys.ts";
import { REQUEST_OPERATIONS_MAX } from "./operations.ts";

/** Each bucket's part has at most two compares. */
const BUCKETS_PER_REQUEST = REQUEST_OPERATIONS_MAX - 2;
/** The generation is raised once in the life of a store, if ever. */
const GENERATION_READS_MAX = 3;

const chunks = <T>(list: readonly T[]): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(list.length / BUCKETS_PER_REQUEST) }, (_, at) =>
    list.slice(at * BUCKETS_PER_REQUEST, (at + 1) * BUCKETS_PER_REQUEST),
  );

const keepOnce = (etcd: Etcd3, lease: string, options: CallOptions): Promise<number> =>
  new Promise((resolve, reject) => {
    etcd.leaseClient.leaseKeepAlive(options).then((stream) => {
      stream.on("data", ({ TTL }) => {
        resolve(Number(TTL));
        stream.end();
      });
      stream.on("error", reject);
      stream.on("end", () => reject(new Error("etcd ended the stream")));
      stream.write({ ID: lease });
    }, reject);
  });

const isLost = (error: unknown): boolean => error instanceof Fault && error.code === "SESSION_LOST";

/** The latest that a supervisor knows of etcd. Revisions only rise, but for an etcd that was put back. */
export interface SeenRevision {
  readonly generation: number;
  readonly revision: number;
}

/** S4: whoever founded the swarm has written it. */
const storedGeneration = async (
  client: EtcdClient,
  { generation: key }: Keys,
): Promise<SeenRevision> => {
  const { kvs, header } = await client.call((etcd, options) => etcd.kv.range({ key }, options));
  const [row] = kvs;
  if (row === undefined)
    throw new Fault("CONSENSUS_EMPTIED", "etcd has nothing of this swarm: its data is not there");
  const stored = row.value.toString();
  const generation = Number(stored);
  if (!Number.isSafeInteger(generation))
    throw new Fault("CONSENSUS_DENIED", `the stored generation ${stored} is no number`);
  return { generation, revision: Number(header.revision) };
};

/** S5. */
const refuseOlder = (now: SeenRevision, seen: SeenRevision): void => {
  if (now.generation !== seen.generation || now.revision >= seen.revision) return;
  const sentence = `etcd is at revision ${now.revision} and has been at ${seen.revision}: it was put back`;
  throw new Fault("CONSENSUS_BEHIND", sentence);
};

export class EtcdSession implements Session {
  readonly name: string;
  readonly #client: EtcdClient;
  readonly #keys: Keys;
  readonly #build: string;
  readonly #lease: string;
  #generation: number;
  #isOver = false;

  private constructor(
    client: EtcdClient,
    keys: Keys,
    own: { name: string; build: string; lease: string; generation: number },
  ) {
    this.#client = client;
    this.#keys = keys;
    [this.name, this.#build] = [own.name, own.build];
    this.#lease = own.lease;
    this.#generation = own.generation;
  }

  static async join(
    client: EtcdClient,
    keys: Keys,
    {
      name,
      build,
      ttlMs,
      seen,
    }: { name: string; build: string; ttlMs: number; seen: SeenRevision },
  ): Promise<EtcdSession> {
    const now = await storedGeneration(client, keys);
    refuseOlder(now, seen);
    const { generation } = now;
    // etcd counts whole seconds.
    const TTL = Math.ceil(ttlMs / 1_000);
    const { ID: lease } = await client.call((etcd, options) =>
      etcd.leaseClient.leaseGrant({ TTL }, options),
    );
    const session = new EtcdSession(client, keys, { name, build, lease, generation });
    try {
      await session.#enter();
    } catch (error) {
      // Without it the name is free again when the lease has run out.
      await session.end().catch(() => undefined);
      throw error;
    }
    return session;
  }

  async #enter(): Promise<void> {
    const key = this.#keys.member(this.name);
    const value = memberValue(false, this.#build);
    const request = {
      compare: [absent(key)],
      success: [{ request_put: { key, value, lease: this.#lease } }],
      failure: [{ request_range: { key } }],
    };
    const answer = await this.#client.call((etcd, options) => etcd.kv.txn(request, options));
    if (answer.succeeded) return;
    // Ours: an earlier try of this request was not answered.
    if (answer.responses[0]?.response_range.kvs[0]?.lease === this.#lease) return;
    throw new Fault("DATA_IN_USE", `a supervisor called ${this.name} is there already`);
  }

  get generation(): number {
    return this.#generation;
  }

  async keepAlive(): Promise<void> {
    this.#living();
    const ttl = await this.#client.call((etcd, options) => keepOnce(etcd, this.#lease, options));
    if (ttl <= 0) throw this.#lost();
    this.#living();
  }

  async say(isCutOff: boolean): Promise<void> {
    this.#living();
    const row = { key: this.#keys.member(this.name), value: memberValue(isCutOff, this.#build) };
    const answer = await this.#fenced({
      compare: [this.#isMember()],
      success: [{ request_put: { ...row, lease: this.#lease } }],
    });
    if (!answer.succeeded) throw this.#lost();
  }

  async campaign(buckets: readonly number[]): Promise<readonly LeaderRow[]> {
    this.#living();
    // One value for all tries: a row that holds it was created by this campaign (N2).
    const campaign = randomUUID();
    const won = chunks([...new Set(buckets)]).map((part) => this.#campaign(part, campaign));
    return (await Promise.all(won)).flat();
  }

  async #campaign(buckets: readonly number[], campaign: string): Promise<readonly LeaderRow[]> {
    for (let reads = 0; reads < GENERATION_READS_MAX; reads += 1) {
      const generation = this.#generation;
      const value = leaderValue(generation, campaign, this.name);
      const answer = await this.#fenced({
        compare: [generationIs(this.#keys, generation), this.#isMember()],
        success: buckets.map((bucket) => this.#create(this.#keys.leader(bucket), value)),
        failure: [{ request_range: { key: this.#keys.member(this.name) } }],
      });
      if (answer.succeeded) {
        const { revision } = answer.header;
        return buckets.flatMap((bucket, at) => {
          const own = answer.responses[at]?.response_txn;
          const created = { key: this.#keys.leader(bucket), value, create_revision: revision };
          const row = own?.succeeded === true ? created : own?.responses[0]?.response_range.kvs[0];
          return row?.value.equals(value) === true ? [readLeader(row)] : [];
        });
      }
      if (answer.responses[0]?.response_range.kvs[0]?.lease !== this.#lease) throw this.#lost();
      this.#generation = (await storedGeneration(this.#client, this.#keys)).generation;
    }
    throw new Fault("CONSENSUS_UNREACHABLE", "the stored generation changes all the time");
  }

  /** S1. */
  #create(key: Buffer, value: Buffer): IRequestOp {
    return {
      request_txn: {
        compare: [absent(key)],
        success: [{ request_put: { key, value, lease: this.#lease } }],
        failure: [{ request_range: { key } }],
      },
    };
  }

  #onLease(key: Buffer): ICompare {
    return { key, target: "Lease", result: "Equal", lease: this.#lease };
  }

  /** S2. */
  #isMember(): ICompare {
    return this.#onLease(this.#keys.member(this.name));
  }

  async #fenced(request: Parameters<Etcd3["kv"]["txn"]>[0]) {
    try {
      return await this.#client.call((etcd, options) => etcd.kv.txn(request, options));
    } catch (error) {
      throw isLost(error) ? this.#lost() : error;
    }
  }

  /** S3. */
  async resign(leads: readonly Lead[]): Promise<void> {
    this.#living();
    const parts = chunks(leads).map((part) => {
      const success = part.map(({ bucket, epoch }) => {
        const key = this.#keys.leader(bucket);
        const created = { target: "Create", result: "Equal", create_revision: epoch.revision };
        return {
          request_txn: {
            compare: [this.#onLease(key), { key, ...created } as const],
            success: [{ request_delete_range: { key } }],
          },
        } as IRequestOp;
      });
      return this.#client.call((etcd, options) => etcd.kv.txn({ success }, options));
    });
    await Promise.all(parts);
  }

  /** From the call on it is not kept; where that fails it ends with its TTL. */
  async end(): Promise<void> {
    this.#isOver = true;
    try {
      const ID = this.#lease;
      await this.#client.call((etcd, options) => etcd.leaseClient.leaseRevoke({ ID }, options));
    } catch (error) {
      if (!isLost(error)) throw error;
    }
  }

  #living(): void {
    if (this.#isOver) throw this.#lost();
  }

  #lost(): Fault {
    this.#isOver = true;
    return new Fault("SESSION_LOST", `the session of ${this.name} has ended`);
  }
}
