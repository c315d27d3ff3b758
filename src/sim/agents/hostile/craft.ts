/** Envelopes made by hand: any field may be what an honest client would never write. */

import { encode } from "#envelope/canonical.ts";
import { encodeEnvelope, encodeSigned, signEnvelopes } from "#envelope/envelope.ts";
import type { Signer } from "#envelope/keys.ts";
import { BATCH_ENVELOPES_MAX } from "#envelope/limits.ts";

const VALID_MS = 10 * 60_000;

export interface Words {
  readonly verb: string;
  readonly thread?: string;
  readonly body: unknown;
  readonly nonce: number;
  readonly lamport?: number;
  readonly swarm?: string;
  readonly from?: string;
  readonly expiresAtMs?: number;
}

export interface Pen {
  readonly signer: Signer;
  readonly swarm: string;
  readonly policy: string;
  readonly wallMs: () => number;
}

/** The canonical bytes, unsigned. */
export const written = (pen: Pen, words: Words): Uint8Array => {
  const sentAtMs = pen.wallMs();
  return encodeEnvelope({
    v: 1,
    swarm: words.swarm ?? pen.swarm,
    ...(words.thread === undefined ? {} : { thread: words.thread }),
    verb: words.verb,
    from: words.from ?? pen.signer.did,
    nonce: words.nonce,
    lamport: words.lamport ?? 1,
    sentAtMs,
    expiresAtMs: words.expiresAtMs ?? sentAtMs + VALID_MS,
    policy: pen.policy,
    body: words.body,
    refs: [],
  }).bytes;
};

/** Wires of these bytes, as many as possible under one signature of `signer`. */
export const signed = (signer: Signer, letters: readonly Uint8Array[]): Uint8Array[] => {
  const wires: Uint8Array[] = [];
  for (let at = 0; at < letters.length; at += BATCH_ENVELOPES_MAX)
    wires.push(
      ...signEnvelopes(letters.slice(at, at + BATCH_ENVELOPES_MAX), signer).map(encodeSigned),
    );
  return wires;
};

/** A wire whose signature is whatever is given. */
export const framed = (bytes: Uint8Array, signature: Uint8Array): Uint8Array =>
  encode([bytes, signature, 1, 0, []]);
