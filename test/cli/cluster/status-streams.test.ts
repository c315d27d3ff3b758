import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { swarmIdOf } from "#envelope/swarm.ts";
import { foundGenesis } from "#adapters/etcd/shared-genesis.ts";
import { NatsBlocks } from "#adapters/nats/blocks.ts";
import { localParameters } from "#domain/genesis/profiles.ts";
import type { ClusterPlaces } from "#cli/cluster/settings.ts";
import { clusterStatus, type ClusterStatus } from "#cli/cluster/status.ts";
import { renderStatus } from "#cli/commands/cluster.ts";
import { newGenesis } from "#cli/swarm/folder.ts";
import { startEtcd, type EtcdServer } from "../../support/etcd-server.ts";
import { NatsServer } from "../../support/nats-server.ts";

const LIMIT = 100 * 2 ** 20;

let etcd: readonly EtcdServer[] = [];
let nats: NatsServer;
let dir = "";
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "canswarm-status-"));
  [etcd, nats] = await Promise.all([startEtcd(1), NatsServer.start()]);
});
afterAll(async () => {
  for (const server of [...etcd, nats]) await server.dispose();
  rmSync(dir, { recursive: true, force: true });
});

it("the status of a cluster has what each stream takes and may take", async () => {
  const places: ClusterPlaces = {
    name: "looked-at",
    reconcileSeconds: 60,
    etcd: { endpoints: etcd.map(({ url }) => url) },
    nats: { servers: [nats.url], prefix: "looked-at", streamBytesMax: LIMIT },
  };
  const rules = { name: "looked-at", parameters: localParameters, nowMs: 0 };
  const bytes = newGenesis(join(dir, "data"), rules);
  await foundGenesis(places.etcd, places.name, { bytes, swarm: swarmIdOf(rules.name, bytes) });
  expect((await clusterStatus(places)).streams).toEqual([]);

  const blocks = await NatsBlocks.open(places.nats);
  await blocks.put(new Uint8Array(5_000), "raw");
  const { streams } = await clusterStatus(places);
  await blocks.close();
  expect(streams).toMatchObject([{ stream: "looked-at_blocks", bytesMax: LIMIT, replicas: 1 }]);
  expect(streams?.[0]?.bytes).toBeGreaterThan(5_000);
});

const EMPTY = { cluster: "c", swarm: "s.0", supervisors: [], buckets: [] };
const shown = (streams: ClusterStatus["streams"]): string =>
  renderStatus({ ...EMPTY, streams }, false, { width: 80, color: false });

it("it is shown with its limit, or with whose limit holds", () => {
  const one = { stream: "c_records", bytes: 3 * 2 ** 30, replicas: 3, replicasBehind: 1 };
  expect(shown([{ ...one, bytesMax: 64 * 2 ** 30 }])).toMatch(
    /c_records +3\.0 GiB +64\.0 GiB +3, 1 behind\n/,
  );
  const own = { ...one, bytes: 17, replicasBehind: 0, bytesMax: undefined };
  expect(shown([own])).toMatch(/c_records +17 B +the servers' +3\n/);
  expect(shown(undefined)).toContain("NATS does not say what its streams take");
});
