/** What the client half of a journal and its thread say to each other. */
import type { Journal, JournalRecord, Link } from "#ports/journal.ts";
import { packed, unpacked, type Packed } from "./packed.ts";

export type JournalCall = Exclude<keyof Journal, "close">;

type Place = Pick<JournalRecord, "bucket" | "index">;

export const packRecords = (
  records: readonly JournalRecord[],
): { plain: Place[]; bytes: Packed } => ({
  plain: records.map(({ bucket, index }) => ({ bucket, index })),
  bytes: packed(records.flatMap(({ hash, parent, bytes }) => [hash, parent, bytes])),
});

export const packLinks = (links: readonly Link[]): { plain: number[]; bytes: Packed } => ({
  plain: links.map(({ index }) => index),
  bytes: packed(links.flatMap(({ hash, parent }) => [hash, parent])),
});

export const unpackLinks = (plain: unknown, bytes: Packed): Link[] => {
  const parts = unpacked(bytes);
  return (plain as readonly number[]).map((index, at) => {
    const [hash, parent] = parts.slice(at * 2, at * 2 + 2);
    if (hash === undefined || parent === undefined) throw new Error("packed links are too short");
    return { index, hash, parent };
  });
};

export const unpackRecords = (plain: unknown, bytes: Packed): JournalRecord[] => {
  const parts = unpacked(bytes);
  return (plain as readonly Place[]).map((place, at) => {
    const [hash, parent, own] = parts.slice(at * 3, at * 3 + 3);
    if (hash === undefined || parent === undefined || own === undefined)
      throw new Error("packed records are too short");
    return { ...place, hash, parent, bytes: own };
  });
};
