/** Fields that many bodies have, each described once. */

import {
  ATTEMPTS_MAX,
  CAPABILITY_UNITS_MAX,
  DEADLINE_MS_MAX,
  DIGEST_UNITS_MAX,
  PLAN_OPS_MAX,
  PLAN_TEXT_UNITS_MAX,
  POSTINGS_MAX,
  POSTING_UNITS_MAX,
  REASON_UNITS_MAX,
  SALT_BYTES,
  SEAT_NUMBERS_MAX,
  TASK_UNITS_MAX,
  VOTES_MAX,
} from "./limits.ts";
import {
  about,
  bytes,
  cid,
  credits,
  did,
  flag,
  integer,
  literal,
  oneOf,
  optional,
  text,
} from "./schema.ts";
import { list, object, variant } from "./shapes.ts";

export const need = about("The need: the CID of its NEED envelope.", cid);
export const attempt = about("The attempt of the need, from 1.", integer(1, ATTEMPTS_MAX));
export const leaseRevision = about(
  "The lease's revision from GRANT: the worker's fence.",
  integer(1),
);
export const registryRevision = about("The registry revision it was computed at.", integer(0));
export const seat = about("The number of the seat, from 0.", integer(0, SEAT_NUMBERS_MAX - 1));
export const verdict = about("The verdict.", oneOf("pass", "fail", "abstain"));
export const question = about("What the committee judges.", oneOf("plan", "result", "challenge"));
export const proposal = about("The id of the PROPOSE envelope.", cid);
export const worker = about("The worker.", did);
export const price = about("Price asked for the work, micro-credits.", credits(0n));
export const etaMs = about(
  "Time the worker says it needs, milliseconds.",
  integer(0, DEADLINE_MS_MAX),
);
export const reason = about("Why, for people.", text(0, REASON_UNITS_MAX));
export const salt = about(
  "32 random bytes known to the sender alone until now.",
  bytes(SALT_BYTES),
);
export const policyDigest = about(
  "The policy the verdict was made under.",
  text(0, DIGEST_UNITS_MAX),
);
export const digestText = text(0, DIGEST_UNITS_MAX);
export const ppm = integer(0, 1_000_000);
export const capability = about(
  "The capability asked for.",
  text(1, CAPABILITY_UNITS_MAX, /^[A-Za-z0-9][A-Za-z0-9._:/-]*$/),
);
export const outcome = oneOf(
  ...(["finalized", "no_bids", "expired", "cancelled"] as const),
  ...(["no_submission", "rejected", "evaluator_absent", "invalidated"] as const),
);

const task = about("The task's name.", text(1, TASK_UNITS_MAX));
const words = text(0, PLAN_TEXT_UNITS_MAX);
export const planOps = list(
  variant("op", {
    ADD_TASK: object({
      op: literal("ADD_TASK"),
      task,
      title: optional(about("What the task is, for people.", words)),
    }),
    REQUIRES: object({
      op: literal("REQUIRES"),
      task,
      on: about("The task that must be done before.", text(1, TASK_UNITS_MAX)),
    }),
    PRODUCES: object({ op: literal("PRODUCES"), task, what: about("What the task makes.", words) }),
    STATE: object({
      op: literal("STATE"),
      task,
      state: about("The task's state.", text(1, TASK_UNITS_MAX)),
    }),
    LINK: object({
      op: literal("LINK"),
      from: about("A task.", text(1, TASK_UNITS_MAX)),
      to: about("The task that follows it.", text(1, TASK_UNITS_MAX)),
    }),
    ANNOTATE: object({ op: literal("ANNOTATE"), task, note: about("A note, for people.", words) }),
  }),
  PLAN_OPS_MAX,
);

export const openBid = about(
  "The bid.",
  object({
    price,
    etaMs,
    patch: about("Operations the worker would add to the plan.", planOps),
  }),
);

/** The body of FINALIZE, REJECT, RELEASE, INVALIDATE and CLOSE. */
export const end = object({
  need,
  attempt,
  outcome: about(
    "How the attempt ended.",
    oneOf(
      ...(["finalized", "no_bids", "expired", "cancelled", "no_submission"] as const),
      ...(["rejected", "evaluator_absent", "invalidated", "refused", "duplicate"] as const),
    ),
  ),
  last: about("True: the need has ended with it, and the rest of the escrow went back.", flag),
  worker: optional(worker),
  commit: optional(about("The COMMIT it is about.", cid)),
  artifact: optional(about("The result.", cid)),
  votes: optional(about("The attestations that carry the outcome.", list(cid, VOTES_MAX))),
  paid: optional(
    about(
      "What the posting moved to accounts.",
      list(
        object({
          to: about("The account.", text(1, POSTING_UNITS_MAX)),
          amount: about("Micro-credits.", credits(0n)),
          why: about("For what.", text(0, POSTING_UNITS_MAX)),
          own: optional(
            about(
              "Its own money came back: a bond, or the rest of the escrow. Absent: earned.",
              literal(true),
            ),
          ),
        }),
        POSTINGS_MAX,
      ),
    ),
  ),
  taken: optional(
    about(
      "What bonds and exposures lost for good.",
      list(
        object({
          from: about("Whose it was.", did),
          held: about("As what it was held.", oneOf("bond", "exposure")),
          amount: about("Micro-credits.", credits(0n)),
          why: about("For what.", text(0, POSTING_UNITS_MAX)),
        }),
        POSTINGS_MAX,
      ),
    ),
  ),
  reason: optional(reason),
  first: optional(about("For `duplicate`: the need that was first under this key.", cid)),
  ledger: optional(
    about(
      "The ledger's sequence of `settle/<need>/<attempt>`; absent where nothing was ever held.",
      integer(0),
    ),
  ),
});
