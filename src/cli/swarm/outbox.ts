/**
 * The requester's outbox: what was signed is on the disk before it is sent, so that the same command
 * after any crash sends the same bytes and nothing is posted twice (protocol section 2, E6).
 *
 * One JSON line a batch, fsynced: the grant that pays for it and the signed NEEDs. A torn last line is
 * a batch that was never sent; it is cut off.
 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

export interface Posted {
  /** The task's id: the NEED's key. */
  readonly id: string;
  /** Hash of the task line's content: a changed line under a known id is TASK_CHANGED. */
  readonly content: string;
  readonly need: string;
  readonly wire: Uint8Array;
}

export interface Batch {
  /** Key of the TRANSFER that grants exactly the sum of these needs' funding holds. */
  readonly grant: string;
  readonly amount: bigint;
  readonly posted: readonly Posted[];
}

interface PlainBatch {
  readonly grant: string;
  readonly amount: string;
  readonly posted: readonly { id: string; content: string; need: string; wire: string }[];
}

const FILE = "requester.jsonl";

export const readOutbox = (dir: string): Batch[] => {
  const path = join(dir, FILE);
  if (!existsSync(path)) return [];
  const text = readFileSync(path, "utf8");
  const end = text.lastIndexOf("\n") + 1;
  if (end < text.length) truncateSync(path, Buffer.byteLength(text.slice(0, end)));
  return text
    .slice(0, end)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const { grant, amount, posted } = JSON.parse(line) as PlainBatch;
      return {
        grant,
        amount: BigInt(amount),
        posted: posted.map((one) => ({
          ...one,
          wire: new Uint8Array(Buffer.from(one.wire, "base64")),
        })),
      };
    });
};

export const appendOutbox = (dir: string, { grant, amount, posted }: Batch): void => {
  const plain: PlainBatch = {
    grant,
    amount: amount.toString(),
    posted: posted.map((one) => ({ ...one, wire: Buffer.from(one.wire).toString("base64") })),
  };
  const file = openSync(join(dir, FILE), "a", 0o600);
  try {
    writeSync(file, `${JSON.stringify(plain)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};
