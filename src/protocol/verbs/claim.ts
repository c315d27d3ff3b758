import { NEED_ID } from "../examples.ts";
import { need, attempt } from "../fields.ts";
import { DEADLINE_MS_MAX } from "../limits.ts";
import { about, integer } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const claimVerb = defineVerb({
  verb: "CLAIM",
  sentence: "The winner of an attempt asks for its lease.",
  sender: "worker",
  thread: "need",
  refusals: ["VERB_NOT_ALLOWED", "PAUSED", "UNKNOWN_THREAD", "WRONG_STATE"],
  schema: object({
    need,
    attempt,
    ttlMs: about(
      "Lease asked for, milliseconds; granted is the least of it, the policy and the deadline.",
      integer(1, DEADLINE_MS_MAX),
    ),
  }),
  example: { need: NEED_ID, attempt: 1, ttlMs: 30_000 },
});
