/**
 * Acts under what belongs to others: their leases, their seats, their needs. Whatever it says is well
 * formed, signed with its own key, and about something that lives.
 */

import type { Hearing, VillainContext } from "./villain.ts";
import { inBursts, penOf } from "./villain.ts";
import { signed, written } from "./craft.ts";
import { lieAbout } from "./lies.ts";

const PACE = { bursts: 12, everyMs: [500, 5_000] } as const;
/** Envelopes of one burst. */
export const THEFTS_PER_BURST = 12;
/** Far enough above what an honest client uses that the two never meet. */
const NONCES_FROM = 1_000;

export const steal = (villain: VillainContext): Hearing => {
  const { chance, rumours, signer, send } = villain;
  const pen = penOf(villain);
  let nonce = NONCES_FROM;
  inBursts(villain, PACE, () => {
    const threads: string[] = [];
    const letters: Uint8Array[] = [];
    for (let i = 0; i < THEFTS_PER_BURST; i += 1) {
      const about = rumours.someNeed(chance);
      if (about === undefined) continue;
      const { verb, body } = lieAbout(chance, about, signer.did);
      nonce += 1;
      threads.push(about.need);
      letters.push(written(pen, { verb, body, thread: about.need, nonce }));
    }
    for (const [i, wire] of signed(signer, letters).entries()) send(threads[i] ?? "", wire);
  });
  return () => false;
};
