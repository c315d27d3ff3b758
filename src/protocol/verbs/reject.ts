import { NEED_ID, COMMIT_ID, ATTEST_ID, WORKER } from "../examples.ts";
import { end } from "../fields.ts";
import { defineVerb } from "../verb-spec.ts";

export const rejectVerb = defineVerb({
  verb: "REJECT",
  sentence: "The committee refused a result.",
  sender: "leader",
  thread: "need",
  schema: end,
  example: {
    need: NEED_ID,
    attempt: 1,
    outcome: "rejected",
    last: false,
    worker: WORKER,
    commit: COMMIT_ID,
    votes: [ATTEST_ID],
    paid: [{ to: WORKER, amount: 90_000n, why: "bond back", own: true }],
    taken: [{ from: WORKER, held: "bond", amount: 30_000n, why: "rejected: the votes paid" }],
    ledger: 57,
  },
});
