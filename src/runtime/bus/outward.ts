/**
 * What leaves a supervisor over the bus, as bytes, made on the thread of the host that says it: what one
 * flush has for one hearer goes in one message. Hosts are many, the thread that holds the connection is one.
 */

import { Buffer } from "node:buffer";
import { encode } from "#envelope/canonical.ts";
import type { Signer } from "#envelope/keys.ts";
import { proofsOf, signBatch } from "#envelope/signed.ts";
import { agentSubject, bucketSubject, peerSubject } from "#ports/bus.ts";
import { encodeToAgent } from "#ports/bus-messages.ts";
import type { BucketMessage } from "../host/environment.ts";
import { FrameWriter, messagesIn } from "../threads/frames.ts";
import type { ReceiptTo } from "../threads/receipt-batch.ts";
import { encodeMessage, TOGETHER_MAX } from "./messages.ts";
import type { Rejected } from "./rejections.ts";

/** Bytes of what is said together, one longer thing excepted: a quarter of what a bus carries. 256 KiB. */
export const TOGETHER_BYTES_MAX = 262_144;

/** A message, and where it goes. */
export interface Outward {
  readonly subject: string;
  readonly bytes: Uint8Array;
}

/**
 * To the thread that holds the connection, in frames; `send` gets a buffer to be transferred. The kind of a
 * message is how many of its bytes are the subject.
 */
export const packOutward = (
  items: readonly Outward[],
  send: (frame: ArrayBuffer) => void,
): void => {
  const frames = new FrameWriter(send);
  for (const { subject, bytes } of items)
    frames.push(subject.length, Buffer.from(subject, "latin1"), bytes);
  frames.flush();
};

/** The same again: views of the frame. */
export const outwardIn = (frame: ArrayBuffer): readonly Outward[] =>
  messagesIn(frame).map(({ kind, bytes }) => ({
    subject: Buffer.from(bytes.buffer, bytes.byteOffset, kind).toString("latin1"),
    bytes: bytes.subarray(kind),
  }));

/** `said` makes one message of what is for one subject, in order, within both limits. */
const together = <T extends Outward>(
  items: readonly T[],
  said: (items: readonly T[]) => Uint8Array,
): Outward[] => {
  const out: Outward[] = [];
  const waiting = new Map<string, { items: T[]; bytes: number }>();
  for (const item of items) {
    const { subject, bytes } = item;
    const list = waiting.get(subject);
    const isFull =
      list !== undefined &&
      (list.items.length === TOGETHER_MAX || list.bytes + bytes.length > TOGETHER_BYTES_MAX);
    if (isFull) out.push({ subject, bytes: said(list.items) });
    if (list === undefined || isFull) waiting.set(subject, { items: [item], bytes: bytes.length });
    else {
      list.items.push(item);
      list.bytes += bytes.length;
    }
  }
  for (const [subject, list] of waiting) out.push({ subject, bytes: said(list.items) });
  return out;
};

const bytesOf = ({ bytes }: Outward): Uint8Array => bytes;

/** Receipts under one signature, each with what proves it by itself. 1 … BATCH_ENVELOPES_MAX. */
export const receiptsOut = (receipts: readonly ReceiptTo[], signer: Signer): Outward[] => {
  const leaves = receipts.map(({ bytes }) => bytes);
  const proofs = proofsOf(leaves, signBatch(leaves, signer));
  const proven = proofs.map((proof, at) => {
    const { to, bytes } = receipts[at]!;
    return { subject: agentSubject(to), bytes, proof };
  });
  return together(proven, (items) =>
    encodeToAgent({
      type: "receipts",
      items: items.map(({ bytes, proof }) => ({ bytes, proof })),
    }),
  );
};

/** What agents are asked and told. */
export const noticesOut = (
  notices: readonly { readonly to: string; readonly notice: object }[],
): Outward[] =>
  together(
    notices.map(({ to, notice }) => ({ subject: agentSubject(to), bytes: encode(notice) })),
    (items) => encodeToAgent({ type: "notices", items: items.map(bytesOf) }),
  );

/** Transport errors, to whom the rejected bytes name as their sender. */
export const rejectedOut = (rejected: readonly Rejected[]): Outward[] =>
  together(
    rejected.map(({ to, bytes }) => ({ subject: agentSubject(to), bytes })),
    (items) => encodeToAgent({ type: "rejected", items: items.map(bytesOf) }),
  );

/** Messages to buckets that others lead. */
export const messagesOut = (messages: readonly BucketMessage[]): Outward[] =>
  together(
    messages.map((message) => ({ subject: peerSubject(message.to), bytes: encode(message) })),
    (items) => encodeMessage({ type: "messages", items: items.map(bytesOf) }),
  );

/** An envelope that came to the wrong door. */
export const envelopeOut = (bucket: number, wire: Uint8Array): Outward => ({
  subject: bucketSubject(bucket),
  bytes: encodeMessage({ type: "envelopes", wires: [wire] }),
});
