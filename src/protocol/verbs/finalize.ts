import { NEED_ID, COMMIT_ID, ATTEST_ID, ARTIFACT_ID, WORKER } from "../examples.ts";
import { end } from "../fields.ts";
import { defineVerb } from "../verb-spec.ts";

export const finalizeVerb = defineVerb({
  verb: "FINALIZE",
  sentence: "A result was accepted and is paid.",
  sender: "leader",
  thread: "need",
  schema: end,
  example: {
    need: NEED_ID,
    attempt: 1,
    outcome: "finalized",
    last: true,
    worker: WORKER,
    commit: COMMIT_ID,
    artifact: ARTIFACT_ID,
    votes: [ATTEST_ID],
    paid: [{ to: WORKER, amount: 1_200_000n, why: "price" }],
    ledger: 57,
  },
});
