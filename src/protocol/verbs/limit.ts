import { REQUESTER } from "../examples.ts";
import { LABEL_UNITS_MAX, PER_MINUTE_MAX } from "../limits.ts";
import { about, credits, did, integer, literal, optional, text } from "../schema.ts";
import { keyed, object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const limitVerb = defineVerb({
  verb: "LIMIT",
  sentence: "The operator sets what an agent, an owner, or each agent may commit.",
  sender: "operator",
  thread: "account",
  refusals: ["NOT_REGISTERED", "VERB_NOT_ALLOWED", "POLICY_DENIED"],
  schema: object({
    of: about(
      "Whose limits they are.",
      keyed({
        agent: about("One agent, registered or not; these stand instead of `each`.", did),
        owner: about(
          "All agents together whose first attested org this is.",
          text(1, LABEL_UNITS_MAX),
        ),
        each: about("Every agent that has no limits of its own.", literal(true)),
      }),
    ),
    limits: about(
      "They replace those that were; an empty map takes them away.",
      object({
        need: optional(about("Most that one need may hold, micro-credits.", credits(0n))),
        day: optional(
          about(
            "Most in any 24 hours of T, less what came back of it, micro-credits.",
            credits(0n),
          ),
        ),
        minute: optional(
          about("Most in any 60 seconds of T, whatever comes back, micro-credits.", credits(0n)),
        ),
        perMinute: optional(about("How often in any 60 seconds of T.", integer(0, PER_MINUTE_MAX))),
      }),
    ),
  }),
  example: { of: { agent: REQUESTER }, limits: { need: 5_000_000n, day: 100_000_000n } },
});
