/** What agents under test are asked to do: it pays well, and leaves them time. */

import type { NeedBody } from "#protocol/bodies.ts";
import { NEED } from "../support/answered-client.ts";

export const ECHO_NEED: NeedBody = { ...NEED, key: "t1", bounty: 2_000_000n, deadlineMs: 30_000 };
