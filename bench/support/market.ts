/** An embedded swarm in a folder that outlives it, for benches that look at what it left behind. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openLoad } from "#cli/bench/lifecycle.ts";
import { loadSettings } from "#cli/settings.ts";
import { EmbeddedSwarm } from "#cli/swarm/embedded.ts";
import { openFolder, type Folder } from "#cli/swarm/folder.ts";
import type { RunningSwarm } from "#cli/swarm/running-swarm.ts";
import { parametersOf } from "#domain/genesis/profiles.ts";
import { BUCKETS } from "#envelope/cid.ts";
import { DEADLINE_MS_MAX } from "#protocol/limits.ts";
import { until } from "./processes.ts";

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

/** Made where there is none. */
export const patientFolder = (dir: string): Folder =>
  openFolder(dir, {
    name: "bench",
    parameters: parametersOf("local", {
      tiers: { small: patient, medium: patient, high: patient },
    }),
    nowMs: Date.now(),
  });

/** The same folder opens as often as it is asked for; nobody else has it meanwhile. */
export const openBenchSwarm = async (dir: string): Promise<EmbeddedSwarm> =>
  EmbeddedSwarm.open({
    folder: patientFolder(dir),
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

const FILL_SCRIPT = fileURLToPath(new URL("fill-needs.ts", import.meta.url));

/** So many live needs that nobody bids for, in a folder whose supervisor was killed in the middle. */
export const fillAndKill = async (dir: string, needs: number): Promise<void> => {
  const child = spawn(process.execPath, [FILL_SCRIPT, dir, String(needs)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = once(child, "exit");
  const first = await Promise.race([once(child.stdout, "data"), ended]);
  kill();
  await ended;
  process.off("exit", kill);
  if (String(first[0]).trim() !== "filled") throw new Error(`not filled: ${String(first[0])}`);
};

/** Resolves when every bucket is live. */
export const allAnswer = async (swarm: RunningSwarm): Promise<void> => {
  const isLive = (bucket: number) => async (): Promise<boolean> =>
    (await swarm.query(bucket, "at", [bucket, "registered", undefined])) !== undefined;
  await Promise.all(
    Array.from({ length: BUCKETS + 1 }, (_, bucket) =>
      until(isLive(bucket), () => `bucket ${bucket} does not answer`),
    ),
  );
};

/** Live needs of all buckets, once every one of them answers. */
export const liveNeeds = async (swarm: RunningSwarm): Promise<number> => {
  await allAnswer(swarm);
  const counts = await Promise.all(
    Array.from(
      { length: BUCKETS },
      async (_, bucket) =>
        (await swarm.query<readonly unknown[]>(bucket, "open-needs", bucket))?.length ?? 0,
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
};
