import { BYTES_32 } from "../examples.ts";
import { capability } from "../fields.ts";
import {
  KEY_UNITS_MAX,
  AWARDS_MAX,
  FAILURES_MAX,
  QUORUM_MAX,
  DEADLINE_MS_MAX,
  SALT_BYTES,
} from "../limits.ts";
import {
  about,
  anything,
  bytes,
  cid,
  credits,
  flag,
  integer,
  oneOf,
  optional,
  text,
} from "../schema.ts";
import { keyed, object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const needVerb = defineVerb({
  verb: "NEED",
  sentence:
    "A requester asks for work and offers a bounty; the whole cost is held before anybody works.",
  sender: "requester",
  thread: "own",
  refusals: [
    "NOT_REGISTERED",
    "PAUSED",
    "SPEND_LIMIT",
    "BOUNTY_CAP",
    "CAPABILITY_UNKNOWN",
    "WRONG_STATE",
    "ALREADY_ANSWERED",
    "KEY_REUSED",
    "QUORUM_UNAVAILABLE",
    "INSUFFICIENT_FUNDS",
  ],
  schema: object({
    key: about(
      "The requester's name for it; the same key and content again is the same need.",
      text(1, KEY_UNITS_MAX),
    ),
    capability,
    input: about(
      "The input itself, or the CID of its block.",
      keyed({
        value: about("The input itself.", anything),
        cid: about("The CID of its block.", cid),
      }),
    ),
    bounty: about("Price ceiling, micro-credits.", credits(1n)),
    verifyBounty: about("Paid for each seat-vote, micro-credits.", credits(0n)),
    kPlan: optional(about("Approvals a plan needs; may only raise.", integer(1, QUORUM_MAX))),
    kResult: optional(about("Verdicts a result needs; may only raise.", integer(1, QUORUM_MAX))),
    tier: optional(about("The tier; may only raise.", oneOf("small", "medium", "high"))),
    deadlineMs: about("Milliseconds of T from funding until COMMIT.", integer(1, DEADLINE_MS_MAX)),
    drawHash: optional(about("sha2-256 of the 32 bytes revealed after COMMIT.", bytes(SALT_BYTES))),
    limits: optional(
      about(
        "Lower limits than the swarm's.",
        object({
          awards: optional(
            about("Re-awards after missed claims, yields and releases.", integer(1, AWARDS_MAX)),
          ),
          failures: optional(about("Rejected and invalidated attempts.", integer(1, FAILURES_MAX))),
        }),
      ),
    ),
    parent: optional(about("The need it is a part of.", cid)),
    selfAttestation: optional(
      about("The worker's own attestation may count (tier small at most).", flag),
    ),
  }),
  example: {
    key: "t1",
    capability: "minify-js",
    input: { value: { source: "let a = 1 ;" } },
    bounty: 2_500_000n,
    verifyBounty: 500_000n,
    kResult: 2,
    tier: "small",
    deadlineMs: 60_000,
    drawHash: BYTES_32,
  },
});
