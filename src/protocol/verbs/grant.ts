import { NEED_ID, WORKER } from "../examples.ts";
import { need, attempt, leaseRevision, worker } from "../fields.ts";
import { about, integer } from "../schema.ts";
import { object } from "../shapes.ts";
import { defineVerb } from "../verb-spec.ts";

export const grantVerb = defineVerb({
  verb: "GRANT",
  sentence: "The worker holds the lease from now on.",
  sender: "leader",
  thread: "need",
  schema: object({
    need,
    attempt,
    worker,
    revision: leaseRevision,
    endsAtMs: about("Log time T at which the lease ends unless a heartbeat moves it.", integer(0)),
    heartbeatMs: about("Milliseconds between heartbeats.", integer(1)),
  }),
  example: {
    need: NEED_ID,
    attempt: 1,
    worker: WORKER,
    revision: 1,
    endsAtMs: 42_000,
    heartbeatMs: 5_000,
  },
});
