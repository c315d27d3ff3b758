import { NEED_ID, ARTIFACT_ID } from "../examples.ts";
import { need, attempt, leaseRevision } from "../fields.ts";
import { about, anything, cid, optional } from "../schema.ts";
import { anyMap, object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const commitVerb = defineVerb({
  verb: "COMMIT",
  sentence: "The lease's holder delivers its result.",
  sender: "worker",
  thread: "need",
  refusals: ["STALE_FENCE", "ARTIFACT_MISMATCH", "UNKNOWN_THREAD"],
  schema: object({
    need,
    attempt,
    revision: leaseRevision,
    artifact: about("CID of the result; its block must be stored unless `output` is there.", cid),
    output: optional(
      about("The result itself; the CID of its DAG-CBOR block must be `artifact`.", anything),
    ),
    telemetry: optional(about("What the worker tells of the run; for people and metrics.", anyMap)),
  }),
  example: {
    need: NEED_ID,
    attempt: 1,
    revision: 1,
    artifact: ARTIFACT_ID,
    telemetry: { ms: 120 },
  },
});
