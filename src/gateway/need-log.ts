/**
 * One need's entries, out of its bucket's log. Those of an open need are looked for from the end
 * backward, those of an ended one by their time.
 */

import { bucketOf } from "#envelope/cid.ts";
import { decodeEnvelope } from "#envelope/envelope.ts";
import { RECORDS_STRIDE } from "#ports/store.ts";
import type { CommitBody } from "#protocol/bodies.ts";
import { needOfGiven } from "#protocol/given.ts";
import type { NeedId } from "#protocol/words.ts";
import { decodeRecord, type LogRecord } from "#runtime/log/record.ts";
import { LIFE_RECORDS, READ_RECORDS } from "./limits.ts";
import { plainJson } from "./plain-json.ts";
import type { GatewaySwarm } from "./swarm.ts";

export interface NeedEntry {
  /** Position in the bucket's log. */
  readonly position: number;
  /** T, ms. */
  readonly atMs: number;
  readonly verb: string;
  /** Of an envelope: who said it, and its id. */
  readonly by?: string;
  readonly id?: string;
  readonly body: unknown;
}

const entriesIn = (record: LogRecord, need: NeedId): NeedEntry[] =>
  record.entries.flatMap((entry, n): NeedEntry[] => {
    const at = { position: record.first + n, atMs: record.atMs };
    if (entry.kind === "envelope") {
      const { id, bytes } = entry.signed;
      const { verb, from, thread, body } = decodeEnvelope(bytes);
      return (thread ?? id) === need ? [{ ...at, verb, by: from, id, body }] : [];
    }
    if (entry.kind === "message") return [];
    const { verb, body } = entry;
    const about = entry.kind === "derived" ? entry.thread : needOfGiven(verb, body);
    return about === need ? [{ ...at, verb, body }] : [];
  });

export interface NeedLog {
  /** Empty: there is no such need. */
  readonly entries: readonly NeedEntry[];
  /** Records of the bucket that were read: the next look begins there. */
  readonly records: number;
}

type Reads = Pick<GatewaySwarm, "store">;

/** Log time of a need that has ended, from its NEED to its last entry, ms. */
export interface Life {
  readonly postedAtMs: number;
  readonly endedAtMs: number;
}

/**
 * The last record with an index that is a multiple of RECORDS_STRIDE before the first record whose T is not
 * before this; T never goes back in a log.
 */
const strideBefore = async (
  { store }: Reads,
  bucket: number,
  records: number,
  atMs: number,
): Promise<number> => {
  let [low, high] = [0, Math.ceil(records / RECORDS_STRIDE)];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [bytes] = await store.read(bucket, middle * RECORDS_STRIDE, 1);
    if (bytes === undefined || decodeRecord(bytes).atMs >= atMs) high = middle;
    else low = middle + 1;
  }
  return Math.max(0, low - 1) * RECORDS_STRIDE;
};

/** Of records in their order, those from this T on. */
const since = (records: readonly Uint8Array[], atMs: number): readonly Uint8Array[] => {
  let [low, high] = [0, records.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (decodeRecord(records[middle]!).atMs < atMs) low = middle + 1;
    else high = middle;
  }
  return records.slice(low);
};

/** Of a need that has ended: only the records round its life are read, however long the log is. */
export const endedNeedLog = async (
  swarm: Reads,
  need: NeedId,
  { postedAtMs, endedAtMs }: Life,
): Promise<NeedLog> => {
  const bucket = bucketOf(need);
  const { records } = await swarm.store.head(bucket);
  const entries: NeedEntry[] = [];
  let from = await strideBefore(swarm, bucket, records, postedAtMs);
  for (let limit = RECORDS_STRIDE + 1; from < records; limit = LIFE_RECORDS) {
    const read = await swarm.store.read(bucket, from, limit);
    for (const bytes of since(read, postedAtMs)) {
      const record = decodeRecord(bytes);
      if (record.atMs > endedAtMs) return { entries, records };
      entries.push(...entriesIn(record, need));
    }
    if (read.length === 0) break;
    from += read.length;
  }
  return { entries, records };
};

/** From its NEED to the bucket's head, of a need that is open: mostly a young one. */
export const needLog = async ({ store }: Reads, need: NeedId): Promise<NeedLog> => {
  const bucket = bucketOf(need);
  const { records } = await store.head(bucket);
  let entries: NeedEntry[] = [];
  for (let end = records; end > 0; end -= READ_RECORDS) {
    const from = Math.max(0, end - READ_RECORDS);
    const found = (await store.read(bucket, from, end - from))
      .map(decodeRecord)
      .flatMap((record) => entriesIn(record, need));
    entries = [...found, ...entries];
    if (entries.some(({ verb, id }) => verb === "NEED" && id === need)) return { entries, records };
  }
  return { entries: [], records };
};

/** What came after so many records. */
export const needLogSince = async (
  { store }: Reads,
  need: NeedId,
  sinceRecords: number,
): Promise<NeedLog> => {
  const bucket = bucketOf(need);
  const { records } = await store.head(bucket);
  const entries: NeedEntry[] = [];
  for (let from = sinceRecords; from < records; from += READ_RECORDS) {
    const count = Math.min(READ_RECORDS, records - from);
    for (const bytes of await store.read(bucket, from, count))
      entries.push(...entriesIn(decodeRecord(bytes), need));
  }
  return { entries, records };
};

/** The output of the COMMIT that was finalized, where it travelled inside it. */
export const outputIn = (entries: readonly NeedEntry[], artifact: string): unknown => {
  for (const { verb, body } of entries.toReversed())
    if (verb === "COMMIT" && (body as CommitBody).artifact === artifact)
      return (body as CommitBody).output;
  return undefined;
};

/** As it is sent. */
export const shownEntry = ({ body, ...entry }: NeedEntry): object => ({
  ...entry,
  body: plainJson(body),
});
