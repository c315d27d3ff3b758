import { WORKER } from "../examples.ts";
import { KEY_UNITS_MAX } from "../limits.ts";
import { about, credits, did, optional, text } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const transferVerb = defineVerb({
  verb: "TRANSFER",
  sentence: "Credits move from the sender to another account.",
  sender: "agent",
  thread: "account",
  refusals: ["NOT_REGISTERED", "PAUSED", "SPEND_LIMIT", "KEY_REUSED", "INSUFFICIENT_FUNDS"],
  schema: object({
    to: about("The account that receives.", did),
    amount: about("Micro-credits.", credits(1n)),
    key: optional(
      about(
        "Makes the transfer happen once: its id is H(from, key). Without it the envelope's id is used.",
        text(1, KEY_UNITS_MAX),
      ),
    ),
  }),
  example: { to: WORKER, amount: 2_500_000n, key: "invoice-1" },
});
