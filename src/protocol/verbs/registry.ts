import { HEX_64 } from "../examples.ts";
import { registryRevision, digestText } from "../fields.ts";
import { about, integer } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const registryVerb = defineVerb({
  verb: "REGISTRY",
  sentence: "The bucket goes by this snapshot of the registry from now on.",
  sender: "leader",
  thread: "bucket",
  schema: object({
    revision: registryRevision,
    hash: about("Digest of the snapshot.", digestText),
    ageMs: about(
      "Milliseconds from the supervisor's receipt of the snapshot to this entry.",
      integer(0),
    ),
  }),
  example: { revision: 12, hash: HEX_64, ageMs: 400 },
});
