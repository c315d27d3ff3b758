/**
 * A bucket's state is its log: load the newest snapshot that lies on the chain of the head, then replay
 * the rest through the same steps. No signature is checked and nobody is asked again.
 */

import { deserialize, serialize } from "node:v8";
import { decodeEnvelope } from "#envelope/envelope.ts";
import type { Store } from "#ports/store.ts";
import type { Application } from "../bucket/application.ts";
import { BucketState } from "../bucket/state.ts";
import { equalBytes, replayRecord } from "../bucket/turn.ts";
import { decodeRecord, hashRecord, type LogRecord } from "../log/record.ts";
import { admittedOf } from "./host.ts";

/** Records between two snapshots of a bucket: replay of this many takes well under a second. */
export const SNAPSHOT_RECORDS = 2_048;
/** Records read from the store at a time. */
export const READ_RECORDS = 512;

export const loadBucket = async (
  app: Application,
  store: Store,
  bucket: number,
  open: (hash: string) => Promise<unknown>,
): Promise<{ state: BucketState; snapshotAt: number }> => {
  let state = new BucketState(bucket);
  let snapshotAt = 0;
  const snapshot = await store.loadSnapshot(bucket);
  if (snapshot !== undefined) {
    state = BucketState.decode(bucket, deserialize(snapshot.bytes), app);
    snapshotAt = state.records;
    if (state.pin !== undefined) state.pinnedDocument = await open(state.pin.hash);
  }
  const documents = new Map<string, unknown>();
  for (;;) {
    const chunk = await store.read(bucket, state.records, READ_RECORDS);
    if (chunk.length === 0) break;
    for (const bytes of chunk) {
      const record = decodeRecord(bytes);
      for (const hash of pinsOf(app, record)) {
        if (!documents.has(hash)) documents.set(hash, await open(hash));
      }
      replayRecord(app, state, record, hashRecord(bytes), {
        document: (hash) => documents.get(hash),
        admitted: ({ signed }) => admittedOf(app, signed, decodeEnvelope(signed.bytes)),
      });
    }
  }
  const head = await store.head(bucket);
  if (head.records !== state.records || (head.records > 0 && !equalBytes(head.hash, state.hash)))
    throw new Error(`the log of bucket ${bucket} does not lead to its head (LOG_MISSING)`);
  return { state, snapshotAt };
};

export const pinsOf = (app: Application, record: LogRecord): string[] => {
  const hashes: string[] = [];
  for (const entry of record.entries) {
    if (entry.kind !== "given") continue;
    const pin = app.pins(entry.verb, entry.body);
    if (pin !== undefined) hashes.push(pin.hash);
  }
  return hashes;
};

export const saveBucket = (store: Store, state: BucketState): Promise<void> =>
  store.saveSnapshot({
    bucket: state.bucket,
    records: state.records,
    size: state.size,
    hash: state.hash,
    bytes: serialize(state.encode()),
  });
