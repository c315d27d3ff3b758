import { COMMIT_ID } from "../examples.ts";
import { reason } from "../fields.ts";
import { DIGEST_UNITS_MAX } from "../limits.ts";
import { about, text } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const deadLetterVerb = defineVerb({
  verb: "DEAD_LETTER",
  sentence: "An input that made processing fail again and again was set aside.",
  sender: "leader",
  thread: "bucket",
  schema: object({
    input: about(
      "The envelope's id, or `bucket:position:index` of a message.",
      text(1, DIGEST_UNITS_MAX),
    ),
    reason,
  }),
  example: { input: COMMIT_ID, reason: "the thread ended three times" },
});
