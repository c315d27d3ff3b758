/**
 * Envelopes that come signed with a request and wait there for their receipt, beside the streams of the
 * agents that are joined.
 *
 * S1  The sender is heard on the joined agents' own link, so waiting for a receipt takes nothing from a
 *     stream of the same sender, and a stream that comes meanwhile takes the receipt.
 * S2  Nothing is sent again from here: who was told 202 has the bytes.
 */

import { decodeEnvelope, decodeSigned } from "#envelope/envelope.ts";
import type { LinkEvents, SwarmLink } from "#ports/swarm-link.ts";
import { SIGNED_MORE_BYTES_MAX } from "#protocol/limits.ts";
import type { Receipt } from "#protocol/notices.ts";
import type { RefusalCode } from "#protocol/refusals.ts";
import type { Did, EnvelopeId } from "#protocol/words.ts";
import { GatewayError } from "./errors.ts";
import { BODY_BYTES_MAX } from "./limits.ts";

/** Bytes of a signed envelope. */
export const SIGNED_BYTES_MAX = BODY_BYTES_MAX + SIGNED_MORE_BYTES_MAX;

export interface SignedNeed {
  readonly from: Did;
  readonly swarm: string;
  readonly id: EnvelopeId;
  readonly wire: Uint8Array;
}

export type Said =
  | { readonly kind: "receipt"; readonly receipt: Receipt }
  | { readonly kind: "rejected"; readonly code: RefusalCode; readonly detail: string };

/** Refuses with BODY_INVALID, NOT_A_NEED. Its bucket verifies the signature. */
export const signedNeedIn = (wire: Uint8Array): SignedNeed => {
  let id: EnvelopeId;
  let envelope: ReturnType<typeof decodeEnvelope>;
  try {
    const signed = decodeSigned(wire);
    id = signed.id;
    envelope = decodeEnvelope(signed.bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "it is malformed";
    throw new GatewayError("BODY_INVALID", { reason: `no signed envelope: ${reason}` });
  }
  const { verb, from, swarm } = envelope;
  if (verb !== "NEED") throw new GatewayError("NOT_A_NEED", { verb });
  return { from, swarm, id, wire };
};

interface Waiting {
  readonly from: Did;
  readonly resolve: (said: Said) => void;
}

export class SignedPosts {
  readonly #link: SwarmLink;
  readonly #isJoined: (did: Did) => boolean;
  readonly #waiting = new Map<EnvelopeId, Waiting[]>();

  constructor(link: SwarmLink, isJoined: (did: Did) => boolean) {
    this.#link = link;
    this.#isJoined = isJoined;
  }

  /** What is said to it; call `forget` where nobody waits any more. */
  send({ from, id, wire }: SignedNeed): { readonly said: Promise<Said>; forget: () => void } {
    let waiting: Waiting | undefined;
    const said = new Promise<Said>((resolve) => {
      waiting = { from, resolve };
      this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), waiting]);
    });
    if (!this.#isJoined(from)) this.#link.attach(from, this.#events());
    this.#link.send(id, wire);
    const forget = (): void => {
      const left = (this.#waiting.get(id) ?? []).filter((one) => one !== waiting);
      if (left.length > 0) this.#waiting.set(id, left);
      else this.#waiting.delete(id);
      const isWaitedFor = [...this.#waiting.values()].flat().some((one) => one.from === from);
      if (!isWaitedFor && !this.#isJoined(from)) this.#link.detach(from);
    };
    return { said, forget };
  }

  receipt(receipt: Receipt): void {
    this.#tell(receipt.envelope, { kind: "receipt", receipt });
  }

  rejected(envelope: EnvelopeId, code: RefusalCode, detail: string): void {
    this.#tell(envelope, { kind: "rejected", code, detail });
  }

  #tell(envelope: EnvelopeId, said: Said): void {
    for (const { resolve } of this.#waiting.get(envelope) ?? []) resolve(said);
  }

  #events(): LinkEvents {
    return {
      receipt: (receipt) => this.receipt(receipt),
      notice: () => undefined,
      rejected: (envelope, code, detail) => this.rejected(envelope, code, detail),
      resumed: () => undefined,
    };
  }
}
