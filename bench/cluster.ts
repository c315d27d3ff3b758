/**
 * `npm run bench -- --mode cluster`: etcd and NATS of its own, one server each or three, on this machine,
 * and the bench of the command line over them.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { LocalCluster } from "../test/cluster/local-cluster.ts";

const { values: flags } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    warmup: { type: "string", default: "10" },
    open: { type: "string", default: "512" },
    servers: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
const main = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const servers = flags.servers === "3" ? 3 : 1;
const cluster = await LocalCluster.start({ servers, isDurable: true, hosts: 2 });
process.stderr.write(
  `etcd ×${servers}, which waits for its disk, and NATS ×${servers}, on this machine\n`,
);
const { seconds, warmup, open, json } = flags;
const more = json ? ["--json"] : [];
const args = [
  "bench",
  "--mode",
  "cluster",
  "--config",
  cluster.config,
  "--seconds",
  seconds,
  "--warmup",
  warmup,
  "--open",
  open,
];
const child = spawn(process.execPath, [main, ...args, ...more], { stdio: "inherit" });
cluster.closeWhenInterrupted(new Set([child]));
const [code] = (await once(child, "exit")) as [number | null];
await cluster.close();
process.exit(code ?? 1);
