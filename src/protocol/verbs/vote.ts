import { NEED_ID, BYTES_32 } from "../examples.ts";
import { need, attempt, seat, question } from "../fields.ts";
import { SALT_BYTES } from "../limits.ts";
import { about, bytes, cid, optional } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const voteVerb = defineVerb({
  verb: "VOTE",
  sentence:
    "A drawn verifier commits to a verdict by its hash, to be revealed when all have voted.",
  sender: "verifier",
  thread: "need",
  refusals: ["ALREADY_ANSWERED", "NOT_SEATED", "UNKNOWN_THREAD", "WRONG_STATE"],
  schema: object({
    need,
    attempt,
    question,
    seat,
    subject: optional(
      about(
        "What is judged: the proposal, the COMMIT or the CHALLENGE. A vote that comes late is refused " +
          "by it, instead of being taken for the next question.",
        cid,
      ),
    ),
    hash: about("The vote digest of (subject, did, verdict, salt).", bytes(SALT_BYTES)),
  }),
  example: { need: NEED_ID, attempt: 1, question: "result", seat: 1, hash: BYTES_32 },
});
