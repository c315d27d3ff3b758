import { OPERATOR, BYTES_32, HEX_64 } from "../examples.ts";
import { digestText } from "../fields.ts";
import { SALT_BYTES } from "../limits.ts";
import { about, bytes, did, integer, optional } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const epochVerb = defineVerb({
  verb: "EPOCH",
  sentence:
    "A leader begins: its epoch, its key, the code it runs and the hash of its draw secret.",
  sender: "leader",
  thread: "bucket",
  schema: object({
    generation: about("Raised by restore and migration.", integer(0)),
    revision: about("Grows with every take-over of the bucket.", integer(0)),
    key: about("Signs this epoch's heads and receipts.", did),
    header: about("Hex sha2-256 of the audit header (swarm, genesis, profile).", digestText),
    code: about("Digest or version of the code.", digestText),
    machines: about("Digest of the machines' definitions.", digestText),
    policy: about("Digest of the policy bundle.", digestText),
    commitment: about("sha2-256 of the epoch's draw secret.", bytes(SALT_BYTES)),
    previousSecret: optional(
      about(
        "The draw secret of the epoch that ended, where its holder still has it.",
        bytes(SALT_BYTES),
      ),
    ),
  }),
  example: {
    generation: 1,
    revision: 3,
    key: OPERATOR,
    header: HEX_64,
    code: "0.1.0",
    machines: HEX_64,
    policy: HEX_64,
    commitment: BYTES_32,
  },
});
