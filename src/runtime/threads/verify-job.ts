/** The pool's job of checking signatures in bulk: signed envelopes as bytes in, one verdict each out. */
import {
  decodeEnvelope,
  decodeSigned,
  verifyAll,
  type SignedEnvelope,
} from "#envelope/envelope.ts";
import type { Did } from "#envelope/ids.ts";
import { Malformed } from "#envelope/malformed.ts";
import { bestSuite } from "#envelope/signature/suite.ts";
import type { Job } from "./pool.ts";

/** Envelopes of one chunk: large enough that a batch's root is checked once, small enough to spread. */
export const VERIFY_CHUNK_ENVELOPES = 256;

export const VERIFY_JOB: Job = {
  module: import.meta.url,
  name: "verifyChunk",
};

/** True: whole, and signed by the sender it names. What cannot be decoded is false. */
export const verifyChunk = (wires: readonly Uint8Array[]): readonly boolean[] => {
  const decoded = wires.map(decodedOrNot);
  const whole = decoded.filter((one) => one !== undefined);
  const signed = whole.map((one) => one.signed);
  const from = whole.map((one) => one.from);
  const verdicts = verifyAll(signed, from, bestSuite()).values();
  return decoded.map((one) => one !== undefined && verdicts.next().value === true);
};

const decodedOrNot = (wire: Uint8Array): { signed: SignedEnvelope; from: Did } | undefined => {
  try {
    const signed = decodeSigned(wire);
    return { signed, from: decodeEnvelope(signed.bytes).from };
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
};
