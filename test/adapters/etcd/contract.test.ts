import { afterAll, beforeAll } from "vitest";
import { EtcdConsensus } from "#adapters/etcd/consensus.ts";
import { foundSwarm } from "#adapters/etcd/shared-genesis.ts";
import { consensusContract } from "../../contracts/consensus.ts";
import { freshSwarm, startEtcd, type EtcdServer } from "../../support/etcd-server.ts";

const TTL_MS = 1_000;

for (const [count, name] of [
  [1, "etcd"],
  [3, "etcd on three servers"],
] as const) {
  let servers: readonly EtcdServer[] = [];
  beforeAll(async () => {
    servers = await startEtcd(count);
  });
  afterAll(async () => {
    for (const server of servers) await server.dispose();
  });

  consensusContract(name, async () => {
    const swarm = freshSwarm();
    const endpoints = servers.map(({ url }) => url);
    await foundSwarm({ endpoints }, swarm);
    return {
      ttlMs: TTL_MS,
      connect: async () => new EtcdConsensus({ endpoints, swarm }),
      // Leases run by the servers' own clocks.
      pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      dispose: async () => {},
    };
  });
}
