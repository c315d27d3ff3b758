import { NEED_ID, COMMIT_ID, EVIDENCE_ID } from "../examples.ts";
import { need, attempt } from "../fields.ts";
import { about, cid, credits, oneOf } from "../schema.ts";
import { keyed, object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const challengeVerb = defineVerb({
  verb: "CHALLENGE",
  sentence: "Anyone claims, with a bond and a typed proof, that a commit or a rejection is wrong.",
  sender: "anyone",
  thread: "need",
  refusals: [
    "PAUSED",
    "SPEND_LIMIT",
    "RATE_LIMITED",
    "ALREADY_ANSWERED",
    "INSUFFICIENT_FUNDS",
    "SEALED",
    "BOND_TOO_SMALL",
    "UNKNOWN_THREAD",
    "WRONG_STATE",
  ],
  schema: object({
    need,
    attempt,
    target: about(
      "The COMMIT envelope, or the attempt that was rejected.",
      keyed({ commit: about("The COMMIT envelope.", cid), rejection: attempt }),
    ),
    proof: about(
      "The type of proof.",
      oneOf(
        "schema_violation",
        "missing_citation",
        "semantic_contradiction",
        "policy_breach",
        "output_mismatch",
      ),
    ),
    evidence: about("CID of the proof's block.", cid),
    bond: about("At stake, micro-credits.", credits(1n)),
  }),
  example: {
    need: NEED_ID,
    attempt: 1,
    target: { commit: COMMIT_ID },
    proof: "output_mismatch",
    evidence: EVIDENCE_ID,
    bond: 10_000_000n,
  },
});
