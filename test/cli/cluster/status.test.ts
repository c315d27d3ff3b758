/** A cluster as etcd knows it while its NATS is away. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { swarmIdOf } from "#envelope/swarm.ts";
import { localParameters } from "#domain/genesis/profiles.ts";
import { EtcdConsensus } from "#adapters/etcd/consensus.ts";
import { foundGenesis } from "#adapters/etcd/shared-genesis.ts";
import type { ClusterStatus } from "#cli/cluster/status.ts";
import { newGenesis } from "#cli/swarm/folder.ts";
import { startEtcd, type EtcdServer } from "../../support/etcd-server.ts";
import { freePort } from "../../support/free-port.ts";
import { canswarm, lastJson } from "../command-line.ts";

/** Longer than the test. */
const SESSION_MS = 60_000;
const dir = mkdtempSync(join(tmpdir(), "canswarm-status-"));
let etcd: EtcdServer;
let consensus: EtcdConsensus;
let config = "";

beforeAll(async () => {
  [etcd] = (await startEtcd(1)) as readonly [EtcdServer];
  const place = { endpoints: [etcd.url] };
  mkdirSync(join(dir, "data"));
  const name = "market";
  const rules = { name, parameters: localParameters, nowMs: 1 };
  const bytes = newGenesis(join(dir, "data"), rules);
  const swarm = swarmIdOf(name, bytes);
  await foundGenesis(place, name, { bytes, swarm });
  consensus = new EtcdConsensus({ ...place, swarm });
  const session = await consensus.join("alpha", SESSION_MS, "a test");
  await session.campaign([3]);
  config = join(dir, "cluster.config.mjs");
  const host = `{ name: "host", threads: 1 }`;
  writeFileSync(
    config,
    `export default { hosts: 1,
  tree: { name: "canswarm", strategy: "one-for-one", children: [${host}] },
  cluster: { name: "${name}", etcd: { endpoints: ["${etcd.url}"] },
    nats: { servers: ["nats://127.0.0.1:${await freePort()}"] } },
};\n`,
  );
});
afterAll(async () => {
  await consensus.close();
  await etcd.dispose();
  rmSync(dir, { recursive: true, force: true });
});

it("leaders and epochs are shown, why nobody could be asked, and the exit code is 1", async () => {
  const { code, out, err } = await canswarm(["cluster", "status", "--buckets", "--config", config]);
  expect([code, err]).toEqual([1, ""]);
  expect(out).toMatch(/^1 of 257 buckets are led/m);
  expect(out).toMatch(/^NATS does not answer, .+: no NATS server of .+ CONNECTION_REFUSED/m);
  expect(out).toMatch(/^alpha +not asked/m);
  expect(out).toMatch(/^ +3 +1\.\d+ .* alpha$/m);
});

it("so it is as JSON", async () => {
  const told = await canswarm(["cluster", "status", "--json", "--config", config]);
  const { natsFailure, supervisors, buckets } = lastJson<ClusterStatus>(told);
  expect(natsFailure).toContain("no NATS server of");
  expect(supervisors).toMatchObject([{ name: "alpha", buckets: 1 }]);
  expect(buckets[3]?.leader).toBe("alpha");
});
