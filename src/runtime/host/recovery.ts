/**
 * A bucket's state is its log: load the newest snapshot that lies on the chain of the head, then replay
 * the rest through the same steps. No signature is checked and nobody is asked again.
 */

import { sameBytes } from "#ports/commit-rules.ts";
import type { FaultCode } from "#ports/faults.ts";
import { mark } from "#ports/marks.ts";
import type { Store } from "#ports/store.ts";
import { admittedOf } from "../bucket/admitted.ts";
import type { Application } from "../bucket/application.ts";
import { pinsOf, replayRecord } from "../bucket/replay-record.ts";
import { BucketState } from "../bucket/state.ts";
import { decodeRecord, hashRecord } from "../log/record.ts";
import { NO_PARTS, openState, partNames } from "./saved-state.ts";

/** Records read from the store at a time. */
export const READ_RECORDS = 512;

export interface Recovery {
  readonly app: Application;
  readonly store: Store;
  readonly open: (hash: string) => Promise<unknown>;
  /** Told before and after each step of the application, which may end the thread. */
  readonly inHand: (busy: boolean) => void;
}

export interface Loaded {
  readonly state: BucketState;
  /** Records under the newest snapshot. */
  readonly snapshotAt: number;
  readonly snapshotWeight: number;
  /** Names of its parts (saved-state.ts). */
  readonly savedParts: ReadonlySet<string>;
}

/** What a machine may lack of a log, and another may have. */
export const LOG_LOST: readonly string[] = [
  "RECORD_MISSING",
  "BLOCK_MISSING",
] satisfies FaultCode[];

/** Throws ReplayDiverged, or an error that names the bucket whose log and head disagree. */
export const loadBucket = async (
  { app, store, open, inHand }: Recovery,
  bucket: number,
): Promise<Loaded> => {
  const snapshot = await store.loadSnapshot(bucket);
  const kept = snapshot && openState(snapshot, app);
  if (kept !== undefined) mark("load.snapshot");
  const state = kept ?? new BucketState(bucket);
  if (state.pin !== undefined) state.pinnedDocument = await open(state.pin.hash);
  const snapshotAt = state.records;
  const snapshotWeight = state.actors.weight;
  const savedParts = kept === undefined || snapshot === undefined ? NO_PARTS : partNames(snapshot);
  const documents = new Map<string, unknown>();
  for (;;) {
    const chunk = await store.read(bucket, state.records, READ_RECORDS);
    for (const bytes of chunk) {
      const record = decodeRecord(bytes);
      for (const hash of pinsOf(app, record))
        if (!documents.has(hash)) documents.set(hash, await open(hash));
      inHand(true);
      replayRecord(app, state, record, hashRecord(bytes), {
        document: (hash) => documents.get(hash),
        admitted: ({ signed }) => admittedOf(app, signed),
      });
      inHand(false);
    }
    if (chunk.length > 0) continue;
    // A write of ours that was in doubt may have reached the store since the last read: go on from there.
    const head = await store.head(bucket);
    if (head.records > state.records && (await store.read(bucket, state.records, 1)).length > 0) {
      mark("load.wrote-meanwhile");
      continue;
    }
    if (head.records !== state.records || !sameBytes(head.hash, state.hash))
      throw new Error(`the log of bucket ${bucket} does not lead to its head (LOG_MISSING)`);
    return { state, snapshotAt, snapshotWeight, savedParts };
  }
};
