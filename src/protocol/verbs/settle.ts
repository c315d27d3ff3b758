import { NEED_ID } from "../examples.ts";
import { need, attempt, outcome } from "../fields.ts";
import { about, flag } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const settleVerb = defineVerb({
  verb: "SETTLE",
  sentence: "The intent to settle an attempt, with its outcome; the ledger answers it once.",
  sender: "leader",
  thread: "need",
  schema: object({
    need,
    attempt,
    outcome: about("How the attempt ended.", outcome),
    last: about("True: no attempt follows; the rest of the escrow goes back.", flag),
  }),
  example: { need: NEED_ID, attempt: 1, outcome: "finalized", last: true },
});
