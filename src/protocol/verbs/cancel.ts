import { NEED_ID } from "../examples.ts";
import { need } from "../fields.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const cancelVerb = defineVerb({
  verb: "CANCEL",
  sentence: "The requester withdraws the need; free before DECIDE, for a fee until COMMIT.",
  sender: "requester",
  thread: "need",
  refusals: ["VERB_NOT_ALLOWED", "UNKNOWN_THREAD", "WRONG_STATE"],
  schema: object({ need }),
  example: { need: NEED_ID },
});
