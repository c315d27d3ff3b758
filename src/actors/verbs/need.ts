/** NEED, CANCEL, UPDATE_PLAN: the requester's words (and a plan's, any party's). */

import { quorumSize } from "#domain/market/quorum-size.ts";
import { hasRoomFor } from "#domain/quorum/eligible.ts";
import { poolOf } from "#domain/quorum/pool.ts";
import { admitPlanOps, type Plan } from "#domain/market/plan.ts";
import { isPausedIn, type AgentRow } from "#domain/registry/snapshot.ts";
import { needContentHash } from "#protocol/digests.ts";
import type { NeedBody } from "#protocol/bodies.ts";
import type { Envelope } from "#envelope/envelope.ts";
import type { Refusal } from "#protocol/refusals.ts";
import type { BucketView } from "#runtime/bucket/application.ts";
import { ableWorkers, eligibleWorkers } from "../auction.actor.ts";
import { pinnedDirectory, specOf, type Directory, type Market, type NeedSpec } from "../market.ts";
import { needActor, needRow, planRow } from "../names.ts";
import { openNeed } from "../need-thread.actor.ts";
import { stageOf } from "../stage.ts";
import { tellNeed } from "../tell.ts";
import { refusalsOf, refuse, type VerbRules } from "../verbs.ts";

/** Verifiers that may judge a need of this capability and bounty. */
const poolFor = (
  { capability, bounty }: Pick<NeedBody, "capability" | "bounty">,
  { snapshot }: Directory,
  { parameters }: Market,
): readonly AgentRow[] => poolOf({ snapshot, parameters, capability, bounty }).eligible;

const quorumOf = (body: NeedBody, directory: Directory, market: Market) =>
  quorumSize({
    tier: body.tier ?? "small",
    verifiers: poolFor({ capability: body.capability, bounty: 0n }, directory, market).length,
    bootstrap: directory.snapshot.bootstrap,
    parameters: market.parameters,
    ...(body.kPlan === undefined ? {} : { kPlan: body.kPlan }),
    ...(body.kResult === undefined ? {} : { kResult: body.kResult }),
  });

/** A NEED whose quorum can never be filled is refused at once (section 5). */
const quorumRefusal = (
  from: string,
  body: NeedBody,
  directory: Directory,
  market: Market,
): Refusal | undefined => {
  const workers = eligibleWorkers(directory, body.capability, from, []);
  if (workers.length === 0) {
    const isAble = ableWorkers(directory, body.capability, from, []).length > 0;
    if (isAble) return refuse("PAUSED", `every worker of ${body.capability} is paused`);
    return refuse("CAPABILITY_UNKNOWN", body.capability);
  }
  const { kPlan, kResult } = quorumOf(body, directory, market);
  const k = Math.max(kPlan, kResult);
  const pool = poolFor(body, directory, market);
  const room = hasRoomFor({
    k,
    pool,
    requester: from,
    workers,
    rows: directory.rows,
    parameters: market.parameters,
  });
  return room ? undefined : refuse("QUORUM_UNAVAILABLE", `${k} of ${pool.length} verifiers`);
};

export const need: VerbRules<"NEED"> = {
  admit: ({ body, from, id }, view, market) => {
    const directory = pinnedDirectory(view);
    if (directory === undefined) return [refuse("CAPABILITY_UNKNOWN", "no registry snapshot yet")];
    const isThere = view.has(needActor(id)) || view.archived(id) !== undefined;
    const { bountyMax } = market.parameters.tiers[body.tier ?? "small"];
    return refusalsOf(
      isThere && refuse("ALREADY_ANSWERED"),
      pausedRefusal(view, from),
      body.bounty > bountyMax && refuse("BOUNTY_CAP", `at most ${bountyMax} micro-credits`), // E3
      quorumRefusal(from, body, directory, market),
    );
  },
  apply: ({ body, from, id, envelope }, turn, market) => {
    const directory = pinnedDirectory(turn);
    if (directory === undefined) throw new Error("a NEED was admitted without a registry");
    const { kPlan, kResult } = quorumOf(body, directory, market);
    const spec: NeedSpec = {
      body,
      requester: from,
      tier: body.tier ?? "small",
      kPlan,
      kResult,
      content: needContentHash(envelope as Envelope<NeedBody>),
      postedAtMs: turn.atMs,
    };
    openNeed(turn, id, spec, market);
  },
};

/** The operator has paused the sender, or everybody, at the pinned revision. */
export const pausedRefusal = (view: BucketView, from: string): Refusal | undefined => {
  const directory = pinnedDirectory(view);
  return directory !== undefined && isPausedIn(directory, from) ? refuse("PAUSED") : undefined;
};

/** Refusals that every verb about a live need shares. */
export const liveNeed = (view: BucketView, id: string): Refusal | undefined => {
  if (view.row(needRow(id)) !== undefined) return undefined;
  return view.archived(id) === undefined
    ? refuse("UNKNOWN_THREAD")
    : refuse("WRONG_STATE", "the need has ended");
};

export const cancel: VerbRules<"CANCEL"> = {
  admit: ({ from, thread }, view) => {
    const dead = liveNeed(view, thread);
    if (dead !== undefined) return [dead];
    const open = ["auction", "planning", "awarded", "leased"];
    const stage = stageOf(view, thread);
    return refusalsOf(
      specOf(view, thread).requester !== from && refuse("VERB_NOT_ALLOWED"),
      !open.includes(stage) && refuse("WRONG_STATE", stage),
    );
  },
  apply: ({ thread }, turn) => tellNeed(turn, thread, { type: "CANCEL" }),
};

const planOf = (view: BucketView, id: string): Plan =>
  (view.row(planRow(id)) as Plan | undefined) ?? [];

export const updatePlan: VerbRules<"UPDATE_PLAN"> = {
  admit: ({ from, thread, body }, view) => {
    const dead = liveNeed(view, thread);
    if (dead !== undefined) return [dead];
    const isParty = from === specOf(view, thread).requester || view.nonce(from, thread) > 0;
    const admitted = admitPlanOps(planOf(view, thread), body.ops);
    return refusalsOf(
      !isParty && refuse("VERB_NOT_ALLOWED"),
      "refused" in admitted && refuse("POLICY_DENIED", admitted.refused),
    );
  },
  apply: ({ thread, body }, turn) => {
    const admitted = admitPlanOps(planOf(turn, thread), body.ops);
    if ("refused" in admitted) throw new Error(`a refused plan was logged: ${admitted.refused}`);
    turn.put(planRow(thread), admitted.plan);
  },
};
