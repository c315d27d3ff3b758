import { NEED_ID } from "../examples.ts";
import { need, attempt } from "../fields.ts";
import { about, flag } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const openAttemptVerb = defineVerb({
  verb: "OPEN_ATTEMPT",
  sentence: "An attempt of a need begins.",
  sender: "leader",
  thread: "need",
  schema: object({
    need,
    attempt,
    auction: about(
      "True: bids are taken. False: the ranking of the attempt before is inherited.",
      flag,
    ),
  }),
  example: { need: NEED_ID, attempt: 1, auction: true },
});
