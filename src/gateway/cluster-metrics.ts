/** Figures of a supervisor in a cluster. One that is alone has none of them. */

import { Gauge, type Registry } from "prom-client";
import type { ClusterFigures } from "./swarm.ts";

interface Value {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Figure {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly read: (figures: ClusterFigures) => readonly Value[];
}

const S_MS = 1_000;

const plain = (name: string, help: string, read: (figures: ClusterFigures) => number): Figure => ({
  name,
  help,
  labelNames: [],
  read: (figures) => [{ labels: {}, value: read(figures) }],
});

const FIGURES: readonly Figure[] = [
  plain(
    "canswarm_cluster_buckets_led",
    "Buckets that this supervisor leads",
    ({ bucketsLed }) => bucketsLed,
  ),
  plain(
    "canswarm_cluster_keep_alive_age_seconds",
    "Since the last keep-alive that etcd has answered; at 2 it leads nothing any more. NaN: none yet",
    ({ keepAliveAgeMs = Number.NaN }) => keepAliveAgeMs / S_MS,
  ),
  plain("canswarm_nats_connected", "1: the connection to NATS stands", ({ nats }) =>
    Number(nats.isConnected),
  ),
  {
    name: "canswarm_nats_messages",
    help:
      "Messages of this process since its start: dropped for want of room or because they are too large, " +
      "thrown at by whoever heard them, refused by the servers (subscriptions too)",
    labelNames: ["what"],
    read: ({ nats }) =>
      (["dropped", "thrown", "refused"] as const).map((what) => ({
        labels: { what },
        value: nats[what],
      })),
  },
  {
    name: "canswarm_etcd_database_bytes",
    help: "Of each server of etcd that answers, as large as its quota sees it",
    labelNames: ["endpoint"],
    read: ({ etcd }) =>
      etcd.map(({ endpoint, databaseBytes }) => ({ labels: { endpoint }, value: databaseBytes })),
  },
  {
    name: "canswarm_etcd_quota_bytes",
    help: "What its database may grow to; beyond, etcd refuses every write. 0: it has none",
    labelNames: ["endpoint"],
    read: ({ etcd }) =>
      etcd.map(({ endpoint, quotaBytes }) => ({ labels: { endpoint }, value: quotaBytes })),
  },
  {
    name: "canswarm_stream_bytes",
    help: "What each stream of NATS takes on each server",
    labelNames: ["stream"],
    read: ({ streams }) =>
      streams.map(({ stream, bytes }) => ({ labels: { stream }, value: bytes })),
  },
  {
    name: "canswarm_stream_bytes_max",
    help: "What it may take; absent where only the servers have a limit",
    labelNames: ["stream"],
    read: ({ streams }) =>
      streams.flatMap(({ stream, bytesMax }) =>
        bytesMax === undefined ? [] : [{ labels: { stream }, value: bytesMax }],
      ),
  },
];

export const watchCluster = (registry: Registry, ask: () => Promise<ClusterFigures>): void => {
  for (const { name, help, labelNames, read } of FIGURES) {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect: async () => {
        const figures = await ask();
        // Who is not told of any more is not there any more.
        gauge.reset();
        for (const { labels, value } of read(figures)) gauge.set(labels, value);
      },
    });
  }
};
