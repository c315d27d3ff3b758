/**
 * The committee actor: one mechanism for every question put to drawn verifiers (protocol section 9).
 *
 * K1  The order of candidates follows from (r, s, registry revision): DRAW logs them before anything is
 *     locked, so anyone recomputes the order and the leader cannot draw again until it likes the result.
 * K2  Result seats lock exposure at the ledger before they are told; plan seats lock nothing.
 * K3  Seats are distinct, eligible, unrelated to requester and worker, and diverse (P6, E4).
 */

import { SYSTEM_BUCKET } from "#envelope/cid.ts";
import { draw as drawFrom, gapOf, type Drawn } from "#domain/quorum/draw.ts";
import { isPausedIn } from "#domain/registry/snapshot.ts";
import type { LedgerAnswer, LedgerRequest } from "#domain/ledger/requests.ts";
import { committeeMachine } from "#machines/committee/committee.machine.ts";
import type { CommitteeCommand } from "#machines/committee/committee.commands.ts";
import type { CommitteeEvent, CommitteeInput, Seat } from "#machines/committee/committee.events.ts";
import type { DrawBody, DrawnSeat, RankedBid } from "#protocol/bodies.ts";
import { drawLabel, drawSeed } from "#protocol/digests.ts";
import type { Notice } from "#protocol/notices.ts";
import type { Credits, Did, EnvelopeId, Question } from "#protocol/words.ts";
import {
  defineActor,
  type ActorKind,
  type ActorRef,
  type BucketView,
  type Told,
  type Turn,
} from "#runtime/bucket/application.ts";
import { logicOf } from "#runtime/logic/xstate.ts";
import { freshDirectory, registryTime, specOf, type Directory, type Market } from "./market.ts";
import { committeeActor, committeeRow, needOf } from "./names.ts";
import { tellCommittee, tellNeed } from "./tell.ts";

/** Exposure of a result seat: max(10 credits, price) (protocol section 8). */
export const EXPOSURE_LEAST: Credits = 10_000_000n;
/** Why a candidate is passed over that the operator has paused since it bid. */
const CANDIDATE_PAUSED = "CANDIDATE_PAUSED";
const NO_REVEAL = new Uint8Array(32);

/** What a committee is about; the machine itself only counts. */
export interface About {
  readonly question: Question;
  readonly subject: EnvelopeId;
  readonly worker: Did;
  readonly price: Credits;
  readonly etaMs: number;
  /** Of the need, from 1, where it is a plan; 0 else. */
  readonly candidate: number;
  readonly revision: number;
  readonly r: Uint8Array;
  readonly artifact?: string;
  readonly output?: unknown;
  readonly telemetry?: Readonly<Record<string, unknown>>;
  /** Set by the round that is asked at the ledger. */
  readonly asked?: number;
}

export interface CommitteeView {
  readonly value: string;
  readonly context: {
    readonly attempt: number;
    readonly k: number;
    readonly sealed: boolean;
    readonly seats: readonly Seat[];
  };
}

const open = (
  turn: Turn,
  need: string,
  attempt: number,
  about: About,
  k: number,
  market: Market,
): void => {
  const { parameters } = market;
  const actor = committeeActor(need, attempt, about.question);
  turn.put(committeeRow(actor), about);
  const input: CommitteeInput = {
    attempt,
    question: about.question,
    subject: about.subject,
    k,
    sealed: parameters.tiers[specOf(turn, need).tier].sealedVotes,
    redrawsMax: parameters.redrawsMax,
    voteMs: parameters.voteMs,
    revealMs: parameters.voteRevealMs,
    askRetryMs: parameters.askRetryMs,
    registryWaitMs: parameters.registryWaitMs,
  };
  turn.spawn("committee", actor, input);
};

export interface PlanSubject {
  readonly attempt: number;
  readonly candidate: RankedBid;
  /** Candidates of the need put to a vote so far, this one included. */
  readonly ordinal: number;
}

export const openPlanCommittee = (
  turn: Turn,
  need: string,
  { attempt, candidate: bid, ordinal }: PlanSubject,
  market: Market,
): void => {
  const about: About = {
    question: "plan",
    subject: bid.proposal,
    worker: bid.worker,
    price: bid.price,
    etaMs: bid.etaMs,
    candidate: ordinal,
    revision: 0,
    r: NO_REVEAL,
  };
  open(turn, need, attempt, about, specOf(turn, need).kPlan, market);
};

export interface ResultSubject {
  readonly attempt: number;
  readonly commit: EnvelopeId;
  readonly revision: number;
  readonly worker: Did;
  readonly price: bigint;
  readonly r: Uint8Array;
  readonly artifact: string;
  readonly output?: unknown;
  readonly telemetry?: Readonly<Record<string, unknown>>;
}

export const openResultCommittee = (
  turn: Turn,
  need: string,
  of: ResultSubject,
  market: Market,
): void => {
  const about: About = {
    question: "result",
    subject: of.commit,
    worker: of.worker,
    price: of.price,
    etaMs: 0,
    candidate: 0,
    revision: of.revision,
    r: of.r,
    artifact: of.artifact,
    ...(of.output === undefined ? {} : { output: of.output }),
    ...(of.telemetry === undefined ? {} : { telemetry: of.telemetry }),
  };
  open(turn, need, of.attempt, about, specOf(turn, need).kResult, market);
};

const viewOf = (actor: ActorRef): CommitteeView => actor.state as CommitteeView;
const aboutOf = (view: BucketView, actor: ActorRef): About =>
  view.row(committeeRow(actor.id)) as About;

type DrawParams = Extract<CommitteeCommand, { type: "draw" }>["params"];

/** K1: log what fixes the order, then seat (plan) or ask the ledger (result). */
const draw = (
  turn: Turn,
  actor: ActorRef,
  { round, count, least, firstSeat }: DrawParams,
  market: Market,
): void => {
  const need = needOf(actor.id);
  const about = aboutOf(turn, actor);
  const name = `seats-${round}`;
  if (about.asked === round) {
    turn.resend(actor.id, name);
    return;
  }
  // An old registry: the draw waits, the machine's retry asks again, and counts (section 5).
  const directory = freshDirectory(turn, market.parameters);
  if (directory === undefined) {
    tellCommittee(turn, actor.id, { type: "REGISTRY_OLD" });
    return;
  }
  const { attempt, seats, k } = viewOf(actor).context;
  const { question, candidate, revision, r } = about;
  const label = drawLabel({ need, attempt, question, candidate, round, revision });
  const s = turn.chance(new TextEncoder().encode(label), (verb, body) => {
    const logged = body as DrawBody;
    if (verb !== "DRAW" || logged.phase !== "asked") return undefined;
    const isMine = drawLabel({ ...logged, revision }) === label;
    return isMine ? logged.s : undefined;
  });
  const asked: DrawBody = {
    phase: "asked",
    need,
    attempt,
    question,
    candidate,
    round,
    r,
    s,
    registry: directory.snapshot.revision,
    count,
  };
  turn.append("DRAW", need, asked);
  turn.put(committeeRow(actor.id), { ...about, asked: round });
  const subject = { about, attempt, round, r, s, seats, k };
  // The ledger seats along the whole order; plan seats lock nothing, so the first of it are they.
  const few = question === "plan" ? { wanted: Math.max(count, least) } : {};
  const drawn = drawnFor(turn, need, { ...subject, ...few }, directory, market);
  const order = drawn.order.map((candidate) => candidate.did);
  const isIdle = question === "plan" && isPausedIn(directory, about.worker);
  const gap = isIdle ? CANDIDATE_PAUSED : gapOf(drawn, least);
  if (gap !== undefined) {
    tellCommittee(turn, actor.id, { type: "DRAW_FAILED", round, reason: gap });
    return;
  }
  if (question === "plan") {
    const planSeats = order
      .slice(0, count)
      .map((agent, i): DrawnSeat => ({ seat: firstSeat + i, agent }));
    seated(turn, actor, { round, seats: planSeats, skipped: [], ledger: 0 });
    return;
  }
  const exposure = about.price > EXPOSURE_LEAST ? about.price : EXPOSURE_LEAST;
  const request: LedgerRequest = {
    kind: "seats",
    need,
    attempt,
    round,
    order,
    count,
    least,
    exposure,
    firstSeat,
  };
  turn.ask(actor.id, name, SYSTEM_BUCKET, request);
};

/** The order of candidates; recomputable from the log and the registry snapshot it names (P6). */
export const drawnFor = (
  view: BucketView,
  need: string,
  subject: {
    about: About;
    attempt: number;
    round: number;
    r: Uint8Array;
    s: Uint8Array;
    seats: readonly Seat[];
    k: number;
    wanted?: number;
  },
  directory: Directory,
  market: Market,
): Drawn => {
  const { body, requester, tier } = specOf(view, need);
  const { about, attempt, round, r, s, seats, k, wanted } = subject;
  // P6: one's own work may be judged where the NEED allows it, and in tier small only (section 5).
  const mayJudgeOwn = body.selfAttestation === true && tier === "small";
  const { question, candidate, revision } = about;
  return drawFrom({
    snapshot: directory.snapshot,
    rows: directory.rows,
    parameters: market.parameters,
    capability: body.capability,
    bounty: body.bounty,
    parties: mayJudgeOwn ? [requester] : [requester, about.worker],
    seated: seats.map((seat) => seat.agent),
    k,
    ...(wanted === undefined ? {} : { wanted }),
    seed: drawSeed({ need, attempt, question, candidate, round, revision, r, s }),
    nowMs: registryTime(directory),
  });
};

const seated = (
  turn: Turn,
  actor: ActorRef,
  drawn: { round: number; seats: readonly DrawnSeat[]; skipped: readonly Did[]; ledger: number },
): void => {
  const need = needOf(actor.id);
  const { attempt, k } = viewOf(actor).context;
  const { question } = aboutOf(turn, actor);
  const body: DrawBody = { phase: "seated", need, attempt, question, k, ...drawn };
  turn.append("DRAW", need, body);
  tellCommittee(turn, actor.id, { type: "SEATED", round: drawn.round, seats: drawn.seats });
};

const seatNotice = (view: BucketView, actor: ActorRef, seat: Seat, market: Market): Told => {
  const need = needOf(actor.id);
  const { attempt, sealed } = viewOf(actor).context;
  const { requester, body } = specOf(view, need);
  const about = aboutOf(view, actor);
  const to = seat.agent;
  const nonce = view.nonce(to, need);
  const common = {
    need,
    attempt,
    nonce,
    seat: seat.seat,
    worker: about.worker,
    requester,
    body,
    sealed,
  };
  const remainingMs = market.parameters.voteMs;
  const notice: Notice =
    about.question === "plan"
      ? {
          ...common,
          kind: "judge-plan",
          proposal: about.subject,
          bid: { price: about.price, etaMs: about.etaMs, patch: [] },
          remainingMs,
        }
      : {
          ...common,
          kind: "judge",
          commit: about.subject,
          artifact: about.artifact ?? "",
          remainingMs,
          ...(about.output === undefined ? {} : { output: about.output }),
          ...(about.telemetry === undefined ? {} : { telemetry: about.telemetry }),
        };
  return { to, notice };
};

const revealNotice = (view: BucketView, actor: ActorRef, seat: Seat, market: Market): Told => {
  const need = needOf(actor.id);
  const { attempt } = viewOf(actor).context;
  const notice: Notice = {
    kind: "reveal-vote",
    need,
    attempt,
    nonce: view.nonce(seat.agent, need),
    question: aboutOf(view, actor).question,
    seat: seat.seat,
    remainingMs: market.parameters.voteRevealMs,
  };
  return { to: seat.agent, notice };
};

const isOpen = (seat: Seat): boolean =>
  seat.verdict === undefined && seat.hash === undefined && seat.silent !== true;
const isHidden = (seat: Seat): boolean =>
  seat.hash !== undefined && seat.verdict === undefined && seat.silent !== true;

const answered = (name: string, answer: LedgerAnswer, actor: ActorRef, turn: Turn): void => {
  const round = Number(name.split("-")[1]);
  if (answer.kind === "seated") {
    const { seats, skipped, sequence } = answer;
    seated(turn, actor, { round, seats, skipped, ledger: sequence });
  } else {
    const reason = answer.kind === "refused" ? answer.code : "STAKE_UNAVAILABLE";
    tellCommittee(turn, actor.id, { type: "DRAW_FAILED", round, reason });
  }
};

export const committeeActorKind = (market: Market): ActorKind =>
  defineActor<unknown, CommitteeEvent, CommitteeInput, CommitteeCommand>({
    kind: "committee",
    logic: logicOf<CommitteeEvent, CommitteeInput, CommitteeCommand>(committeeMachine),
    handlers: {
      draw: (params, actor, turn) => draw(turn, actor, params, market),
      callForVotes: ({ round }, actor, turn) => {
        for (const seat of viewOf(actor).context.seats) {
          if (seat.round !== round || !isOpen(seat)) continue;
          const { to, notice } = seatNotice(turn, actor, seat, market);
          turn.notify(to, notice);
        }
      },
      callForReveals: (_params, actor, turn) => {
        for (const seat of viewOf(actor).context.seats) {
          if (!isHidden(seat)) continue;
          const { to, notice } = revealNotice(turn, actor, seat, market);
          turn.notify(to, notice);
        }
      },
      conclude: (params, actor, turn) => {
        turn.drop(committeeRow(actor.id));
        tellNeed(turn, needOf(actor.id), { type: "CONCLUDED", atMs: turn.atMs, ...params });
      },
    },
    answered: (name, answer, actor, turn) => answered(name, answer as LedgerAnswer, actor, turn),
    notices: (actor, view) => {
      const { value, context } = viewOf(actor);
      if (value === "voting")
        return context.seats.filter(isOpen).map((seat) => seatNotice(view, actor, seat, market));
      if (value === "revealing")
        return context.seats
          .filter(isHidden)
          .map((seat) => revealNotice(view, actor, seat, market));
      return [];
    },
  });
