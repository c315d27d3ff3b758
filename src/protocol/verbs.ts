/** The table of all verbs: what each means, who may send it, what its body holds. */

import type { Verb } from "./bodies.ts";
import type { VerbSpec } from "./verb-spec.ts";
import { registerVerb } from "./verbs/register.ts";
import { transferVerb } from "./verbs/transfer.ts";
import { stakeVerb } from "./verbs/stake.ts";
import { unstakeVerb } from "./verbs/unstake.ts";
import { limitVerb } from "./verbs/limit.ts";
import { pauseVerb } from "./verbs/pause.ts";
import { needVerb } from "./verbs/need.ts";
import { proposeVerb } from "./verbs/propose.ts";
import { revealVerb } from "./verbs/reveal.ts";
import { cancelVerb } from "./verbs/cancel.ts";
import { updatePlanVerb } from "./verbs/update-plan.ts";
import { claimVerb } from "./verbs/claim.ts";
import { heartbeatVerb } from "./verbs/heartbeat.ts";
import { yieldVerb } from "./verbs/yield.ts";
import { commitVerb } from "./verbs/commit.ts";
import { attestPlanVerb } from "./verbs/attest-plan.ts";
import { attestVerb } from "./verbs/attest.ts";
import { voteVerb } from "./verbs/vote.ts";
import { challengeVerb } from "./verbs/challenge.ts";
import { epochVerb } from "./verbs/epoch.ts";
import { tickVerb } from "./verbs/tick.ts";
import { openAttemptVerb } from "./verbs/open-attempt.ts";
import { rankingVerb } from "./verbs/ranking.ts";
import { drawVerb } from "./verbs/draw.ts";
import { decideVerb } from "./verbs/decide.ts";
import { grantVerb } from "./verbs/grant.ts";
import { settleVerb } from "./verbs/settle.ts";
import { releaseVerb } from "./verbs/release.ts";
import { rejectVerb } from "./verbs/reject.ts";
import { invalidateVerb } from "./verbs/invalidate.ts";
import { finalizeVerb } from "./verbs/finalize.ts";
import { closeVerb } from "./verbs/close.ts";
import { ruleVerb } from "./verbs/rule.ts";
import { reconcileVerb } from "./verbs/reconcile.ts";
import { registryVerb } from "./verbs/registry.ts";
import { deadLetterVerb } from "./verbs/dead-letter.ts";
import { equivocationVerb } from "./verbs/equivocation.ts";

export const VERBS = {
  REGISTER: registerVerb,
  TRANSFER: transferVerb,
  STAKE: stakeVerb,
  UNSTAKE: unstakeVerb,
  LIMIT: limitVerb,
  PAUSE: pauseVerb,
  NEED: needVerb,
  PROPOSE: proposeVerb,
  REVEAL: revealVerb,
  CANCEL: cancelVerb,
  UPDATE_PLAN: updatePlanVerb,
  CLAIM: claimVerb,
  HEARTBEAT: heartbeatVerb,
  YIELD: yieldVerb,
  COMMIT: commitVerb,
  ATTEST_PLAN: attestPlanVerb,
  ATTEST: attestVerb,
  VOTE: voteVerb,
  CHALLENGE: challengeVerb,
  EPOCH: epochVerb,
  TICK: tickVerb,
  OPEN_ATTEMPT: openAttemptVerb,
  RANKING: rankingVerb,
  DRAW: drawVerb,
  DECIDE: decideVerb,
  GRANT: grantVerb,
  SETTLE: settleVerb,
  RELEASE: releaseVerb,
  REJECT: rejectVerb,
  INVALIDATE: invalidateVerb,
  FINALIZE: finalizeVerb,
  CLOSE: closeVerb,
  RULE: ruleVerb,
  RECONCILE: reconcileVerb,
  REGISTRY: registryVerb,
  DEAD_LETTER: deadLetterVerb,
  EQUIVOCATION: equivocationVerb,
} as const satisfies { readonly [V in Verb]: VerbSpec<V> };

/** Is this the name of a verb? */
export const isVerb = (name: string): name is Verb => Object.hasOwn(VERBS, name);

/** The spec of a verb, typed by its name. */
export const specOf = <V extends Verb>(verb: V): VerbSpec<V> => {
  const table: { readonly [W in Verb]: VerbSpec<W> } = VERBS;
  return table[verb];
};
