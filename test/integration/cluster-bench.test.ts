/** The bench of a cluster, as short as it can be: that it measures, not how fast this machine is. */

import { afterAll, beforeAll, expect, it } from "vitest";
import { LocalCluster } from "../cluster/local-cluster.ts";
import { canswarm } from "./command.ts";

let cluster: LocalCluster;
beforeAll(async () => {
  cluster = await LocalCluster.start({ servers: 1, hosts: 2 });
}, 60_000);
afterAll(() => cluster.close());

it("tells lifecycles of a cluster beside the limits of its servers", async () => {
  const args = ["--mode", "cluster", "--config", cluster.config, "--seconds", "1", "--open", "8"];
  const { code, stdout, stderr } = await canswarm("bench", ...args, "--json").ended;
  expect([code, stderr]).toEqual([0, expect.stringContaining("over etcd and NATS")]);
  const figures = JSON.parse(stdout.trim().split("\n").at(-1)!) as Record<string, number>;
  expect(figures).toMatchObject({
    mode: "cluster",
    limits: {
      etcdHeadsPerSecond: expect.any(Number),
      natsRecordsPerSecond: expect.any(Number),
    },
    busAtRate: { p99: expect.any(Number) },
    decideMs: { p95: expect.any(Number) },
  });
  expect(figures["outcomes"]).toEqual({ finalized: figures["needs"] });
  for (const name of ["tasksPerSecond", "headsPerTask", "headsPerRequest", "recordsPerTask"])
    expect(figures[name]).toBeGreaterThan(0);
  expect(figures["ratio"]).toBeGreaterThan(0);
}, 120_000);
