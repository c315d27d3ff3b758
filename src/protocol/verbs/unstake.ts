import { about, credits } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const unstakeVerb = defineVerb({
  verb: "UNSTAKE",
  sentence:
    "Free stake begins to unbond; it is paid out after the unbonding time and can be slashed until then.",
  sender: "agent",
  thread: "account",
  refusals: ["NOT_REGISTERED", "PAUSED", "INSUFFICIENT_STAKE"],
  schema: object({ amount: about("Micro-credits.", credits(1n)) }),
  example: { amount: 100_000_000n },
});
