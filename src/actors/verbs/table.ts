/** Every verb of an agent with its rules; a verb that lacks one does not compile. */

import type { RuleTable } from "../verbs.ts";
import { register, stakeVerb, transferVerb, unstakeVerb } from "./accounts.ts";
import { propose, reveal } from "./bidding.ts";
import { claim, commit, heartbeat, yieldVerb } from "./execution.ts";
import { limit, pause } from "./governing.ts";
import { attest, attestPlan, challenge, vote } from "./judging.ts";
import { cancel, need, updatePlan } from "./need.ts";

export const RULES: RuleTable = {
  REGISTER: register,
  TRANSFER: transferVerb,
  STAKE: stakeVerb,
  UNSTAKE: unstakeVerb,
  LIMIT: limit,
  PAUSE: pause,
  NEED: need,
  PROPOSE: propose,
  REVEAL: reveal,
  CANCEL: cancel,
  UPDATE_PLAN: updatePlan,
  CLAIM: claim,
  HEARTBEAT: heartbeat,
  YIELD: yieldVerb,
  COMMIT: commit,
  ATTEST_PLAN: attestPlan,
  ATTEST: attest,
  VOTE: vote,
  CHALLENGE: challenge,
};
