import { NEED_ID, PARENT_ID } from "../examples.ts";
import { end } from "../fields.ts";
import { defineVerb } from "../verb-spec.ts";

export const closeVerb = defineVerb({
  verb: "CLOSE",
  sentence: "A need ended without a result, or was never funded.",
  sender: "leader",
  thread: "need",
  schema: end,
  example: { need: NEED_ID, attempt: 1, outcome: "duplicate", last: true, first: PARENT_ID },
});
