/** What stands in the headers of a message, and how bytes are cut into parts and put together. */
import type { MsgHdrs } from "nats";
import { Fault } from "#ports/faults.ts";
import { PART_BYTES, type Part, type Stored } from "./stream-parts.ts";

/** How many parts there are; it is on each of them. */
const PARTS = "Canswarm-Parts";
/** Parts that are asked for: 256 MiB. */
const PARTS_MAX = 512;

/** A whole number of at least 0; else STORE_CORRUPT. */
export const wholeIn = (header: MsgHdrs, name: string): number => {
  const value = Number(header.get(name));
  if (header.has(name) && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Fault("STORE_CORRUPT", `a message of the stream has no whole ${name}`);
};

/** `length` bytes in hexadecimal digits; else STORE_CORRUPT. */
export const bytesIn = (header: MsgHdrs, name: string, length: number): Uint8Array => {
  const bytes = Buffer.from(header.get(name), "hex");
  if (bytes.byteLength === length) return new Uint8Array(bytes);
  throw new Fault("STORE_CORRUPT", `a message of the stream has no ${name} of ${length} bytes`);
};

/** Of how many parts a message is one; 0: it does not say. */
export const partsIn = (header: MsgHdrs): number => Number(header.get(PARTS));

/** The same of a message that must say so; else STORE_CORRUPT. */
export const countIn = (header: MsgHdrs): number => {
  const count = wholeIn(header, PARTS);
  if (count > 0 && count <= PARTS_MAX) return count;
  throw new Fault("STORE_CORRUPT", `a message of the stream is one of ${count} parts`);
};

/** Bytes as messages `SUBJECT.0`, `SUBJECT.1`, …; no bytes are one empty message. */
export function* partsOf(
  subject: string,
  bytes: Uint8Array,
  headersOf: () => MsgHdrs,
): Generator<Part, void> {
  const count = Math.max(1, Math.ceil(bytes.byteLength / PART_BYTES));
  const counted = (): MsgHdrs => {
    const header = headersOf();
    header.set(PARTS, String(count));
    return header;
  };
  for (let at = 0; at < count; at += 1)
    yield {
      subject: `${subject}.${at}`,
      bytes: bytes.subarray(at * PART_BYTES, (at + 1) * PART_BYTES),
      headers: counted,
    };
}

/** Undefined if a part is missing. What they are bytes of is the caller's to check. */
export const joined = async (
  get: (subject: string) => Promise<Stored | undefined>,
  subject: string,
): Promise<Stored | undefined> => {
  const first = await get(`${subject}.0`);
  if (first === undefined) return undefined;
  const count = countIn(first.header);
  const more = Array.from({ length: count - 1 }, (_, at) => get(`${subject}.${at + 1}`));
  const parts: Uint8Array[] = [first.data];
  for (const part of await Promise.all(more)) {
    if (part === undefined) return undefined;
    parts.push(part.data);
  }
  return { header: first.header, data: new Uint8Array(Buffer.concat(parts)) };
};
