/** The usual swarm with a challenge window of 1 ms: what a life takes besides waiting for challenges. */

import { defineSupervisor } from "#runtime/supervision/spec.ts";
import usual from "../../supervisor.config.ts";

const tier = { challengeWindowMs: 1 };

export default {
  ...usual,
  tree: defineSupervisor(usual.tree),
  parameters: { tiers: { small: tier, medium: tier, high: tier } },
};
