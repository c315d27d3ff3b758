/**
 * CHALLENGE envelopes travel inside their bonds: a bucket that learns of one from the ledger has the
 * whole signed letter and needs nobody's word for it (P3).
 */

import { decodeEnvelope, decodeSigned } from "#envelope/envelope.ts";
import { isNotABody } from "#protocol/verb-spec.ts";
import { VERBS } from "#protocol/verbs.ts";
import type { ChallengeBody } from "#protocol/bodies.ts";
import type { EnvelopeId } from "#protocol/words.ts";
import type { Turn } from "#runtime/bucket/application.ts";
import { challengeRow } from "./names.ts";

export interface Letter {
  readonly challenger: string;
  readonly body: ChallengeBody;
  readonly wire: Uint8Array;
  /** The bond is held: the letter came from the ledger. */
  readonly bonded: boolean;
}

export const keepLetter = (turn: Turn, challenge: EnvelopeId, letter: Letter): void =>
  turn.put(challengeRow(challenge), letter);

/** Keep a letter that came in the ledger's answer; answers its id. */
export const letterOf = (turn: Turn, wire: Uint8Array): EnvelopeId => {
  const signed = decodeSigned(wire);
  if (turn.row(challengeRow(signed.id)) === undefined) {
    const envelope = decodeEnvelope(signed.bytes);
    const body = VERBS.CHALLENGE.parse(envelope.body);
    if (isNotABody(body)) throw new Error("a bond carries a malformed CHALLENGE");
    // The ledger took the bond only for an envelope that its bucket had admitted.
    keepLetter(turn, signed.id, {
      challenger: envelope.from,
      body,
      wire,
      bonded: true,
    });
  }
  return signed.id;
};
