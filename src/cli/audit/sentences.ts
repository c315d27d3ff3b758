/** What an entry says, in one sentence; what it follows from is said where the entry itself quotes it. */

import { formatCredits } from "#protocol/amount.ts";
import type {
  AttestBody,
  AttestPlanBody,
  ChallengeBody,
  ClaimBody,
  CommitBody,
  DecideBody,
  DrawBody,
  EndBody,
  EquivocationBody,
  ReconcileBody,
  GrantBody,
  NeedBody,
  OpenAttemptBody,
  ProposeBody,
  RankingBody,
  RevealBody,
  RuleBody,
  SettleBody,
  VoteBody,
  YieldBody,
} from "#protocol/bodies.ts";
import { milliseconds } from "../display.ts";

export interface Told {
  readonly verb: string;
  readonly body: unknown;
  /** Of an envelope: who said it, and its id. */
  readonly by?: string;
  readonly id?: string;
}

export interface Context {
  readonly nameOf: (did: string) => string;
  /** An envelope of the need by its id. */
  readonly said: (id: string) => Told | undefined;
}

type Sentence = (body: never, context: Context, by: string) => string | undefined;

/** Amounts may be numbers here: the log's codec does not tell them apart. */
const credits = (amount: bigint | number): string => formatCredits(BigInt(amount));

const seated = (body: DrawBody, { nameOf }: Context): string | undefined => {
  if (body.phase === "asked") return undefined;
  const { question, attempt, round, seats, skipped, k } = body;
  const who = seats.map(({ seat, agent }) => `${nameOf(agent)} (seat ${seat})`).join(", ");
  const passed =
    skipped.length === 0
      ? ""
      : `; without free stake, or paused: ${skipped.map(nameOf).join(", ")}`;
  const redraw = round === 0 ? "" : `, redraw ${round}`;
  const rule = `${k} equal verdicts decide${passed}`;
  return `The ${question} of attempt ${attempt} goes to ${who}${redraw}; ${rule}.`;
};

const ended = (body: EndBody, context: Context): string => {
  const { nameOf, said } = context;
  const { attempt, outcome, last, worker, votes = [], paid = [], taken = [], reason } = body;
  const voices = votes.flatMap((id) => {
    const vote = said(id);
    if (vote?.by === undefined) return [];
    const { verdict, reason: why } = vote.body as AttestBody;
    return [`${nameOf(vote.by)} said ${verdict}${why === undefined ? "" : ` (${why})`}`];
  });
  const causes = [...(reason === undefined ? [] : [reason]), ...voices];
  const because = causes.length === 0 ? "" : `, because ${causes.join(" and ")}`;
  const of = worker === undefined ? "" : ` of ${nameOf(worker)}`;
  const money = [
    ...paid.map(({ to, amount, why }) => `${nameOf(to)} gets ${credits(amount)} (${why})`),
    ...taken.map(({ from, amount, why }) => `${nameOf(from)} loses ${credits(amount)} (${why})`),
  ];
  const moved = money.length === 0 ? "" : ` ${money.join(", ")}.`;
  return `Attempt ${attempt}${of} ends ${outcome}${because}${last ? "; the need ends with it" : ""}.${moved}`;
};

const SENTENCES: Readonly<Record<string, Sentence>> = {
  NEED: ({ capability, bounty, verifyBounty, key }: NeedBody, _, by) =>
    `${by} asks for ${capability} under the key ${key}: at most ${credits(bounty)} for the work, ${credits(verifyBounty)} a vote.`,
  OPEN_ATTEMPT: ({ attempt, auction }: OpenAttemptBody) =>
    auction
      ? `Attempt ${attempt} opens and takes bids.`
      : `Attempt ${attempt} opens with the ranking of the attempt before.`,
  PROPOSE: ({ bid, attempt }: ProposeBody, _, by) => {
    if ("pass" in bid) return `${by} does not bid on attempt ${attempt}.`;
    if ("sealed" in bid) return `${by} bids on attempt ${attempt}, sealed.`;
    return (
      [
        by,
        "bids",
        credits(bid.open.price),
        `on attempt ${attempt}, for`,
        milliseconds(bid.open.etaMs),
      ].join(" ") + "."
    );
  },
  REVEAL: (body: RevealBody, _, by) => {
    if (body.what === "bid") return `${by} opens its bid: ${credits(body.bid.price)}.`;
    if (body.what === "vote") return `${by} opens its vote: ${body.verdict}.`;
    return `${by} reveals its part of the draw.`;
  },
  RANKING: ({ bids, attempt }: RankingBody, { nameOf }) => {
    const order = bids.map((bid, n) => `${n + 1}. ${nameOf(bid.worker)} at ${credits(bid.price)}`);
    const ranked = bids.length === 0 ? "there is none" : order.join(", ");
    return `Bids on attempt ${attempt} are closed: ${ranked}.`;
  },
  DRAW: seated,
  ATTEST_PLAN: ({ verdict, seat }: AttestPlanBody, _, by) =>
    `${by} (seat ${seat}) judges the plan: ${verdict}.`,
  DECIDE: ({ worker, attempt, price, approvals }: DecideBody, { nameOf, said }) => {
    const who = approvals.map((id) => nameOf(said(id)?.by ?? id));
    const because = `because ${who.join(" and ")} approved`;
    return `${nameOf(worker)} wins attempt ${attempt} at ${credits(price)}, ${because}.`;
  },
  CLAIM: ({ attempt }: ClaimBody, _, by) => `${by} claims attempt ${attempt}.`,
  GRANT: ({ worker, revision, endsAtMs }: GrantBody, { nameOf }) =>
    `${nameOf(worker)} holds the lease, revision ${revision}, until ${milliseconds(endsAtMs)}.`,
  HEARTBEAT: () => undefined,
  YIELD: ({ reason }: YieldBody, _, by) => `${by} gives the lease back: ${reason}.`,
  COMMIT: ({ artifact, attempt }: CommitBody, _, by) =>
    `${by} delivers ${artifact} for attempt ${attempt}.`,
  VOTE: ({ seat, question }: VoteBody, _, by) =>
    `${by} (seat ${seat}) votes on the ${question}, hidden.`,
  ATTEST: ({ verdict, seat, reason }: AttestBody, _, by) =>
    `${by} (seat ${seat}) judges the result: ${verdict}${reason === undefined ? "" : ` (${reason})`}.`,
  CHALLENGE: ({ proof, bond }: ChallengeBody, _, by) =>
    `${by} contests it by ${proof} with a bond of ${credits(bond)}.`,
  RULE: ({ upheld, reason, by }: RuleBody, { nameOf }) =>
    `${nameOf(by)} rules that the challenge is ${upheld ? "upheld" : "rejected"}: ${reason}.`,
  EQUIVOCATION: ({ from, nonce }: EquivocationBody, { nameOf }) =>
    `${nameOf(from)} signed two envelopes under nonce ${nonce}; the pair is kept.`,
  RECONCILE: ({ result }: ReconcileBody) => RECONCILED[result],
  CANCEL: (_body: object, _, by) => `${by} cancels.`,
  SETTLE: ({ attempt, outcome }: SettleBody) =>
    `The ledger is asked to settle attempt ${attempt} as ${outcome}.`,
  FINALIZE: ended,
  REJECT: ended,
  RELEASE: ended,
  INVALIDATE: ended,
  CLOSE: ended,
};

const RECONCILED: Readonly<Record<ReconcileBody["result"], string>> = {
  merged: "That was signed while its sender was cut off, and took effect.",
  orphaned:
    "A result comes that was signed while its sender was cut off: too late for any attempt.",
  salvaged:
    "A result comes that was signed while its sender was cut off: its worker is an alternate of the next attempt.",
};

/** Undefined for what tells nothing by itself (a heartbeat, a draw that only asks). */
export const sentenceOf = (told: Told, context: Context): string | undefined => {
  const sentence = SENTENCES[told.verb];
  const by = told.by === undefined ? "" : context.nameOf(told.by);
  if (sentence === undefined) return `${by === "" ? "The bucket" : by} says ${told.verb}.`;
  return sentence(told.body as never, context, by);
};
