import { NEED_ID } from "../examples.ts";
import { need, planOps } from "../fields.ts";
import { about } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const updatePlanVerb = defineVerb({
  verb: "UPDATE_PLAN",
  sentence: "A party of the need adds operations to its plan.",
  sender: "party",
  thread: "need",
  refusals: ["VERB_NOT_ALLOWED", "POLICY_DENIED", "UNKNOWN_THREAD", "WRONG_STATE"],
  schema: object({ need, ops: about("Operations, in order; the log's order decides.", planOps) }),
  example: { need: NEED_ID, ops: [{ op: "REQUIRES", task: "pack", on: "minify" }] },
});
