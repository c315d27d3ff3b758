/** What agents under test are asked to do. */

import type { NeedBody } from "#protocol/bodies.ts";

export const ECHO_NEED: NeedBody = {
  key: "t1",
  capability: "echo",
  input: { value: 1 },
  bounty: 2_000_000n,
  verifyBounty: 0n,
  deadlineMs: 30_000,
};
