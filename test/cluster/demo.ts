/**
 * `npm run demo:cluster`: the main job over etcd ×3, NATS ×3 and three supervisors, all on this machine,
 * beside the same job embedded: who won what for which price, and what it cost whom, must be the same, as far
 * as it is not of time or chance (same-outcomes.ts).
 */

import { spawn, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { canswarm, type Summary } from "../integration/command.ts";
import { LocalCluster } from "./local-cluster.ts";
import { differencesBetween } from "./same-outcomes.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const DEFAULTS = new URL("../../supervisor.config.ts", import.meta.url);
const SUPERVISORS = 3;
/**
 * Of both swarms, so that who wins does not depend on how busy the machine is, or it is no comparison. An
 * auction closes when all have answered, and one tool works before it bids: it has time. And all bids are
 * ranked by the repute that everybody had at the beginning: a later snapshot has that of the first results,
 * by which bids that were ranked late would be ranked.
 */
const PARAMETERS =
  "{ tiers: { small: { auctionWindowMs: 30_000 } }, registryPublishMs: 200_000, registryMaxAgeMs: 600_000 }";

/** The main job, each time it is run. */
const programs = new Set<ChildProcess>();

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Its words go to the terminal, its JSON comes back. */
const demo = (data: string, ...more: readonly string[]): Promise<Summary> =>
  new Promise((resolve, reject) => {
    const args = [MAIN, "demo", "--json", "--data", data, ...more];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    programs.add(child);
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
    child.once("close", (code) => {
      if (code === 0) resolve(JSON.parse(text) as Summary);
      else reject(new Error(`the main job ended with ${code}: ${text.slice(0, 2_000)}`));
    });
  });

const startMs = performance.now();
say("starting etcd ×3 and NATS ×3 on free ports of this machine");
const cluster = await LocalCluster.start({ servers: 3, isDurable: true, parameters: PARAMETERS });
cluster.closeWhenInterrupted(programs);
const alone = join(cluster.dir, "embedded.config.mjs");
writeFileSync(
  alone,
  `import defaults from "${DEFAULTS.href}";\nexport default { ...defaults, parameters: ${PARAMETERS} };\n`,
);
let code = 1;
try {
  say(`the configuration of every supervisor: ${cluster.config}`);
  for (let n = 0; n < SUPERVISORS; n += 1) {
    const { url, data } = await cluster.join();
    say(`supervisor ${n + 1} of ${SUPERVISORS} is up at ${url}, its data in ${data}`);
  }
  const readyS = ((performance.now() - startMs) / 1_000).toFixed(1);
  say(`the cluster is ready after ${readyS} s; the main job, embedded first, to compare\n`);
  const embedded = await demo(join(cluster.dir, "embedded"), "--config", alone);
  say("\nand now by the cluster, posted from a machine that leads nothing\n");
  const there = await demo(cluster.folder("main-job"), "--config", cluster.clientConfig);
  const status = await canswarm("cluster", "status", "--config", cluster.config).ended;
  say(`\n${status.stdout}`);
  const differences = differencesBetween(embedded, there);
  for (const line of differences) say(line);
  say(
    `${there.finalized} of ${there.needs} needs finalized in the cluster, ${embedded.finalized} embedded`,
  );
  say(`credits ${there.credits.conserved ? "conserved" : "NOT CONSERVED"} in the cluster`);
  say(`${differences.length} outcomes or payments differ`);
  code = differences.length === 0 && there.credits.conserved && embedded.credits.conserved ? 0 : 1;
} finally {
  await cluster.close();
}
process.exit(code);
