/** The usual swarm with a challenge window of 1 ms: what a life takes besides waiting for challenges. */

import usual from "../../supervisor.config.ts";

const tier = { challengeWindowMs: 1 };

export default {
  ...usual,
  parameters: { tiers: { small: tier, medium: tier, high: tier } },
};
