/** ATTEST_PLAN, ATTEST, VOTE, CHALLENGE. Only drawn seats vote, once, on what they were drawn for (P6). */

import { challengeBondLeast } from "#domain/market/bond.ts";
import type { Question, Verdict } from "#protocol/words.ts";
import type { Refusal } from "#protocol/refusals.ts";
import type { BucketView } from "#runtime/bucket/application.ts";
import type { About, CommitteeView } from "../committee.actor.ts";
import { keepLetter } from "../letters.ts";
import { specOf } from "../market.ts";
import { challengeRow, committeeActor, committeeRow } from "../names.ts";
import { commitOf, hasTarget, stageOf } from "../stage.ts";
import { tellCommittee, tellNeed } from "../tell.ts";
import { refusalsOf, refuse, type VerbRules } from "../verbs.ts";
import { liveNeed } from "./need.ts";

interface SeatClaim {
  readonly need: string;
  readonly attempt: number;
  readonly seat: number;
  readonly question: Question;
  /** What the vote says it is about, where the verb names it. */
  readonly subject?: string;
}

/** The seat is the sender's, open, and the vote names the thing that is judged. */
export const seatRefusals = (
  view: BucketView,
  from: string,
  claim: SeatClaim,
  phase: "voting" | "revealing",
): readonly Refusal[] => {
  const dead = liveNeed(view, claim.need);
  if (dead !== undefined) return [dead];
  const actor = committeeActor(claim.need, claim.attempt, claim.question);
  const committee = view.state(actor) as CommitteeView | undefined;
  const about = view.row(committeeRow(actor)) as About | undefined;
  if (committee === undefined || about === undefined)
    return [refuse("WRONG_STATE", "this question is closed")];
  const isOther = claim.subject !== undefined && claim.subject !== about.subject;
  const question = refusalsOf(
    isOther && refuse("WRONG_STATE", "another subject is judged now"),
    committee.value !== phase && refuse("WRONG_STATE", committee.value),
  );
  const seat = committee.context.seats.find((s) => s.seat === claim.seat);
  if (seat === undefined || seat.agent !== from) return [...question, refuse("NOT_SEATED")];
  const isAnswered =
    seat.verdict !== undefined ||
    seat.silent === true ||
    (phase === "voting" && seat.hash !== undefined);
  const isBare = phase === "revealing" && seat.hash === undefined;
  return [
    ...question,
    ...refusalsOf(
      isAnswered && refuse("ALREADY_ANSWERED"),
      isBare && refuse("WRONG_STATE", "no hash to reveal"),
    ),
  ];
};

const isSealed = (view: BucketView, need: string, attempt: number, question: Question): boolean =>
  (view.state(committeeActor(need, attempt, question)) as CommitteeView | undefined)?.context
    .sealed === true;

const openVote = (
  question: Question,
  view: BucketView,
  from: string,
  body: { need: string; attempt: number; seat: number },
  subject: string,
): readonly Refusal[] => {
  const refused = seatRefusals(view, from, { ...body, question, subject }, "voting");
  return isSealed(view, body.need, body.attempt, question)
    ? [...refused, refuse("WRONG_STATE", "votes are hidden here: send VOTE, then REVEAL")]
    : refused;
};

const voted = (
  turn: Parameters<VerbRules<"ATTEST">["apply"]>[1],
  question: Question,
  {
    need,
    attempt,
    seat,
    verdict,
  }: { need: string; attempt: number; seat: number; verdict: Verdict },
  envelope: string,
): void =>
  tellCommittee(turn, committeeActor(need, attempt, question), {
    type: "VOTED",
    seat,
    verdict,
    envelope,
  });

export const attestPlan: VerbRules<"ATTEST_PLAN"> = {
  admit: ({ from, body }, view) => openVote("plan", view, from, body, body.proposal),
  apply: ({ body, id }, turn) => voted(turn, "plan", body, id),
};

export const attest: VerbRules<"ATTEST"> = {
  admit: ({ from, body }, view) => openVote("result", view, from, body, body.commit),
  apply: ({ body, id }, turn) => voted(turn, "result", body, id),
};

export const vote: VerbRules<"VOTE"> = {
  admit: ({ from, body }, view) => {
    const refused = seatRefusals(view, from, body, "voting");
    return isSealed(view, body.need, body.attempt, body.question)
      ? refused
      : [...refused, refuse("WRONG_STATE", "votes are open here: send ATTEST")];
  },
  apply: ({ body }, turn) =>
    tellCommittee(turn, committeeActor(body.need, body.attempt, body.question), {
      type: "VOTE_HASHED",
      seat: body.seat,
      hash: body.hash,
    }),
};

export const challenge: VerbRules<"CHALLENGE"> = {
  admit: ({ body, id }, view, market) => {
    const dead = liveNeed(view, body.need);
    if (dead !== undefined) return [dead];
    const stage = stageOf(view, body.need);
    const isStage = ["contestable", "contest_pending", "contested"].includes(stage);
    const isAttempt = commitOf(view, body.need)?.attempt === body.attempt;
    const { tier, body: asked } = specOf(view, body.need);
    const least = challengeBondLeast(asked.bounty, tier, market.parameters);
    return refusalsOf(
      !isStage && refuse("WRONG_STATE", stage),
      !isAttempt && refuse("WRONG_STATE", "another attempt is contestable"),
      !hasTarget(view, body.need, body) &&
        refuse("WRONG_STATE", "this attempt has no such COMMIT or rejection to contest"),
      body.bond < least && refuse("BOND_TOO_SMALL", `at least ${least} micro-credits`),
      view.row(challengeRow(id)) !== undefined && refuse("ALREADY_ANSWERED"),
    );
  },
  apply: ({ body, id, from, wire }, turn) => {
    turn.owe(id); // the ACK follows the ledger's hold
    keepLetter(turn, id, { challenger: from, body, wire: wire(), bonded: false });
    tellNeed(turn, body.need, { type: "CHALLENGED", atMs: turn.atMs, challenge: id });
  },
};
