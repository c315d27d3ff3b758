/** Lines of a large file with their places in it. A line ends with one "\n"; UTF-8 is taken strictly. */

import { Buffer } from "node:buffer";
import { createReadStream } from "node:fs";
import { Broken } from "./chain.ts";

/** One line: a turn of 512 envelopes of 64 KiB, as base64 and as its view, stays below it. */
export const LINE_BYTES_MAX = 256 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/** Bytes that can be read more than once, from any place on. */
export interface ByteSource {
  read(from: number): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export const fileSource = (path: string): ByteSource => ({
  read: (from) => createReadStream(path, { start: from, highWaterMark: CHUNK_BYTES }),
});

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** Place of its first byte. */
  readonly at: number;
}

/** Lines from a line's beginning on. Throws Broken, naming the line. */
export async function* linesOf(
  source: ByteSource,
  from: { readonly number: number; readonly at: number } = { number: 1, at: 0 },
): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let { number, at } = from;
  let parts: Uint8Array[] = [];
  let held = 0;
  const line = (last: Uint8Array): Line => {
    const bytes = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    try {
      return { number, text: decoder.decode(bytes), at };
    } catch {
      throw new Broken("is not UTF-8", { line: number });
    }
  };
  for await (const chunk of source.read(at)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield line(chunk.subarray(start, end));
      at += held + end - start + 1;
      number += 1;
      start = end + 1;
      parts = [];
      held = 0;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
    held += chunk.length - start;
    if (held > LINE_BYTES_MAX) throw new Broken("is too long for any record", { line: number });
  }
  if (held > 0) throw new Broken("ends without a newline", { line: number });
}
