import { NEED_ID, COMMIT_ID, WORKER } from "../examples.ts";
import { end } from "../fields.ts";
import { defineVerb } from "../verb-spec.ts";

export const invalidateVerb = defineVerb({
  verb: "INVALIDATE",
  sentence: "A challenge was upheld: what was accepted counts no more.",
  sender: "leader",
  thread: "need",
  schema: end,
  example: {
    need: NEED_ID,
    attempt: 1,
    outcome: "invalidated",
    last: false,
    worker: WORKER,
    commit: COMMIT_ID,
    ledger: 57,
  },
});
