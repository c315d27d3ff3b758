import { NEED_ID } from "../examples.ts";
import { need, attempt, leaseRevision, reason } from "../fields.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const yieldVerb = defineVerb({
  verb: "YIELD",
  sentence: "The lease's holder gives the work back.",
  sender: "worker",
  thread: "need",
  refusals: ["STALE_FENCE", "UNKNOWN_THREAD"],
  schema: object({ need, attempt, revision: leaseRevision, reason }),
  example: { need: NEED_ID, attempt: 1, revision: 1, reason: "out of memory" },
});
