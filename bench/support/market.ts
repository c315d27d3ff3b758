/** An embedded swarm in a folder that outlives it, for benches that look at what it left behind. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLoad } from "#cli/bench/lifecycle.ts";
import { loadSettings } from "#cli/settings.ts";
import { EmbeddedSwarm } from "#cli/swarm/embedded.ts";
import { openFolder } from "#cli/swarm/folder.ts";
import { DEADLINE_MS_MAX } from "#protocol/limits.ts";
import { parametersOf } from "#domain/genesis/profiles.ts";

export interface BenchFolder extends Disposable {
  readonly dir: string;
}

export const benchFolder = (): BenchFolder => {
  const root = mkdtempSync(join(tmpdir(), "canswarm-bench-"));
  return {
    dir: join(root, "data"),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
};

/** Auctions stay open, so a need that nobody bids for is live for as long as may be. */
const patient = { auctionWindowMs: DEADLINE_MS_MAX };

/** The same folder opens as often as it is asked for; nobody else has it meanwhile. */
export const openBenchSwarm = async (dir: string): Promise<EmbeddedSwarm> =>
  EmbeddedSwarm.open({
    folder: openFolder(dir, {
      name: "bench",
      parameters: parametersOf("local", {
        tiers: { small: patient, medium: patient, high: patient },
      }),
      nowMs: Date.now(),
    }),
    settings: await loadSettings(undefined),
    onNews: (news) => process.stderr.write(`${JSON.stringify(news)}\n`),
    onHalt: (reason) => {
      throw new Error(reason);
    },
  });

/** Lifecycles for `ms`, then everything ends and the folder is left as it is. */
export const liveThrough = async (dir: string, ms: number, open: number): Promise<number> => {
  const swarm = await openBenchSwarm(dir);
  try {
    const { control, worker } = await openLoad(swarm, {
      placement: swarm.placement,
      blocks: swarm.blocksPort(),
      joined: (connection) => swarm.hosts.add(connection),
      stats: () => swarm.hosts.stats(),
    });
    const { finalized } = await control.run({ open, ms });
    await worker.terminate();
    return finalized;
  } finally {
    await swarm.close(true);
  }
};
