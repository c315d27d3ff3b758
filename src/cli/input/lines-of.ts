/** The lines of a file, one at a time, however large the file or one of its lines is. */

import { createReadStream } from "node:fs";

/** Bytes of one line: an inline input of 8 MiB as JSON, and the fields around it. */
export const LINE_BYTES_MAX = 9 * 1024 * 1024;

const NEWLINE = 0x0a;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

export type FileLine = { readonly line: number } & (
  | { readonly kind: "line"; readonly bytes: Buffer }
  | { readonly kind: "too long" }
);

/**
 * Yields every line that is not blank, without its newline and a byte order mark before the first.
 * Throws what the file system throws.
 */
export async function* linesOf(path: string, bytesMax = LINE_BYTES_MAX): AsyncGenerator<FileLine> {
  let line = 1;
  let kept: Buffer[] = [];
  let bytes = 0;
  const take = (): FileLine | undefined => {
    const whole = Buffer.concat(kept);
    const tooLong = bytes > bytesMax;
    kept = [];
    bytes = 0;
    if (tooLong) return { line, kind: "too long" };
    const text = line === 1 && whole.subarray(0, 3).equals(BOM) ? whole.subarray(3) : whole;
    return text.every(isSpace) ? undefined : { line, kind: "line", bytes: text };
  };
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    while (from < chunk.length) {
      const newline = chunk.indexOf(NEWLINE, from);
      const part = chunk.subarray(from, newline === -1 ? chunk.length : newline);
      bytes += part.length;
      if (bytes <= bytesMax) kept.push(part);
      else kept = []; // counted, not kept
      if (newline === -1) break;
      const taken = take();
      if (taken !== undefined) yield taken;
      line += 1;
      from = newline + 1;
    }
  }
  const last = bytes > 0 ? take() : undefined;
  if (last !== undefined) yield last;
}

const SPACES = new Set([0x20, 0x09, 0x0d]);
const isSpace = (byte: number): boolean => SPACES.has(byte);
