import { afterEach, expect, it } from "vitest";
import type { ClusterFigures } from "#gateway/swarm.ts";
import { gatewayRig, type Rig } from "../support/gateway.ts";

let rig: Rig;
afterEach(() => rig.stop());

const scraped = async (cluster?: () => Promise<ClusterFigures>): Promise<readonly string[]> => {
  rig = await gatewayRig(cluster === undefined ? {} : { cluster });
  const text = await (await fetch(`${rig.url}/metrics`)).text();
  return text.split("\n").filter((line) => /^canswarm_(cluster|nats|etcd|stream)_/.test(line));
};

const FIGURES: ClusterFigures = {
  bucketsLed: 86,
  keepAliveAgeMs: 412,
  nats: { isConnected: true, dropped: 1, thrown: 2, refused: 3 },
  etcd: [
    { endpoint: "http://one:2379", databaseBytes: 1_000, quotaBytes: 4_000 },
    { endpoint: "http://two:2379", databaseBytes: 2_000, quotaBytes: 4_000 },
  ],
  streams: [
    { stream: "c_records", bytes: 7, bytesMax: 70 },
    { stream: "c_blocks", bytes: 8, bytesMax: undefined },
  ],
};

it("a supervisor of a cluster tells of it and of its servers", async () => {
  expect(await scraped(async () => FIGURES)).toEqual([
    "canswarm_cluster_buckets_led 86",
    "canswarm_cluster_keep_alive_age_seconds 0.412",
    "canswarm_nats_connected 1",
    'canswarm_nats_messages{what="dropped"} 1',
    'canswarm_nats_messages{what="thrown"} 2',
    'canswarm_nats_messages{what="refused"} 3',
    'canswarm_etcd_database_bytes{endpoint="http://one:2379"} 1000',
    'canswarm_etcd_database_bytes{endpoint="http://two:2379"} 2000',
    'canswarm_etcd_quota_bytes{endpoint="http://one:2379"} 4000',
    'canswarm_etcd_quota_bytes{endpoint="http://two:2379"} 4000',
    'canswarm_stream_bytes{stream="c_records"} 7',
    'canswarm_stream_bytes{stream="c_blocks"} 8',
    'canswarm_stream_bytes_max{stream="c_records"} 70',
  ]);
});

it("what is not told any more is not there any more", async () => {
  let figures = FIGURES;
  await scraped(async () => figures);
  figures = { ...FIGURES, keepAliveAgeMs: undefined, etcd: [], streams: [] };
  const text = await (await fetch(`${rig.url}/metrics`)).text();
  expect(text).not.toMatch(/^canswarm_(etcd|stream)_/m);
  expect(text).toContain("canswarm_cluster_keep_alive_age_seconds Nan");
});

it("one that is alone has nothing of a cluster", async () => {
  expect(await scraped()).toEqual([]);
});
