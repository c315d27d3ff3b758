import { ENVELOPE_BYTES_MAX } from "#envelope/limits.ts";
import { BYTES_32, COMMIT_ID, NEED_ID } from "../examples.ts";
import { SIGNED_MORE_BYTES_MAX } from "../limits.ts";
import { about, bytes, cid, oneOf, optional } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const reconcileVerb = defineVerb({
  verb: "RECONCILE",
  sentence: "The receipt for an envelope that was signed while its sender was cut off.",
  sender: "leader",
  thread: "bucket",
  schema: object({
    need: optional(about("The need that it answers for: always there.", cid)),
    envelope: about("The envelope.", cid),
    result: about(
      "merged: it took effect. orphaned: it came too late. salvaged: its worker, who has it, is an alternate.",
      oneOf("merged", "orphaned", "salvaged"),
    ),
    wire: optional(
      about(
        "The envelope, signed, as it came: there unless it was merged, for then it is in this log.",
        bytes(1, ENVELOPE_BYTES_MAX + SIGNED_MORE_BYTES_MAX),
      ),
    ),
  }),
  example: { need: NEED_ID, envelope: COMMIT_ID, result: "orphaned", wire: BYTES_32 },
});
