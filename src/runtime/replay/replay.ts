/**
 * Replay of whole logs, bucket by bucket: the same steps as live, with nobody to ask (P2).
 *
 * The bucket that publishes documents (here: the system bucket) is replayed first, because the others
 * pin what it published; nothing else crosses buckets, since messages are logged inputs.
 */

import { cidOf, hex, sha256 } from "#envelope/cid.ts";
import { admittedOf } from "../bucket/admitted.ts";
import type { Application } from "../bucket/application.ts";
import type { Outputs } from "../bucket/outputs.ts";
import { ReplayDiverged, replayRecord } from "../bucket/replay-record.ts";
import { BucketState } from "../bucket/state.ts";
import { canonicalBytes } from "../bucket/state-hash.ts";
import { decodeRecord, hashRecord, type LogRecord } from "../log/record.ts";

export interface Replayed {
  readonly buckets: ReadonlyMap<number, BucketState>;
  readonly entries: number;
  readonly stateHash: string;
}

export interface ReplayWatch {
  /** After each record, with the bucket's state as it then is and what the record let out. */
  readonly record?: (record: LogRecord, state: BucketState, outputs: Outputs) => void;
  /** Stop a bucket's replay before this many entries of the whole were applied. */
  readonly entriesMax?: number;
}

export type LogSource = (bucket: number) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Throws ReplayDiverged, naming bucket and position, where a log is not what its inputs lead to. */
export const replayLogs = async (
  app: Application,
  buckets: readonly number[],
  log: LogSource,
  watch: ReplayWatch = {},
): Promise<Replayed> => {
  const documents = new Map<string, unknown>();
  const states = new Map<number, BucketState>();
  let entries = 0;
  const publishersFirst = [...buckets].sort(
    (a, b) => Number(app.unpinned(b)) - Number(app.unpinned(a)) || a - b,
  );
  for (const bucket of publishersFirst) {
    const state = new BucketState(bucket);
    states.set(bucket, state);
    for await (const bytes of log(bucket)) {
      if (watch.entriesMax !== undefined && entries >= watch.entriesMax) break;
      const record = decodeRecord(bytes);
      const outputs = replayRecord(app, state, record, hashRecord(bytes), {
        document: (hash) => {
          const document = documents.get(hash);
          if (document === undefined)
            throw new ReplayDiverged(bucket, record.first, `nobody published the document ${hash}`);
          return document;
        },
        admitted: ({ signed }) => admittedOf(app, signed),
      });
      for (const { document } of outputs.publications)
        documents.set(cidOf(document), app.openDocument(document));
      entries += record.entries.length;
      watch.record?.(record, state, outputs);
    }
  }
  return { buckets: states, entries, stateHash: stateHashOf(states.values()) };
};

export const stateHashOf = (states: Iterable<BucketState>): string =>
  hex(sha256(canonicalBytes(states)));
