/** Entries that rest on a signature: envelopes, and evidence that holds one. */

import {
  decodeEnvelope,
  decodeSigned,
  threadOf,
  type Envelope,
  type SignedEnvelope,
} from "#envelope/envelope.ts";
import { Malformed } from "#envelope/malformed.ts";
import type { EquivocationBody, ReconcileBody } from "#protocol/bodies.ts";
import type { Entry } from "#runtime/log/record.ts";
import { Broken } from "./chain.ts";

interface Place {
  readonly bucket: number;
  readonly position: number;
}

/** The envelope whose signature an entry rests on. Throws Broken for evidence that shows nothing. */
export const signedIn = (entry: Entry, at: Place): SignedEnvelope | undefined => {
  if (entry.kind === "envelope") return entry.signed;
  if (entry.kind !== "given") return undefined;
  if (entry.verb === "EQUIVOCATION") return secondIn(entry.body as EquivocationBody, at);
  if (entry.verb === "RECONCILE") return lateIn(entry.body as ReconcileBody, at);
  return undefined;
};

const secondIn = (pair: EquivocationBody, at: Place): SignedEnvelope => {
  const { signed, envelope } = opened(pair.second, at);
  const isPair =
    signed.id !== pair.first &&
    envelope.from === pair.from &&
    envelope.nonce === pair.nonce &&
    threadOf(envelope, signed.id) === pair.thread;
  if (!isPair) throw new Broken(`the pair at position ${at.position} is no equivocation`, at);
  return signed;
};

/** What came too late to be an entry itself: it has to be what is said of it. */
const lateIn = (
  { need, envelope: id, wire }: ReconcileBody,
  at: Place,
): SignedEnvelope | undefined => {
  if (wire === undefined) return undefined;
  const { signed, envelope } = opened(wire, at);
  if (signed.id === id && envelope.verb === "COMMIT" && envelope.thread === need) return signed;
  throw new Broken(`what position ${at.position} reconciles is not what it names`, at);
};

const opened = (
  wire: Uint8Array,
  at: Place,
): { readonly signed: SignedEnvelope; readonly envelope: Envelope } => {
  try {
    const signed = decodeSigned(wire);
    return { signed, envelope: decodeEnvelope(signed.bytes) };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new Broken(
      `the envelope in the evidence at position ${at.position}: ${error.message}`,
      at,
    );
  }
};
