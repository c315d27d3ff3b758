/** Records for the contracts of the journal and of the stream. */
import { hash } from "node:crypto";
import type { JournalRecord } from "#ports/journal.ts";

export const ZERO = new Uint8Array(32);

export const journalRecord = (
  bucket: number,
  index: number,
  parent: Uint8Array,
  content: string | Uint8Array,
): JournalRecord => {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const own = new Uint8Array(hash("sha256", bytes, "buffer"));
  return { bucket, index, hash: own, parent: parent.slice(), bytes };
};

/** One record per content, each on top of the one before it. */
export const chainOf = (bucket: number, ...contents: string[]): JournalRecord[] => {
  const records: JournalRecord[] = [];
  for (const [index, content] of contents.entries()) {
    const parent = records.at(-1)?.hash ?? ZERO;
    // The place is part of the content, so that equal texts at other places have other hashes.
    records.push(journalRecord(bucket, index, parent, `${content} at ${bucket}/${index}`));
  }
  return records;
};

/** For comparing: a Buffer and a Uint8Array of the same bytes are not equal to vitest. */
export const plainRecord = (record: JournalRecord | undefined) =>
  record && {
    bucket: record.bucket,
    index: record.index,
    hash: Buffer.from(record.hash).toString("hex"),
    parent: Buffer.from(record.parent).toString("hex"),
    bytes: Buffer.from(record.bytes).toString("utf8"),
  };
