/**
 * What becomes of answers that were signed while their sender was cut off (protocol section 15): RECONCILE
 * says it in the log. There are no branches: each is let in or refused by the rules of the moment it comes.
 *
 * R1  Only answers that cost work are spoken of, and only if they come a heartbeat's interval or more after
 *     they were signed.
 * R2  What was let in is `merged`. A COMMIT that was fenced off is spoken of once for each lease, and only
 *     where that lease ended by its worker's silence: nobody else can make the log grow.
 *     Its words are those of that lease: revision, and an output that is its artifact.
 * R3  It is `salvaged` where a later attempt can still use it, and changes nothing but who may be a candidate
 *     there: P1, P4 and P5 hold as for any other attempt. Else it is `orphaned`. When it was signed is the
 *     sender's word, so nobody is salvaged twice in a need.
 */

import { decodeEnvelope, decodeSigned, encodeSigned } from "#envelope/envelope.ts";
import { mark } from "#ports/marks.ts";
import type { AttestBody, AttestPlanBody, CommitBody, ReconcileBody } from "#protocol/bodies.ts";
import type { Application, Turn } from "#runtime/bucket/application.ts";
import type { Market } from "./market.ts";
import { silentAttempt } from "./stage.ts";
import { tellNeed } from "./tell.ts";
import { isMismatched } from "./verbs/execution.ts";

const ANSWERS: ReadonlySet<string> = new Set(["COMMIT", "ATTEST", "ATTEST_PLAN"]);
type Answer = CommitBody | AttestBody | AttestPlanBody;

const reconcile = (body: ReconcileBody) => ({ verb: "RECONCILE", body });

/** The `beside` of the application. */
export const reconciled =
  (market: Market): Application["beside"] =>
  ({ envelope, signed }, refused, view, nowMs) => {
    if (!ANSWERS.has(envelope.verb)) return undefined;
    if (nowMs - envelope.sentAtMs < market.parameters.heartbeatMs) return undefined;
    const { need } = envelope.body as Answer;
    if (refused === undefined) {
      mark("late.merged");
      return reconcile({ need, envelope: signed.id, result: "merged" });
    }
    if (envelope.verb !== "COMMIT" || refused.code !== "STALE_FENCE") return undefined;
    const commit = envelope.body as CommitBody;
    const silent = silentAttempt(view, need, commit, envelope.from);
    if (silent === undefined || isMismatched(commit)) return undefined;
    if (silent.isOver) mark("late.orphaned");
    else mark("late.salvaged");
    return reconcile({
      need,
      envelope: signed.id,
      result: silent.isOver ? "orphaned" : "salvaged",
      wire: encodeSigned(signed),
    });
  };

/** The given entry: who has its result already may be a candidate again. */
export const takeReconciled = ({ need, result, wire }: ReconcileBody, turn: Turn): void => {
  if (need === undefined || wire === undefined) return;
  const { from, body } = decodeEnvelope(decodeSigned(wire).bytes);
  const { attempt } = body as CommitBody;
  const isSalvaged = result === "salvaged";
  tellNeed(turn, need, { type: "LATE_RESULT", attempt, worker: from, isSalvaged });
};
