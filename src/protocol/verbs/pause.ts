import { WORKER } from "../examples.ts";
import { reason } from "../fields.ts";
import { about, did, flag, literal, optional } from "../schema.ts";
import { keyed, object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const pauseVerb = defineVerb({
  verb: "PAUSE",
  sentence:
    "The operator stops an agent, or everybody, from taking on anything new, or lets it again.",
  sender: "operator",
  thread: "account",
  refusals: ["NOT_REGISTERED", "VERB_NOT_ALLOWED", "POLICY_DENIED"],
  schema: object({
    who: about(
      "Who is paused or resumed.",
      keyed({
        agent: about("One registered agent.", did),
        all: about("Everybody: a switch of its own, beside those of agents.", literal(true)),
      }),
    ),
    paused: about("True: paused. False: resumed.", flag),
    reason: optional(reason),
  }),
  example: { who: { agent: WORKER }, paused: true, reason: "its key may be stolen" },
});
