/** Words about a need that are well formed and not the speaker's to say, or not true. */

import { sha256 } from "#envelope/cid.ts";
import { blockOf } from "#agent/client.ts";
import type { Bodies, NeedVerb } from "#protocol/bodies.ts";
import { voteDigest } from "#protocol/digests.ts";
import type { Question, Verdict } from "#protocol/words.ts";
import type { Prng } from "../../kernel/prng.ts";
import type { HeardNeed, HeardSeat } from "../rumours.ts";

export type Lie = {
  readonly [V in NeedVerb]: { readonly verb: V; readonly body: Bodies[V] };
}[NeedVerb];

const QUESTIONS: readonly Question[] = ["plan", "result", "challenge"];
const VERDICTS: readonly Verdict[] = ["pass", "fail", "abstain"];
/** Something with the form of an id that nobody ever said. */
export const nobodysId = (chance: Prng): string => blockOf(chance.bytes(16)).cid;

const WEIGHTS: Readonly<Record<Exclude<NeedVerb, "NEED">, number>> = {
  PROPOSE: 2,
  REVEAL: 2,
  CANCEL: 1,
  UPDATE_PLAN: 1,
  CLAIM: 3,
  HEARTBEAT: 4,
  YIELD: 3,
  COMMIT: 4,
  ATTEST_PLAN: 3,
  ATTEST: 4,
  VOTE: 3,
  CHALLENGE: 1,
};

/** The live attempt and revision mostly, at times another. */
const fenceOf = (
  chance: Prng,
  { need, attempt, revision }: HeardNeed,
): { need: string; attempt: number; revision: number } => ({
  need,
  attempt: chance.chance(800_000) ? attempt : chance.between(1, 8),
  revision: chance.chance(800_000) ? revision : chance.below(4),
});

const seatOf = (chance: Prng, about: HeardNeed): HeardSeat => {
  if (about.seats.length > 0 && chance.chance(900_000)) return chance.pick(about.seats);
  const [agent, subject] = ["", nobodysId(chance)];
  return { agent, seat: chance.below(8), question: "result", subject, sealed: false };
};

/** `voter` is who will say it. */
export const lieAbout = (chance: Prng, about: HeardNeed, voter: string): Lie => {
  const fence = fenceOf(chance, about);
  const { need, attempt } = fence;
  const verb = chance.weighted(WEIGHTS);
  const seat = seatOf(chance, about);
  const verdict = chance.pick(VERDICTS);
  const salt = chance.bytes(32);
  switch (verb) {
    case "PROPOSE":
      return { verb, body: { need, attempt, bid: lieOfBid(chance) } };
    case "REVEAL":
      return { verb, body: lieOfReveal(chance, about, seat) };
    case "CANCEL":
      return { verb, body: { need } };
    case "UPDATE_PLAN":
      return { verb, body: { need, ops: [{ op: "ADD_TASK", task: `t${chance.below(4)}` }] } };
    case "CLAIM":
      return { verb, body: { need, attempt, ttlMs: chance.between(1, 60_000) } };
    case "HEARTBEAT":
      return { verb, body: { ...fence, progress: chance.below(1_000_001) } };
    case "YIELD":
      return { verb, body: { ...fence, reason: "stolen" } };
    case "COMMIT": {
      const output = chance.below(1_000);
      const artifact = chance.chance(900_000) ? blockOf(output).cid : nobodysId(chance);
      return { verb, body: { ...fence, artifact, output } };
    }
    case "ATTEST_PLAN": {
      const { seat: number, subject: proposal } = seat;
      const body = { need, attempt, proposal, seat: number, verdict, policyDigest: "" };
      return { verb, body };
    }
    case "ATTEST": {
      const { seat: number, subject: commit } = seat;
      return { verb, body: { need, attempt, commit, seat: number, verdict, policyDigest: "" } };
    }
    case "VOTE": {
      const { subject } = seat;
      const question = chance.chance(800_000) ? seat.question : chance.pick(QUESTIONS);
      const hash = voteDigest(subject, voter, verdict, salt);
      return { verb, body: { need, attempt, question, seat: seat.seat, hash } };
    }
    case "CHALLENGE": {
      const commit = about.commit?.commit ?? nobodysId(chance);
      const target = chance.chance(800_000) ? { commit } : { rejection: attempt };
      const bond = BigInt(chance.between(1, 5_000_000));
      const evidence = nobodysId(chance);
      return { verb, body: { need, attempt, target, proof: "policy_breach", evidence, bond } };
    }
    default:
      return verb satisfies never;
  }
};

const lieOfBid = (chance: Prng): Bodies["PROPOSE"]["bid"] => {
  const bids: readonly Bodies["PROPOSE"]["bid"][] = [
    { pass: true },
    { sealed: chance.bytes(32) },
    { open: { price: BigInt(chance.below(100_000_000)), etaMs: chance.below(100_000), patch: [] } },
  ];
  return chance.pick(bids);
};

const lieOfReveal = (chance: Prng, about: HeardNeed, seat: HeardSeat): Bodies["REVEAL"] => {
  const { need, attempt } = about;
  const reveals: readonly Bodies["REVEAL"][] = [
    {
      what: "bid",
      need,
      attempt,
      proposal: about.proposal ?? nobodysId(chance),
      salt: chance.bytes(32),
      bid: { price: 1n, etaMs: 1, patch: [] },
    },
    { what: "draw", need, attempt, preimage: sha256(chance.bytes(8)) },
    {
      what: "vote",
      need,
      attempt,
      question: chance.pick(QUESTIONS),
      seat: seat.seat,
      verdict: chance.pick(VERDICTS),
      salt: chance.bytes(32),
    },
  ];
  return chance.pick(reveals);
};
