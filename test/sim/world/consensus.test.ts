import { SimConsensus } from "#sim/world/consensus.ts";
import { consensusContract } from "../../contracts/consensus.ts";

consensusContract("the simulated consensus store", async () => {
  let nowMs = 0;
  const store = new SimConsensus({ nowMs: () => nowMs });
  return {
    ttlMs: 1_000,
    connect: async () => store.connect(),
    pass: async (ms) => {
      nowMs += ms;
      store.tick();
    },
    dispose: async () => {},
  };
});
