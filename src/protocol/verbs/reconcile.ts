import { COMMIT_ID } from "../examples.ts";
import { about, cid, oneOf } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const reconcileVerb = defineVerb({
  verb: "RECONCILE",
  sentence: "The receipt for an envelope that was signed while its sender was cut off.",
  sender: "leader",
  thread: "bucket",
  schema: object({
    envelope: about("The envelope.", cid),
    result: about(
      "merged: it took effect. orphaned: it came too late. salvaged: its artifact serves the next attempt.",
      oneOf("merged", "orphaned", "salvaged"),
    ),
  }),
  example: { envelope: COMMIT_ID, result: "merged" },
});
