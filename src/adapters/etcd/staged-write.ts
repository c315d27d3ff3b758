/**
 * A write of one bucket with more decide keys than one request takes, made in several steps that count
 * together or not at all.
 *
 * W1  The stage row names the head that is being prepared; it is there before the first of its decide
 *     keys, whose value is that head's hash, and goes in the same step in which the head is written.
 * W2  Hence a decide key whose value is the hash in the stage row belongs to no head: it is void. Whoever
 *     meets it (the next leader, or the same one with another record) clears it away: first the stage row
 *     is marked, from then on that head cannot come any more; then the keys go; then the row.
 * W3  Preparing and finishing hold only as long as the stage row is the very one that was begun with: a
 *     request that arrives late, after a clearing, finds another or none.
 * W4  Every step is fenced like any write: by generation, leader and, until the head stands, the head.
 * W5  Keys of ended needs are deleted once the head stands. Where that fails they stay: nobody asks again.
 */

import type { ICompare, IRequestOp, ITxnResponse } from "etcd3";
import { hex } from "#envelope/cid.ts";
import type { HeadWrite } from "#ports/consensus.ts";
import type { CommitOutcome } from "#ports/store.ts";
import {
  absent,
  generationIs,
  guards,
  keysOf,
  leads,
  putHead,
  readRows,
  rowsOf,
} from "./bucket-write.ts";
import type { EtcdClient } from "./client.ts";
import { blockingKey, decidesAt } from "./decide-keys.ts";
import type { Keys } from "./keys.ts";

/** Decide keys of one step, with its guards well under what a request takes. */
export const STEP_KEYS_MAX = 100;
/** A void stage is in the way at most so often: after it has been cleared only we can leave another. */
const ATTEMPTS_MAX = 2;
const CLEARING = "clearing ";

type Step = CommitOutcome | "done" | "blocked";

const chunks = (list: readonly string[]): readonly (readonly string[])[] =>
  Array.from({ length: Math.ceil(list.length / STEP_KEYS_MAX) }, (_, at) =>
    list.slice(at * STEP_KEYS_MAX, (at + 1) * STEP_KEYS_MAX),
  );

const valueIs = (key: Buffer, value: string): ICompare => ({
  key,
  target: "Value",
  result: "Equal",
  value: Buffer.from(value),
});

export class StagedWrite {
  readonly #client: EtcdClient;
  readonly #keys: Keys;
  readonly #write: HeadWrite;
  readonly #hash: string;
  /** The revision at which the stage row was written: W3. */
  #begun = "0";

  constructor(client: EtcdClient, keys: Keys, write: HeadWrite) {
    this.#client = client;
    this.#keys = keys;
    this.#write = write;
    this.#hash = hex(write.head.hash);
  }

  /** Rejects with a Fault where no answer came: then it is unknown, and the same write may be sent again. */
  async commit(): Promise<CommitOutcome> {
    const { bucket, decides } = this.#write;
    const { isRepeated, made, deleted } = keysOf(this.#write);
    const begun = await this.#begin();
    if (begun !== "done") return this.#told(begun);
    const key = isRepeated ? blockingKey(this.#write, () => false) : undefined;
    if (key !== undefined) return { bucket, kind: "decided", key };
    for (const part of chunks([...new Set(decides)])) {
      const prepared = await this.#prepare(part, new Set(made));
      if (prepared !== "done") return this.#told(prepared);
    }
    const finished = await this.#finish();
    if (finished !== "done") return this.#told(finished);
    await this.#forget(deleted).catch(() => undefined); // W5
    return { bucket, kind: "committed" };
  }

  #told(step: Exclude<Step, "done">): CommitOutcome {
    return step === "blocked" ? { bucket: this.#write.bucket, kind: "unknown" } : step;
  }

  /** The stage of another write, if there is one, is cleared away (W2). Whether there was one. */
  async clear(): Promise<boolean> {
    const { bucket, epoch } = this.#write;
    const stage = this.#keys.stage(bucket);
    const { kvs } = await this.#client.call((etcd, options) =>
      etcd.kv.range({ key: stage }, options),
    );
    const found = kvs[0]?.value.toString();
    if (found === undefined || found === this.#hash) return false;
    const hash = found.startsWith(CLEARING) ? found.slice(CLEARING.length) : found;
    const fence = leads(this.#keys, bucket, epoch);
    const marked = CLEARING + hash;
    await this.#txn(
      [fence, valueIs(stage, hash)],
      [{ request_put: { key: stage, value: Buffer.from(marked) } }],
    );
    const own = [fence, valueIs(stage, marked)];
    const range = this.#keys.decides(bucket);
    const decides = await this.#client.call((etcd, options) => etcd.kv.range(range, options));
    const void_ = decides.kvs.filter(({ value }) => value.toString() === hash);
    for (let at = 0; at < void_.length; at += STEP_KEYS_MAX)
      await this.#txn(
        own,
        void_.slice(at, at + STEP_KEYS_MAX).map(({ key }) => ({ request_delete_range: { key } })),
      );
    await this.#txn(own, [{ request_delete_range: { key: stage } }]);
    return true;
  }

  #txn(
    compare: readonly ICompare[],
    success: readonly IRequestOp[],
    failure: readonly IRequestOp[] = [],
  ): Promise<ITxnResponse> {
    const own = generationIs(this.#keys, this.#write.epoch.generation);
    const request = { compare: [own, ...compare], success: [...success], failure: [...failure] };
    return this.#client.call((etcd, options) => etcd.kv.txn(request, options));
  }

  /** W1: the stage row is ours. */
  async #begin(): Promise<Step> {
    const { bucket } = this.#write;
    const stage = this.#keys.stage(bucket);
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const { succeeded, responses, header } = await this.#txn(
        [...guards(this.#keys, this.#write), absent(stage)],
        [{ request_put: { key: stage, value: Buffer.from(this.#hash) } }],
        [...rowsOf(this.#keys, bucket), { request_range: { key: stage } }],
      );
      if (succeeded) {
        this.#begun = header.revision;
        return "done";
      }
      const judged = readRows(this.#write, responses);
      if (judged !== "blocked") return judged;
      // Ours, from an earlier try of the same write, or another's.
      const row = responses[2]?.response_range.kvs[0];
      if (row?.value.toString() === this.#hash) {
        this.#begun = row.mod_revision;
        return "done";
      }
      await this.clear();
    }
    return "blocked";
  }

  /** W3, W4. */
  #fence(): readonly ICompare[] {
    const key = this.#keys.stage(this.#write.bucket);
    const isBegun = { target: "Mod", result: "Equal", mod_revision: this.#begun } as const;
    return [...guards(this.#keys, this.#write), { key, ...isBegun }];
  }

  /** Those made and deleted by the same write are only looked at. */
  async #prepare(part: readonly string[], made: ReadonlySet<string>): Promise<Step> {
    const { bucket } = this.#write;
    const { succeeded, responses, header } = await this.#txn(
      [...this.#fence(), ...part.map((key) => absent(this.#key(key)))],
      part
        .filter((key) => made.has(key))
        .map((key) => ({
          request_put: { key: this.#key(key), value: Buffer.from(this.#hash) },
        })),
      rowsOf(this.#keys, bucket),
    );
    if (succeeded) return "done";
    const judged = readRows(this.#write, responses);
    if (judged !== "blocked") return judged;
    const write = { ...this.#write, decides: part };
    const values = await decidesAt(this.#client, this.#keys, write, header.revision);
    // Ours, from an earlier try of the same write.
    const isOther = (key: string): boolean => (values.get(key) ?? this.#hash) !== this.#hash;
    const key = blockingKey(write, isOther);
    return key === undefined ? "done" : { bucket, kind: "decided", key };
  }

  /** The one step that makes it count. */
  async #finish(): Promise<Step> {
    const { bucket } = this.#write;
    const stage = this.#keys.stage(bucket);
    const { succeeded, responses } = await this.#txn(
      this.#fence(),
      [putHead(this.#keys, this.#write), { request_delete_range: { key: stage } }],
      rowsOf(this.#keys, bucket),
    );
    return succeeded ? "done" : readRows(this.#write, responses);
  }

  async #forget(deleted: readonly string[]): Promise<void> {
    for (const part of chunks(deleted))
      await this.#txn(
        [],
        part.map((key) => ({ request_delete_range: { key: this.#key(key) } })),
      );
  }

  #key(key: string): Buffer {
    return this.#keys.decide(this.#write.bucket, key);
  }
}
