/** Which behaviours are hostile, and what each does beside the honest agent's part. */

import type { Behaviour } from "../../plan/plan.ts";
import { challenge } from "./challenge.ts";
import { equivocate } from "./equivocate.ts";
import { flood } from "./flood.ts";
import { leave } from "./leave.ts";
import { launder } from "./launder.ts";
import { replay } from "./replay.ts";
import { steal } from "./steal.ts";
import type { Hearing, VillainContext } from "./villain.ts";

const VILLAINS: Partial<Record<Behaviour, (villain: VillainContext) => Hearing>> = {
  flooding: flood,
  equivocating: equivocate,
  replaying: replay,
  challenging: challenge,
  stealing: steal,
  laundering: launder,
  leaving: leave,
};

/** Begins its life. Its answer takes part in hearing: true where it has spoken in the agent's place. */
export const turnHostile = (behaviour: Behaviour, villain: VillainContext): Hearing =>
  VILLAINS[behaviour]?.(villain) ?? (() => false);
