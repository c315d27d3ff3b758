/**
 * The floor: encode, sign, decode, verify, hash and make durable the same envelopes in the same batches
 * on the same number of threads, and nothing else: no machines, no ledger, no draws, no messages. What
 * the product reaches is told as a ratio to it.
 */

import { isMainThread, parentPort, type MessagePort } from "node:worker_threads";
import * as Comlink from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { connect } from "#adapters/sqlite/client.ts";
import { sha256 } from "#envelope/cid.ts";
import {
  decodeEnvelope,
  decodeSigned,
  encodeEnvelope,
  encodeSigned,
  signEnvelopes,
  verifyAll,
} from "#envelope/envelope.ts";
import { signerFromSeed, type Signer, type Verifier } from "#envelope/keys.ts";
import type { BucketWrite } from "#ports/store.ts";
import { bestSuite } from "#envelope/signature/suite.ts";
import { encodeRecord, GENESIS_PARENT, hashRecord, type Entry } from "#runtime/log/record.ts";

export interface FloorOptions {
  readonly ms: number;
  /** Envelopes under one signature. */
  readonly signed: number;
  /** Envelopes and records of one commit. */
  readonly committed: number;
  readonly records: number;
  readonly buckets: readonly number[];
}

export interface FloorControl {
  run(
    options: FloorOptions,
    store: MessagePort,
  ): Promise<{ readonly envelopes: number; readonly ms: number }>;
}

/** Commits under way: enough that the floor waits for the disk's rate, never for its delay. */
const COMMITS_IN_FLIGHT = 8;

const NEED = "bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";

class Floor implements FloorControl {
  async run(
    { ms, signed: together, committed, records, buckets }: FloorOptions,
    port: MessagePort,
  ) {
    const store = connect(port);
    const suite = bestSuite();
    const signer = signerFromSeed(sha256(Uint8Array.from(buckets.slice(0, 1))));
    const epoch = await store.lead(buckets);
    const heads = new Map(
      buckets.map((bucket) => [bucket, { hash: GENESIS_PARENT, index: 0, size: 0 }]),
    );
    const startedMs = performance.now();
    let envelopes = 0;
    const pending: Promise<unknown>[] = [];
    let turn = 0;
    for (; performance.now() - startedMs < ms; turn += 1) {
      const entries: Entry[] = [];
      while (entries.length < committed) {
        const count = Math.min(together, committed - entries.length);
        entries.push(...exchange(signer, suite, count, envelopes));
        envelopes += count;
      }
      const writes: BucketWrite[] = [];
      const each = Math.max(1, Math.ceil(entries.length / records));
      for (let at = 0; at < entries.length; at += each) {
        const bucket = buckets[(turn * records + writes.length) % buckets.length] ?? 0;
        const head = heads.get(bucket) ?? { hash: GENESIS_PARENT, index: 0, size: 0 };
        const part = entries.slice(at, at + each);
        const { index, hash: parent } = head;
        const bytes = encodeRecord({
          bucket,
          index,
          first: head.size,
          parent,
          ...epoch,
          atMs: turn,
          entries: part,
        });
        const hash = hashRecord(bytes);
        const size = head.size + part.length;
        heads.set(bucket, { hash, index: index + 1, size });
        const next = { bucket, epoch, records: index + 1, size, hash };
        writes.push({
          bucket,
          epoch,
          parent,
          records: [{ hash, parent, bytes }],
          head: next,
          decides: [],
          decided: [],
        });
      }
      pending.push(store.commit(writes));
      if (pending.length >= COMMITS_IN_FLIGHT) await pending.shift();
    }
    await Promise.all(pending);
    return { envelopes, ms: performance.now() - startedMs };
  }
}

/** One batch from a sender to a host: encoded, signed, sent, decoded, verified. */
export const exchange = (signer: Signer, suite: Verifier, count: number, from: number): Entry[] => {
  const batch = Array.from(
    { length: count },
    (_, i) => encodeEnvelope(envelopeOf(signer.did, from + i + 1)).bytes,
  );
  const received = signEnvelopes(batch, signer).map(encodeSigned).map(decodeSigned);
  const senders = received.map((one) => decodeEnvelope(one.bytes).from);
  if (verifyAll(received, senders, suite).includes(false))
    throw new Error("the floor's own signature fails");
  return received.map((signed): Entry => ({ kind: "envelope", signed }));
};

/** Of the size of the product's mean envelope: an ATTEST. */
const envelopeOf = (from: string, nonce: number) => ({
  v: 1 as const,
  swarm: "bench.0123456789abcdef",
  thread: NEED,
  verb: "ATTEST",
  from,
  nonce,
  lamport: nonce,
  sentAtMs: 1_700_000_000_000,
  expiresAtMs: 1_700_000_600_000,
  policy: "0".repeat(64),
  body: {
    need: NEED,
    attempt: 1,
    commit: NEED,
    seat: 1,
    verdict: "pass",
    policyDigest: "0".repeat(64),
  },
  refs: [],
});

if (!isMainThread && parentPort !== null) Comlink.expose(new Floor(), nodeEndpoint(parentPort));
