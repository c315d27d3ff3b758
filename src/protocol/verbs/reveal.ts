import { NEED_ID, PROPOSAL_ID, BYTES_32 } from "../examples.ts";
import { need, attempt, seat, verdict, question, proposal, salt, openBid } from "../fields.ts";
import { SALT_BYTES } from "../limits.ts";
import { about, bytes, literal } from "../schema.ts";
import { object, variant } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const revealVerb = defineVerb({
  verb: "REVEAL",
  sentence: "What was promised as a hash is opened: a bid, the draw's preimage, a vote.",
  sender: "party",
  thread: "need",
  refusals: [
    "VERB_NOT_ALLOWED",
    "POLICY_DENIED",
    "ALREADY_ANSWERED",
    "NOT_SEATED",
    "BID_INVALID",
    "UNKNOWN_THREAD",
    "WRONG_STATE",
  ],
  schema: variant("what", {
    bid: object({ what: literal("bid"), need, attempt, proposal, salt, bid: openBid }),
    draw: object({
      what: literal("draw"),
      need,
      attempt,
      preimage: about("The 32 bytes whose sha2-256 is the NEED's drawHash.", bytes(SALT_BYTES)),
    }),
    vote: object({ what: literal("vote"), need, attempt, question, seat, verdict, salt }),
  }),
  example: {
    what: "bid",
    need: NEED_ID,
    attempt: 1,
    proposal: PROPOSAL_ID,
    salt: BYTES_32,
    bid: { price: 1_200_000n, etaMs: 500, patch: [{ op: "ADD_TASK", task: "minify" }] },
  },
});
