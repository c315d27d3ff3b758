/**
 * The need thread: opens and closes what an attempt needs, decides (P1), asks the ledger for funding
 * and settlement, and logs the end. Money moves only by the ledger's postings (E1).
 */

import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import { fundingAmount } from "#domain/ledger/funding.ts";
import { disagreement } from "#domain/ledger/agreement.ts";
import type {
  LedgerAnswer,
  LedgerRequest,
  Move,
  SettlementFacts,
} from "#domain/ledger/requests.ts";
import { needThreadMachine } from "#machines/need-thread/need-thread.machine.ts";
import {
  factsOf,
  type Committed,
  type NeedThreadContext,
} from "#machines/need-thread/need-thread.context.ts";
import type { NeedThreadCommand } from "#machines/need-thread/need-thread.commands.ts";
import type { NeedThreadEvent, NeedThreadInput } from "#machines/need-thread/need-thread.events.ts";
import { isPausedIn } from "#domain/registry/snapshot.ts";
import type { Notice } from "#protocol/notices.ts";
import type {
  DecideBody,
  EndBody,
  OpenAttemptBody,
  Payment,
  SettleBody,
  Taking,
} from "#protocol/bodies.ts";
import {
  defineActor,
  HaltBucket,
  type ActorKind,
  type ActorRef,
  type Turn,
} from "#runtime/bucket/application.ts";
import { logicOf } from "#runtime/logic/xstate.ts";
import { openAuction } from "./auction.actor.ts";
import { openPlanCommittee, openResultCommittee } from "./committee.actor.ts";
import { openChallenge } from "./challenge.actor.ts";
import { openLease } from "./lease.actor.ts";
import { pinnedDirectory, specOf, type Market, type NeedSpec } from "./market.ts";
import {
  auctionActor,
  challengeActor,
  committeeActor,
  committeeRow,
  leaseActor,
  needActor,
  needOf,
  needRow,
  planRow,
  priceRow,
} from "./names.ts";
import { letterOf } from "./letters.ts";
import { tellLease, tellNeed } from "./tell.ts";
import { widenAmounts } from "./amounts.ts";

type Ref = ActorRef<unknown>;

const ask = (turn: Turn, actor: Ref, name: string, request: LedgerRequest): void =>
  turn.ask(actor.id, name, SYSTEM_BUCKET, request);

/** The row that is left of a need that ended. */
export interface EndedNeed {
  readonly outcome: EndBody["outcome"];
  readonly attempts: number;
  readonly requester: string;
  readonly key: string;
  readonly worker?: string;
  readonly artifact?: string;
  readonly output?: unknown;
  readonly first?: string;
  readonly ledger?: number;
  readonly postedAtMs: number;
  readonly endedAtMs: number;
}

export const openNeed = (
  turn: Turn,
  need: string,
  spec: NeedSpec,
  { parameters }: Market,
): void => {
  const { body, requester, tier, kPlan, kResult } = spec;
  turn.put(needRow(need), spec);
  turn.owe(need); // the ACK follows the ledger's hold
  const input: NeedThreadInput = {
    need,
    requester,
    capability: body.capability,
    tier,
    bounty: body.bounty,
    verifyBounty: body.verifyBounty,
    kPlan,
    kResult,
    kResultAsked: body.kResult !== undefined,
    deadlineMs: body.deadlineMs,
    awardsMax: Math.min(body.limits?.awards ?? parameters.awardsMax, parameters.awardsMax),
    failuresMax: Math.min(body.limits?.failures ?? parameters.failuresMax, parameters.failuresMax),
    planCandidatesMax: parameters.planCandidatesMax,
    challengeWindowMs: parameters.tiers[tier].challengeWindowMs,
    askRetryMs: parameters.askRetryMs,
    drawHash: body.drawHash !== undefined,
    drawRevealMs: parameters.drawRevealMs,
    verifyMs: verifyMs(parameters),
    contestMs: 2 * parameters.ruleMs,
  };
  turn.spawn("need-thread", needActor(need), input);
};

/**
 * All rounds of a result committee, each with its wait for seats and its deadlines, and the time for
 * which draws may be suspended.
 */
const verifyMs = (p: Market["parameters"]): number =>
  p.registryWaitMs +
  p.drawRevealMs +
  (p.redrawsMax + 1) * (p.seatsWaitMs + p.voteMs + p.voteRevealMs);

const closeAttempt = (turn: Turn, need: string, attempt: number): void => {
  turn.stop(auctionActor(need, attempt));
  turn.stop(leaseActor(need, attempt));
  turn.drop(priceRow(leaseActor(need, attempt)));
  for (const question of ["plan", "result"] as const) {
    const committee = committeeActor(need, attempt, question);
    turn.stop(committee);
    turn.drop(committeeRow(committee));
  }
};

/** What the posting moved to accounts; what had only been held of them is marked as their own. */
const paidOf = (moves: readonly Move[], requester: string): readonly Payment[] =>
  moves
    .filter((move) => move.amount > 0n && move.to.startsWith("did:"))
    .map(({ from, to, of, amount, why }) => {
      // The escrow is the requester's money, and E4 keeps it from being paid for anything.
      const own = from === "escrow" ? to === requester : to === of;
      return { to, amount, why, ...(own ? { own } : {}) };
    });

/** What bonds and exposures lost for good, each on its owner's account. */
const takenOf = (moves: readonly Move[]): readonly Taking[] =>
  moves.flatMap(({ from, to, of, amount, why }) =>
    (from === "bond" || from === "exposure") && of !== undefined && to !== of && amount > 0n
      ? [{ from: of, held: from, amount, why }]
      : [],
  );

export const needThreadActor = (market: Market): ActorKind =>
  defineActor<unknown, NeedThreadEvent, NeedThreadInput, NeedThreadCommand>({
    kind: "need-thread",
    logic: logicOf<NeedThreadEvent, NeedThreadInput, NeedThreadCommand>(needThreadMachine),
    handlers: {
      requestFunding: (_params, actor, turn) => requestFunding(actor, turn, market),
      resend: ({ name }, actor, turn) => turn.resend(actor.id, name),
      openAttempt: ({ attempt, auction, barred }, actor, turn) => {
        const need = needOf(actor.id);
        turn.append("OPEN_ATTEMPT", need, { need, attempt, auction } satisfies OpenAttemptBody);
        if (auction) openAuction(turn, need, attempt, barred, market);
      },
      openPlanCommittee: (subject, actor, turn) =>
        openPlanCommittee(turn, needOf(actor.id), subject, market),
      decide: (decided, actor, turn) => decide(decided, actor, turn, market),
      askDrawReveal: ({ attempt }, actor, turn) => {
        const need = needOf(actor.id);
        const { requester } = specOf(turn, need);
        const remainingMs = market.parameters.drawRevealMs;
        const nonce = turn.nonce(requester, need);
        turn.notify(requester, {
          kind: "reveal-draw",
          need,
          attempt,
          nonce,
          remainingMs,
        } satisfies Notice);
      },
      openResultCommittee: (params, actor, turn) =>
        openResultCommittee(turn, needOf(actor.id), { ...params, ...committedOf(actor) }, market),
      closeAttemptActors: ({ attempt }, actor, turn) =>
        closeAttempt(turn, needOf(actor.id), attempt),
      endLease: ({ attempt, how }, actor, turn) =>
        tellLease(turn, leaseActor(needOf(actor.id), attempt), { type: "END", how }),
      openChallenge: ({ attempt, challenges }, actor, turn) => {
        const need = needOf(actor.id);
        for (const challenge of challenges)
          if (!turn.has(challengeActor(need, challenge)))
            openChallenge(turn, need, attempt, challenge, market);
      },
      settle: (known, actor, turn) => settle(known, actor, turn),
      logEnd: ({ verb, body, sequence, moves }, actor, turn) =>
        logEnd(turn, actor, verb, body, sequence, moves),
      ackNeed: ({ first }, actor, turn) =>
        turn.acknowledge(needOf(actor.id), first === undefined ? undefined : { first }),
      nackNeed: ({ code, detail }, actor, turn) =>
        turn.refuse(needOf(actor.id), detail === undefined ? { code } : { code, detail }),
    },
    answered: (name, answer, actor, turn) =>
      answered(name, widenAmounts(answer) as LedgerAnswer, actor, turn),
  });

const requestFunding = (actor: Ref, turn: Turn, market: Market): void => {
  const need = needOf(actor.id);
  const { body, requester, tier, kPlan, kResult, content } = specOf(turn, need);
  const failures = Math.min(
    body.limits?.failures ?? market.parameters.failuresMax,
    market.parameters.failuresMax,
  );
  const amount = fundingAmount({
    bounty: body.bounty,
    verifyBounty: body.verifyBounty,
    kPlan,
    kResult,
    failures,
    candidates: market.parameters.planCandidatesMax,
  });
  ask(turn, actor, "fund", {
    kind: "fund",
    need,
    requester,
    key: body.key,
    content,
    amount,
    bounty: body.bounty,
    tier,
  });
};

type Command<T extends NeedThreadCommand["type"]> =
  Extract<NeedThreadCommand, { type: T }> extends { params: infer P } ? P : never;

const decide = (
  { attempt, bid, approvals }: Command<"decide">,
  actor: Ref,
  turn: Turn,
  market: Market,
): void => {
  const need = needOf(actor.id);
  const directory = pinnedDirectory(turn);
  if (directory !== undefined && isPausedIn(directory, bid.worker)) {
    tellNeed(turn, need, { type: "PAUSED" });
    return;
  }
  // P1: one DECIDE per (need, attempt); the store creates the key once, whoever leads.
  if (!turn.decide(`${need}/${attempt}`)) {
    tellNeed(turn, need, { type: "LOST" });
    return;
  }
  const body: DecideBody = {
    need,
    attempt,
    proposal: bid.proposal,
    worker: bid.worker,
    price: bid.price,
    etaMs: bid.etaMs,
    approvals,
    registry: directory?.snapshot.revision ?? 0,
  };
  turn.append("DECIDE", need, body);
  tellNeed(turn, need, { type: "DECIDED" });
  openLease(turn, need, attempt, bid, market);
};

const factsFor = (turn: Turn, need: string, known: Command<"settle">): SettlementFacts => {
  const { body, requester, tier } = specOf(turn, need);
  const { capability, bounty, verifyBounty } = body;
  return { need, requester, tier, capability, bounty, verifyBounty, ...known };
};

const settle = (known: Command<"settle">, actor: Ref, turn: Turn): void => {
  const need = needOf(actor.id);
  const { attempt, outcome, last } = known;
  turn.append("SETTLE", need, { need, attempt, outcome, last } satisfies SettleBody);
  ask(turn, actor, "settle", { kind: "settle", ...factsFor(turn, need, known) });
};

/** A view that differs from a posted result is a bug, so the bucket halts (section 7). */
const mustAgree = (actor: Ref, turn: Turn, moves: readonly Move[]): void => {
  const need = needOf(actor.id);
  const { context } = actor.state as { context: NeedThreadContext };
  const differs = disagreement(factsFor(turn, need, factsOf(context)), moves);
  if (differs !== undefined)
    throw new HaltBucket(`attempt ${context.attempt} of ${need} was posted otherwise: ${differs}`);
};

const answered = (name: string, answer: LedgerAnswer, actor: Ref, turn: Turn): void => {
  const need = needOf(actor.id);
  switch (answer.kind) {
    case "held":
      return tellNeed(turn, need, { type: "FUNDED", atMs: turn.atMs });
    case "duplicate":
      return tellNeed(turn, need, { type: "FUND_DUPLICATE", first: answer.first });
    case "refused":
      if (name !== "fund")
        throw new HaltBucket(
          `the ledger refused to settle ${need}: ${answer.code} ${answer.detail ?? ""}`,
        );
      return tellNeed(turn, need, {
        type: "FUND_REFUSED",
        code: answer.code,
        ...(answer.detail === undefined ? {} : { detail: answer.detail }),
      });
    case "posted":
      mustAgree(actor, turn, answer.moves);
      return tellNeed(turn, need, {
        type: "SETTLED",
        sequence: answer.sequence,
        moves: answer.moves,
      });
    case "sealed":
      // P3: a bond admitted before the settlement suspends it, whoever forwarded the CHALLENGE.
      return tellNeed(turn, need, {
        type: "SETTLE_SEALED",
        open: answer.open.map((wire) => letterOf(turn, wire)),
      });
    default:
      throw new HaltBucket(`the ledger answered ${answer.kind} to ${name} of ${need}`);
  }
};

const logEnd = (
  turn: Turn,
  actor: Ref,
  verb: "FINALIZE" | "REJECT" | "RELEASE" | "INVALIDATE" | "CLOSE",
  known: Omit<EndBody, "need" | "ledger" | "paid" | "taken">,
  sequence: number | undefined,
  moves: readonly Move[],
): void => {
  const need = needOf(actor.id);
  const spec = specOf(turn, need);
  const paid = paidOf(moves, spec.requester);
  const body: EndBody = {
    ...known,
    need,
    ...(sequence === undefined ? {} : { ledger: sequence, paid, taken: takenOf(moves) }),
  };
  turn.append(verb, need, body);
  if (!known.last) return;
  const { outcome, attempt, worker, artifact, first } = known;
  const output = outputOf(actor.state);
  const ended: EndedNeed = {
    outcome,
    attempts: attempt,
    requester: spec.requester,
    key: spec.body.key,
    postedAtMs: spec.postedAtMs,
    endedAtMs: turn.atMs,
    ...(worker === undefined ? {} : { worker }),
    ...(artifact === undefined ? {} : { artifact }),
    ...(first === undefined ? {} : { first }),
    ...(sequence === undefined ? {} : { ledger: sequence }),
  };
  closeAttempt(turn, need, attempt);
  turn.archive(need, ended);
  turn.drop(needRow(need));
  turn.drop(planRow(need));
  for (let i = 1; i <= attempt; i += 1) turn.undecide(`${need}/${i}`);
  const notice: Notice = {
    kind: "ended",
    need,
    attempt,
    nonce: turn.nonce(spec.requester, need),
    outcome,
    paid,
    ...(worker === undefined ? {} : { worker }),
    ...(artifact === undefined ? {} : { artifact }),
    ...(output === undefined || outcome !== "finalized" ? {} : { output }),
  };
  turn.notify(spec.requester, notice);
  if (worker !== undefined && worker !== spec.requester)
    turn.notify(worker, { ...notice, nonce: turn.nonce(worker, need) });
  turn.leave(need);
};

/** The inline output of the attempt's COMMIT, for the requester's notice. */
const outputOf = (state: unknown): unknown =>
  (state as { context: NeedThreadContext }).context.commit?.output;

const committedOf = (actor: Ref): Pick<Committed, "artifact" | "output" | "telemetry"> => {
  const { commit } = (actor.state as { context: NeedThreadContext }).context;
  if (commit === undefined) throw new Error(`${actor.id} is judged without a COMMIT`);
  const { artifact, output, telemetry } = commit;
  return {
    artifact,
    ...(output === undefined ? {} : { output }),
    ...(telemetry === undefined ? {} : { telemetry }),
  };
};
