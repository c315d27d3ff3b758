/**
 * Says two things under one nonce: two bids, two results, two verdicts, and the same money to two
 * people. Where it does, its honest half is silent.
 */

import { accountThread } from "#envelope/envelope.ts";
import { blockOf } from "#agent/client.ts";
import type { Bodies, Verb } from "#protocol/bodies.ts";
import type { Notice } from "#protocol/notices.ts";
import { squareOf } from "../program.ts";
import { signed, written } from "./craft.ts";
import { inBursts, penOf, type Hearing, type VillainContext } from "./villain.ts";

/** Of the notices it could lie to, parts per million; honest to the others. */
const TWO_FACED_PPM = 500_000;
const PACE = { bursts: 2, everyMs: [5_000, 20_000] } as const;

type Pair = {
  readonly [V in Verb]: { readonly verb: V; readonly bodies: readonly [Bodies[V], Bodies[V]] };
}[Verb];

const pairFor = (notice: Notice): Pair | undefined => {
  const { need, attempt } = notice;
  switch (notice.kind) {
    case "bid": {
      if (notice.mode === "sealed") return undefined;
      const bid = (price: bigint): Bodies["PROPOSE"] => ({
        need,
        attempt,
        bid: { open: { price, etaMs: 100, patch: [] } },
      });
      return { verb: "PROPOSE", bodies: [bid(1n), bid(2n)] };
    }
    case "award": {
      const claim = (ttlMs: number): Bodies["CLAIM"] => ({ need, attempt, ttlMs });
      return { verb: "CLAIM", bodies: [claim(1_000), claim(60_000)] };
    }
    case "work": {
      const { revision, body } = notice;
      const square = "value" in body.input ? squareOf(body.input.value) : 0;
      const commit = (output: number): Bodies["COMMIT"] => ({
        need,
        attempt,
        revision,
        artifact: blockOf(output).cid,
        output,
      });
      return { verb: "COMMIT", bodies: [commit(square), commit(square + 1)] };
    }
    case "judge": {
      if (notice.sealed) return undefined;
      const { seat, commit } = notice;
      const attest = (verdict: "pass" | "fail"): Bodies["ATTEST"] => ({
        need,
        attempt,
        commit,
        seat,
        verdict,
        policyDigest: "",
      });
      return { verb: "ATTEST", bodies: [attest("pass"), attest("fail")] };
    }
    default:
      return undefined;
  }
};

export const equivocate = (villain: VillainContext): Hearing => {
  const { chance, rumours, signer, send } = villain;
  const sayBoth = (thread: string, nonce: number, { verb, bodies }: Pair): void => {
    const pen = penOf(villain);
    const letters = bodies.map((body) => written(pen, { verb, body, thread, nonce }));
    for (const wire of chance.shuffled(signed(signer, letters))) send(thread, wire);
  };
  let nonce = 50;
  inBursts(villain, PACE, () => {
    const [one, other] = chance.shuffled(rumours.people);
    if (one === undefined || other === undefined) return;
    nonce += 1;
    const pay = (to: string): Bodies["TRANSFER"] => ({ to, amount: 1_000_000n });
    const pair: Pair = { verb: "TRANSFER", bodies: [pay(one), pay(other)] };
    sayBoth(accountThread(signer.did), nonce, pair);
  });
  return (notice) => {
    const pair = pairFor(notice);
    if (pair === undefined || !chance.chance(TWO_FACED_PPM)) return false;
    sayBoth(notice.need, notice.nonce + 1, pair);
    return true;
  };
};
