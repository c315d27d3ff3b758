import { ENVELOPE_BYTES_MAX } from "#envelope/limits.ts";
import { BYTES_32, PROPOSAL_ID, WORKER, NEED_ID } from "../examples.ts";
import { SIGNED_MORE_BYTES_MAX, THREAD_UNITS_MAX } from "../limits.ts";
import { about, bytes, cid, did, integer, text } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const equivocationVerb = defineVerb({
  verb: "EQUIVOCATION",
  sentence: "A sender signed two envelopes under one nonce of a thread; here is the pair.",
  sender: "leader",
  thread: "bucket",
  schema: object({
    from: about("Who signed both.", did),
    thread: about("The thread that both stand in.", text(1, THREAD_UNITS_MAX)),
    nonce: about("The nonce that both have.", integer(1)),
    first: about("The id of the one that was taken.", cid),
    position: about("Its position in this log.", integer(0)),
    second: about(
      "The one that was refused, signed, as it came on the wire.",
      bytes(1, ENVELOPE_BYTES_MAX + SIGNED_MORE_BYTES_MAX),
    ),
  }),
  example: {
    from: WORKER,
    thread: NEED_ID,
    nonce: 3,
    first: PROPOSAL_ID,
    position: 7,
    second: BYTES_32,
  },
});
