/**
 * Commits: the writes of many buckets in as few requests as etcd takes, side by side.
 *
 * M1  One outcome per write, in the order given; each stands alone (a request is one transaction, its
 *     parts are not: each applies or not by its own compares).
 * M2  No answer is `unknown`. Only where nothing at all was answered, and the reason will not pass by
 *     itself (no space, no permission, closed), is it thrown: the operator should read it.
 * M3  etcd's quota does not see what is put by nested transactions (3.4): a row that says nothing is put
 *     beside them, so that a full store refuses before its disk is full.
 * M4  A write is refused under another generation than the stored one: etcd was restored meanwhile.
 */

import type { ITxnResponse } from "etcd3";
import { sameBytes } from "#ports/commit-rules.ts";
import type { HeadWrite } from "#ports/consensus.ts";
import { Fault } from "#ports/faults.ts";
import type { CommitOutcome, Head } from "#ports/store.ts";
import { generationIs, keysOf, pieceOf, readRows, type WritePiece } from "./bucket-write.ts";
import type { EtcdClient } from "./client.ts";
import type { Compaction } from "./compaction.ts";
import { blockingKey, decidesAt } from "./decide-keys.ts";
import { failureOf, isPassing } from "./failures.ts";
import type { Keys } from "./keys.ts";
import { fits, packed } from "./operations.ts";
import { StagedWrite } from "./staged-write.ts";

export interface CommitParts {
  readonly client: EtcdClient;
  readonly keys: Keys;
  readonly compaction: Compaction;
  readonly heads: (buckets: readonly number[]) => Promise<readonly Head[]>;
}

const unknown = ({ bucket }: HeadWrite): CommitOutcome => ({ bucket, kind: "unknown" });

class Commit {
  readonly #parts: CommitParts;
  readonly outcomes = new Map<number, CommitOutcome>();
  failure: Error | undefined;

  constructor(parts: CommitParts) {
    this.#parts = parts;
  }

  /** Whatever fails, the writes have an outcome. */
  async #ending(writes: readonly HeadWrite[], run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.failure = failureOf(error);
      for (const write of writes)
        if (!this.outcomes.has(write.bucket)) this.outcomes.set(write.bucket, unknown(write));
    }
  }

  generation(generation: number, writes: readonly HeadWrite[]): readonly Promise<void>[] {
    const pieces = writes.map((write) => pieceOf(this.#parts.keys, write));
    return [
      ...packed(pieces.filter(fits)).map((request) =>
        this.#ending(
          request.map(({ write }) => write),
          () => this.#together(generation, request),
        ),
      ),
      ...pieces
        .filter((piece) => !fits(piece))
        .map(({ write }) => this.#ending([write], () => this.#staged(generation, write))),
    ];
  }

  async #together(generation: number, pieces: readonly WritePiece[]): Promise<void> {
    const answer = await this.#send(generation, pieces);
    if (!answer.succeeded)
      return this.#elsewhere(
        generation,
        pieces.map(({ write }) => write),
      );
    this.#parts.compaction.seen(Number(answer.header.revision));
    const rest = pieces.map(async ({ write }, at) => {
      const own = answer.responses[at]?.response_txn;
      if (own === undefined) throw new Error("etcd answered to less than it was asked");
      this.outcomes.set(write.bucket, await this.#outcome(write, own, answer.header.revision));
    });
    await Promise.all(rest);
  }

  #send(generation: number, pieces: readonly WritePiece[]): Promise<ITxnResponse> {
    const request = {
      compare: [generationIs(this.#parts.keys, generation)],
      success: [
        ...pieces.map(({ txn }) => ({ request_txn: txn })),
        { request_put: { key: this.#parts.keys.quota } }, // M3
      ],
    };
    return this.#parts.client.call((etcd, options) => etcd.kv.txn(request, options));
  }

  /** M4. */
  async #elsewhere(generation: number, writes: readonly HeadWrite[]): Promise<void> {
    const heads = await this.#parts.heads(writes.map(({ bucket }) => bucket));
    for (const [at, { bucket, head: mine }] of writes.entries()) {
      const head = heads[at];
      if (head === undefined) throw new Error(`no head of bucket ${bucket} at ${generation}`);
      const stands = sameBytes(head.hash, mine.hash);
      this.outcomes.set(
        bucket,
        stands ? { bucket, kind: "committed" } : { bucket, kind: "refused", head },
      );
    }
  }

  async #outcome(write: HeadWrite, own: ITxnResponse, revision: string): Promise<CommitOutcome> {
    const { bucket } = write;
    if (own.succeeded) return { bucket, kind: "committed" };
    const judged = readRows(write, own.responses);
    if (judged !== "blocked") return judged;
    const { client, keys } = this.#parts;
    try {
      // What a write of several steps left behind is no decision.
      if (!keysOf(write).isRepeated && (await new StagedWrite(client, keys, write).clear()))
        return unknown(write);
      const found = await decidesAt(client, keys, write, revision);
      const key = blockingKey(write, (one) => found.has(one));
      return key === undefined ? unknown(write) : { bucket, kind: "decided", key };
    } catch (error) {
      this.failure = failureOf(error);
      return unknown(write);
    }
  }

  async #staged(generation: number, write: HeadWrite): Promise<void> {
    const { client, keys } = this.#parts;
    const compare = [generationIs(keys, generation)];
    const now = await client.call((etcd, options) => etcd.kv.txn({ compare }, options));
    if (!now.succeeded) return this.#elsewhere(generation, [write]);
    this.outcomes.set(write.bucket, await new StagedWrite(client, keys, write).commit());
  }
}

/** Rejects as in M2, and where the writes are malformed: then the mistake is ours. */
export const commit = async (
  parts: CommitParts,
  writes: readonly HeadWrite[],
): Promise<readonly CommitOutcome[]> => {
  const byGeneration = new Map<number, HeadWrite[]>();
  for (const write of writes) {
    const { generation } = write.epoch;
    byGeneration.set(generation, [...(byGeneration.get(generation) ?? []), write]);
  }
  const all = new Commit(parts);
  await Promise.all([...byGeneration].flatMap(([one, own]) => all.generation(one, own)));
  const outcomes = writes.map((write) => all.outcomes.get(write.bucket) ?? unknown(write));
  const { failure } = all;
  const isNothing = outcomes.every(({ kind }) => kind === "unknown");
  if (failure !== undefined && (isNothing || !(failure instanceof Fault)) && !isPassing(failure))
    throw failure;
  return outcomes;
};
