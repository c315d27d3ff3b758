import { NEED_ID, WORKER } from "../examples.ts";
import { end } from "../fields.ts";
import { defineVerb } from "../verb-spec.ts";

export const releaseVerb = defineVerb({
  verb: "RELEASE",
  sentence: "An attempt ended without a result: a missed claim, a yield, a lost lease.",
  sender: "leader",
  thread: "need",
  schema: end,
  example: {
    need: NEED_ID,
    attempt: 1,
    outcome: "no_submission",
    last: false,
    worker: WORKER,
    reason: "missed heartbeats",
    ledger: 57,
  },
});
