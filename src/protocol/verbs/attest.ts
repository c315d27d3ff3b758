import { NEED_ID, COMMIT_ID, HEX_64 } from "../examples.ts";
import { need, attempt, seat, verdict, reason, policyDigest } from "../fields.ts";
import { about, cid, optional } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const attestVerb = defineVerb({
  verb: "ATTEST",
  sentence: "A drawn verifier says whether a result, or a challenge, is right.",
  sender: "verifier",
  thread: "need",
  refusals: ["ALREADY_ANSWERED", "NOT_SEATED", "UNKNOWN_THREAD", "WRONG_STATE"],
  schema: object({
    need,
    attempt,
    commit: about("The COMMIT envelope, or the CHALLENGE envelope.", cid),
    seat,
    verdict,
    policyDigest,
    reason: optional(reason),
  }),
  example: {
    need: NEED_ID,
    attempt: 1,
    commit: COMMIT_ID,
    seat: 2,
    verdict: "fail",
    policyDigest: HEX_64,
    reason: "the output differs",
  },
});
