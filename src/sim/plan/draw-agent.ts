/** Draws one agent: what it has, asks, and how its machine is. */

import type { Prng } from "../kernel/prng.ts";
import type { AgentPlan, Behaviour } from "./plan.ts";

const CREDIT = 1_000_000;

export const agentOf = (
  chance: Prng,
  name: string,
  role: AgentPlan["role"],
  behaviour: Behaviour,
): AgentPlan => {
  const firstMs = chance.between(1, 200);
  return {
    name,
    role,
    behaviour,
    // Now and then two share an org, and a few have none.
    ...(chance.chance(900_000) ? { org: chance.chance(800_000) ? name : "shared" } : {}),
    stake: role === "worker" ? 0 : chance.pick([100, 200, 1_000]),
    credits: behaviour === "challenging" ? 2_000 : chance.pick([100, 1_000]),
    price: chance.between(1, 30) * (CREDIT / 10),
    etaMs: chance.between(50, 5_000),
    callMs: [firstMs, firstMs + chance.between(0, 1_000)],
    driftPpm: chance.between(-200, 200),
    skewMs: chance.pick([0, 0, 5_000, -5_000, 3_600_000]),
  };
};
