import { NEED_ID, VERIFIER } from "../examples.ts";
import { need, attempt, registryRevision, seat, question } from "../fields.ts";
import {
  CANDIDATES_MAX,
  SEATS_MAX,
  ROUNDS_MAX,
  SKIPPED_MAX,
  SALT_BYTES,
  DRAW_PROOF_BYTES_MAX,
} from "../limits.ts";
import { about, bytes, did, integer, literal } from "../schema.ts";
import { list, object, variant } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

const round = about("0: the first draw; then its redraws.", integer(0, ROUNDS_MAX - 1));

export const drawVerb = defineVerb({
  verb: "DRAW",
  sentence:
    "A committee is drawn: first asked for with its seed, then seated as the ledger could lock it.",
  sender: "leader",
  thread: "need",
  schema: variant("phase", {
    asked: object({
      phase: literal("asked"),
      need,
      attempt,
      question,
      candidate: about(
        "Which candidate of the need a plan's committee is about, from 1; 0 for a result.",
        integer(0, CANDIDATES_MAX),
      ),
      round,
      r: about(
        "The requester's revealed bytes; zeros if late or never promised.",
        bytes(SALT_BYTES),
      ),
      s: about(
        "The leader's part: an HMAC, later a VRF's proof.",
        bytes(SALT_BYTES, DRAW_PROOF_BYTES_MAX),
      ),
      registry: registryRevision,
      count: about("Seats asked for.", integer(1, SEATS_MAX)),
    }),
    seated: object({
      phase: literal("seated"),
      need,
      attempt,
      question,
      round,
      seats: about(
        "Who sits where.",
        list(object({ seat, agent: about("The verifier.", did) }), SEATS_MAX),
      ),
      skipped: about(
        "Passed over in the weighted order for want of free stake.",
        list(did, SKIPPED_MAX),
      ),
      ledger: about(
        "The ledger's sequence at which the locks were taken; 0 for a plan, where nothing is locked.",
        integer(0),
      ),
      k: about("Equal verdicts that make an outcome.", integer(1, SEATS_MAX)),
    }),
  }),
  example: {
    phase: "seated",
    need: NEED_ID,
    attempt: 1,
    question: "result",
    round: 0,
    seats: [{ seat: 0, agent: VERIFIER }],
    skipped: [],
    ledger: 41,
    k: 1,
  },
});
