import { NEED_ID, PROPOSAL_ID, WORKER } from "../examples.ts";
import { need, attempt, registryRevision, proposal, worker, price, etaMs, ppm } from "../fields.ts";
import { RANKED_BIDS_MAX } from "../limits.ts";
import { about } from "../schema.ts";
import { list, object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const rankingVerb = defineVerb({
  verb: "RANKING",
  sentence: "The auction is closed; its bids in order, the best first.",
  sender: "leader",
  thread: "need",
  schema: object({
    need,
    attempt,
    registry: registryRevision,
    bids: about(
      "Best first.",
      list(
        object({ proposal, worker, price, etaMs, score: about("Parts per million.", ppm) }),
        RANKED_BIDS_MAX,
      ),
    ),
  }),
  example: {
    need: NEED_ID,
    attempt: 1,
    registry: 12,
    bids: [
      { proposal: PROPOSAL_ID, worker: WORKER, price: 1_200_000n, etaMs: 500, score: 612_000 },
    ],
  },
});
