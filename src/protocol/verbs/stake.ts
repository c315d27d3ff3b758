import { about, credits } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const stakeVerb = defineVerb({
  verb: "STAKE",
  sentence: "Credits become stake, which secures seats and leases.",
  sender: "agent",
  thread: "account",
  refusals: ["NOT_REGISTERED", "PAUSED", "INSUFFICIENT_FUNDS"],
  schema: object({ amount: about("Micro-credits.", credits(1n)) }),
  example: { amount: 200_000_000n },
});
