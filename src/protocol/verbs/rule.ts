import { NEED_ID, CHALLENGE_ID, OPERATOR } from "../examples.ts";
import { need, attempt, reason } from "../fields.ts";
import { about, cid, did, flag } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const ruleVerb = defineVerb({
  verb: "RULE",
  sentence: "An operator decides a challenge.",
  sender: "leader",
  thread: "need",
  schema: object({
    need,
    attempt,
    challenge: about("The CHALLENGE envelope.", cid),
    upheld: about("True: the challenge was right.", flag),
    by: about("The operator.", did),
    reason,
  }),
  example: {
    need: NEED_ID,
    attempt: 1,
    challenge: CHALLENGE_ID,
    upheld: true,
    by: OPERATOR,
    reason: "the output differs",
  },
});
