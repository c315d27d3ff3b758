import { NEED_ID, PROPOSAL_ID, APPROVAL_ID, WORKER } from "../examples.ts";
import { need, attempt, registryRevision, proposal, worker, price, etaMs } from "../fields.ts";
import { SEATS_MAX } from "../limits.ts";
import { about, cid } from "../schema.ts";
import { list, object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const decideVerb = defineVerb({
  verb: "DECIDE",
  sentence: "The one accepted proposal of an attempt, with the approvals it rests on.",
  sender: "leader",
  thread: "need",
  schema: object({
    need,
    attempt,
    proposal,
    worker,
    price,
    etaMs,
    approvals: about(
      "The attestations of the plan, for this attempt and proposal.",
      list(cid, SEATS_MAX),
    ),
    registry: registryRevision,
  }),
  example: {
    need: NEED_ID,
    attempt: 1,
    proposal: PROPOSAL_ID,
    worker: WORKER,
    price: 1_200_000n,
    etaMs: 500,
    approvals: [APPROVAL_ID],
    registry: 12,
  },
});
