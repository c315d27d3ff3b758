/** CLAIM, HEARTBEAT, YIELD, COMMIT: the worker's words, fenced by (need, attempt, lease revision). */

import { encode } from "#envelope/canonical.ts";
import { cidOf } from "#envelope/cid.ts";
import { leaseTtl } from "#domain/market/lease-time.ts";
import type { CommitBody } from "#protocol/bodies.ts";
import type { Refusal } from "#protocol/refusals.ts";
import type { BucketView, Turn } from "#runtime/bucket/application.ts";
import { phaseOf, type LeaseView } from "../lease.actor.ts";
import type { Market } from "../market.ts";
import { leaseActor, needRow } from "../names.ts";
import { needDeadlineMs } from "../stage.ts";
import { tellLease, tellNeed } from "../tell.ts";
import { refusalsOf, refuse, type VerbRules } from "../verbs.ts";
import { liveNeed, pausedRefusal } from "./need.ts";

const leaseOf = (view: BucketView, need: string, attempt: number): LeaseView | undefined =>
  view.state(leaseActor(need, attempt)) as LeaseView | undefined;

/** P4, P5: only the live lease's holder, under its revision. */
const fence = (
  view: BucketView,
  from: string,
  { need, attempt, revision }: { need: string; attempt: number; revision: number },
): Refusal | undefined => {
  if (view.row(needRow(need)) === undefined && view.archived(need) === undefined)
    return refuse("UNKNOWN_THREAD");
  const lease = leaseOf(view, need, attempt);
  const live =
    lease !== undefined &&
    phaseOf(lease) === "held" &&
    lease.context.worker === from &&
    lease.context.revision === revision;
  return live ? undefined : refuse("STALE_FENCE", `revision ${revision} of attempt ${attempt}`);
};

const remainingMs = (view: BucketView, need: string, askedMs: number, market: Market): number =>
  leaseTtl({
    askedMs,
    minMs: market.parameters.leaseMinMs,
    maxMs: market.parameters.leaseDefaultMs,
    needRemainingMs: Math.max(0, needDeadlineMs(view, need) - view.atMs),
  });

export const claim: VerbRules<"CLAIM"> = {
  admit: ({ from, body }, view) => {
    const paused = pausedRefusal(view, from);
    const dead = liveNeed(view, body.need);
    if (dead !== undefined) return refusalsOf(paused, dead);
    const lease = leaseOf(view, body.need, body.attempt);
    if (lease === undefined || lease.context.worker !== from)
      return refusalsOf(paused, refuse("VERB_NOT_ALLOWED", "not awarded to the sender"));
    const phase = phaseOf(lease);
    return refusalsOf(paused, phase !== "awarded" && refuse("WRONG_STATE", phase));
  },
  apply: ({ body }, turn, market) =>
    tellLease(turn, leaseActor(body.need, body.attempt), {
      type: "CLAIM",
      ttlMs: remainingMs(turn, body.need, body.ttlMs, market),
    }),
};

/** Beats closer together than this part of an interval say nothing new, and each is an entry of the log. */
const LEAST_GAP_DIVISOR = 4;

/** T since the last sign of life is what its two clocks have run since they were set. */
const tooSoon = (view: BucketView, need: string, attempt: number): Refusal | undefined => {
  const lease = leaseOf(view, need, attempt);
  const leftMs = view.earliestMs(leaseActor(need, attempt));
  if (lease === undefined || leftMs === undefined) return undefined;
  const { restMs, heartbeatMs, heartbeatsMissedMax } = lease.context;
  const sinceMs = Math.min(restMs, heartbeatMs * heartbeatsMissedMax) - leftMs;
  const leastMs = Math.min(restMs, heartbeatMs) / LEAST_GAP_DIVISOR;
  return sinceMs < leastMs
    ? refuse("WRONG_STATE", `the last sign of life is ${sinceMs} ms old: one in ${leastMs} ms`)
    : undefined;
};

export const heartbeat: VerbRules<"HEARTBEAT"> = {
  admit: ({ from, body }, view) => {
    const fenced = fence(view, from, body);
    return refusalsOf(fenced ?? tooSoon(view, body.need, body.attempt));
  },
  apply: ({ body }, turn, market) =>
    tellLease(turn, leaseActor(body.need, body.attempt), {
      type: "HEARTBEAT",
      atMs: turn.atMs,
      ttlMs: remainingMs(turn, body.need, market.parameters.leaseDefaultMs, market),
      progress: body.progress,
    }),
};

export const yieldVerb: VerbRules<"YIELD"> = {
  admit: ({ from, body }, view) => refusalsOf(fence(view, from, body)),
  apply: ({ body }, turn) =>
    tellLease(turn, leaseActor(body.need, body.attempt), { type: "YIELD", atMs: turn.atMs }),
};

/** The output that it holds is another than it names. */
export const isMismatched = ({ output, artifact }: CommitBody): boolean =>
  output !== undefined && cidOf(encode(output)) !== artifact;

export const commit: VerbRules<"COMMIT"> = {
  admit: ({ from, body }, view) =>
    refusalsOf(fence(view, from, body), isMismatched(body) && refuse("ARTIFACT_MISMATCH")),
  apply: ({ body, id }, turn: Turn) => {
    const grantedAtMs = leaseOf(turn, body.need, body.attempt)?.context.grantedAtMs ?? turn.atMs;
    tellNeed(turn, body.need, {
      type: "COMMITTED",
      commit: id,
      artifact: body.artifact,
      elapsedMs: turn.atMs - grantedAtMs,
      ...(body.output === undefined ? {} : { output: body.output }),
      ...(body.telemetry === undefined ? {} : { telemetry: body.telemetry }),
    });
  },
};
