/**
 * Says again what others have said: the same bytes, soon and late, to other threads and buckets, with a
 * bit changed, under its own signature, and answers in place of questions.
 */

import { encode } from "#envelope/canonical.ts";
import { decodeEnvelope, decodeSigned } from "#envelope/envelope.ts";
import { signed, written } from "./craft.ts";
import { flipped } from "./flood.ts";
import type { HeardWire } from "../rumours.ts";
import { inBursts, penOf, type Hearing, type VillainContext } from "./villain.ts";

const PACE = { bursts: 10, everyMs: [1_000, 7_000] } as const;
/** Wires of one burst. */
export const REPLAYS_PER_BURST = 25;

export const REPLAY_WEIGHTS = {
  same: 10,
  "other-thread": 3,
  flipped: 2,
  reframed: 2,
  mine: 3,
  answer: 1,
} as const;
export type ReplayKind = keyof typeof REPLAY_WEIGHTS;

/** What is sent instead of what was heard; undefined: this wire is no envelope. */
export const replayed = (
  kind: ReplayKind,
  villain: VillainContext,
  { thread, wire }: HeardWire,
): { readonly thread: string; readonly wire: Uint8Array } | undefined => {
  const { chance, rumours, signer } = villain;
  switch (kind) {
    case "same":
      return { thread, wire };
    case "other-thread": {
      const other = rumours.someNeed(chance);
      return other === undefined ? undefined : { thread: other.need, wire };
    }
    case "flipped":
      return { thread, wire: flipped(chance, wire) };
    case "reframed":
      return reframed(villain, thread, wire);
    case "mine": {
      const envelope = envelopeOf(wire);
      if (envelope === undefined || envelope.from === signer.did) return undefined;
      // Its words, as if they were one's own.
      const { verb, body, nonce, lamport } = envelope;
      const named = envelope.thread === undefined ? {} : { thread: envelope.thread };
      const letter = written(penOf(villain), { verb, body, nonce, lamport, ...named });
      return { thread, wire: signed(signer, [letter])[0] as Uint8Array };
    }
    case "answer":
      if (rumours.answers.length === 0) return undefined;
      return { thread, wire: chance.pick(rumours.answers) };
    default:
      return kind satisfies never;
  }
};

const envelopeOf = (wire: Uint8Array): ReturnType<typeof decodeEnvelope> | undefined => {
  try {
    return decodeEnvelope(decodeSigned(wire).bytes);
  } catch {
    return undefined;
  }
};

/** The same envelope under the signature of another of its author's, or in another place of a tree. */
const reframed = (
  { chance, rumours, signer }: VillainContext,
  thread: string,
  wire: Uint8Array,
): { readonly thread: string; readonly wire: Uint8Array } | undefined => {
  try {
    const { bytes } = decodeSigned(wire);
    if (chance.chance(500_000)) return { thread, wire: signed(signer, [bytes])[0] as Uint8Array };
    const other = decodeSigned(chance.pick(rumours.wires).wire);
    const { signature, size, index, path } = other;
    return { thread, wire: encode([bytes, signature, size, index, path]) };
  } catch {
    return undefined;
  }
};

export const replay = (villain: VillainContext): Hearing => {
  const { chance, rumours, send } = villain;
  inBursts(villain, PACE, () => {
    for (let i = 0; i < REPLAYS_PER_BURST && rumours.wires.length > 0; i += 1) {
      const again = replayed(chance.weighted(REPLAY_WEIGHTS), villain, chance.pick(rumours.wires));
      if (again !== undefined) send(again.thread, again.wire);
    }
  });
  return () => false;
};
