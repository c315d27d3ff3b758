import { NEED_ID } from "../examples.ts";
import { need, attempt, leaseRevision, ppm } from "../fields.ts";
import { about } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const heartbeatVerb = defineVerb({
  verb: "HEARTBEAT",
  sentence: "The lease's holder is alive; its deadline moves, inside its bounds.",
  sender: "worker",
  thread: "need",
  refusals: ["STALE_FENCE", "UNKNOWN_THREAD", "WRONG_STATE"],
  schema: object({
    need,
    attempt,
    revision: leaseRevision,
    progress: about("How far, parts per million.", ppm),
  }),
  example: { need: NEED_ID, attempt: 1, revision: 1, progress: 250_000 },
});
