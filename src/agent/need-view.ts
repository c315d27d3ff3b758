/** What a program is told of a need, from the notice that asks about it. */

import { formatCredits } from "#protocol/amount.ts";
import type { NeedBody } from "#protocol/bodies.ts";
import type { NeedView } from "./runner/runner.ts";

export const viewOf = (notice: {
  need: string;
  attempt: number;
  requester: string;
  body: NeedBody;
}): NeedView => ({
  id: notice.need,
  key: notice.body.key,
  attempt: notice.attempt,
  capability: notice.body.capability,
  requester: notice.requester,
  bounty: formatCredits(notice.body.bounty),
  verifyBounty: formatCredits(notice.body.verifyBounty),
  tier: notice.body.tier ?? "small",
  deadlineMs: notice.body.deadlineMs,
});
