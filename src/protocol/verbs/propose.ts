import { NEED_ID } from "../examples.ts";
import { need, attempt, openBid } from "../fields.ts";
import { SALT_BYTES } from "../limits.ts";
import { about, bytes, literal } from "../schema.ts";
import { keyed, object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const proposeVerb = defineVerb({
  verb: "PROPOSE",
  sentence: "A worker bids on an attempt, openly, sealed, or by saying that it does not bid.",
  sender: "worker",
  thread: "need",
  refusals: [
    "VERB_NOT_ALLOWED",
    "PAUSED",
    "BARRED",
    "BID_INVALID",
    "UNKNOWN_THREAD",
    "WRONG_STATE",
  ],
  schema: object({
    need,
    attempt,
    bid: about(
      "The bid, its sealed hash, or `pass`.",
      keyed({
        open: openBid,
        sealed: about("The sealed-bid digest of (did, bid, salt).", bytes(SALT_BYTES)),
        pass: about("Answered without a bid, so that the auction need not wait.", literal(true)),
      }),
    ),
  }),
  example: {
    need: NEED_ID,
    attempt: 1,
    bid: { open: { price: 1_200_000n, etaMs: 500, patch: [] } },
  },
});
