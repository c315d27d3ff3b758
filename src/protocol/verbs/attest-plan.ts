import { NEED_ID, PROPOSAL_ID, HEX_64 } from "../examples.ts";
import { need, attempt, seat, verdict, proposal, policyDigest } from "../fields.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const attestPlanVerb = defineVerb({
  verb: "ATTEST_PLAN",
  sentence: "A drawn verifier says whether the current candidate may do the work.",
  sender: "verifier",
  thread: "need",
  refusals: ["ALREADY_ANSWERED", "NOT_SEATED", "UNKNOWN_THREAD", "WRONG_STATE"],
  schema: object({ need, attempt, proposal, seat, verdict, policyDigest }),
  example: {
    need: NEED_ID,
    attempt: 1,
    proposal: PROPOSAL_ID,
    seat: 0,
    verdict: "pass",
    policyDigest: HEX_64,
  },
});
