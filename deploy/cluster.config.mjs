/** Of every supervisor of compose.yaml. */
const hosts = 2;

export default {
  hosts,
  tree: {
    name: "canswarm",
    strategy: "one-for-one",
    children: [
      {
        name: "host",
        threads: hosts,
        restart: "always",
        onRestart: "replay",
        restartsMax: 5,
        restartWindowMs: 60_000,
      },
    ],
  },
  cluster: {
    name: "market",
    etcd: { endpoints: ["http://etcd1:2379", "http://etcd2:2379", "http://etcd3:2379"] },
    nats: { servers: ["nats://nats1:4222", "nats://nats2:4222", "nats://nats3:4222"] },
    operatorKeyFile: "/secrets/operator.key",
  },
};
