/**
 * Receipts on their way to one connection, under one signature of their epoch's key: the leaves of the
 * signed tree, all of them, so that whoever holds the batch can prove each one. As objects with a path
 * each they took 20 microseconds a receipt to cross to another thread, packed one.
 */

import { NUMBER_BYTES_MAX, PackedBytes, readBlock } from "#envelope/packed-bytes.ts";
import type { Signer } from "#envelope/keys.ts";
import { signBatch } from "#envelope/signed.ts";

export interface ReceiptBatch {
  /** For whom each is. */
  readonly to: readonly string[];
  /** Canonical bytes of each, behind their number. */
  readonly packed: Uint8Array;
  /** Over the tree of these receipts (protocol section 2). */
  readonly signature: Uint8Array;
}

export interface ReceiptTo {
  readonly to: string;
  readonly bytes: Uint8Array;
}

/** 1 … BATCH_ENVELOPES_MAX receipts. */
export const packReceipts = (receipts: readonly ReceiptTo[], signer: Signer): ReceiptBatch => {
  const size = receipts.reduce((sum, { bytes }) => sum + bytes.length + NUMBER_BYTES_MAX, 0);
  const packed = new PackedBytes(size);
  for (const { bytes } of receipts) packed.block(bytes);
  const leaves = receipts.map(({ bytes }) => bytes);
  return {
    to: receipts.map(({ to }) => to),
    packed: packed.kept(),
    // A copy: with what is a part of a slab, all of the slab would be cloned.
    signature: signBatch(leaves, signer).slice(),
  };
};

export function* receiptsIn({ to, packed }: ReceiptBatch): Iterable<ReceiptTo> {
  const from = { at: 0 };
  for (const one of to) yield { to: one, bytes: readBlock(packed, from) };
}
