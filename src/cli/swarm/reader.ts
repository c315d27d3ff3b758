/**
 * A data folder opened to be read: nothing is led, nothing is appended. The logs of an embedded swarm lie
 * in it, and nobody may run it; those of a cluster lie on the servers that its configuration names, and
 * its supervisors may go on: what they had committed when it was opened is read.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { BUCKETS } from "#envelope/cid.ts";
import { decideKeysIn } from "#adapters/sqlite/decides.ts";
import { connect } from "#adapters/sqlite/client.ts";
import { openJournal } from "#adapters/sqlite/journal-client.ts";
import { openSqlite } from "#adapters/sqlite/open.ts";
import { systemClock } from "#adapters/system/clock.ts";
import { compareEpochs } from "#ports/commit-rules.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { Clock } from "#ports/clock.ts";
import type { Consensus } from "#ports/consensus.ts";
import type { Fault } from "#ports/faults.ts";
import type { Epoch, Head, Store } from "#ports/store.ts";
import { CliError } from "../errors.ts";
import { patiently, waitingText } from "../cluster/patience.ts";
import type { ClusterPlaces } from "../cluster/settings.ts";
import { loadSettings } from "../settings.ts";
import { walkAll } from "./log-report.ts";
import { holdsSwarm, openFolder, type Folder } from "./folder.ts";

/** In the folder of a machine of a cluster: where its configuration is. */
const CLUSTER_FILE = "cluster.json";

export interface Reader {
  readonly folder: Folder;
  readonly store: Pick<Store & Blocks, "read" | "head" | "get">;
  /** Of the attempts that are open. */
  readonly decideKeys: () => ReadonlyMap<number, readonly string[]>;
  /** Nobody leads under it any more: its draw secret may be shown. */
  readonly hasEnded: (epoch: Epoch) => boolean;
  readonly close: () => Promise<void>;
}

/** Later commands on the folder find the servers by it. */
export const markCluster = (dir: string, config: string): void =>
  writeFileSync(join(dir, CLUSTER_FILE), `${JSON.stringify({ config: resolve(config) })}\n`);

/** Refuses with DATA_MISSING, DATA_IN_USE, KEY_MISSING, STORE_CORRUPT, CONFIG_INVALID. */
export const openReader = async (dir: string): Promise<Reader> => {
  if (!holdsSwarm(dir)) throw new CliError("DATA_MISSING", { path: dir });
  const mark = join(dir, CLUSTER_FILE);
  if (!existsSync(mark)) return openEmbedded(dir);
  const { config } = JSON.parse(readFileSync(mark, "utf8")) as { config: string };
  const { cluster } = await loadSettings(config);
  if (cluster === undefined)
    throw new CliError("CONFIG_INVALID", { path: config, reason: "it has no `cluster` any more" });
  return openCluster(dir, cluster);
};

const openEmbedded = async (dir: string): Promise<Reader> => {
  const sqlite = await openSqlite(dir);
  try {
    return {
      folder: openFolder(dir, undefined),
      store: connect(sqlite.port()),
      decideKeys: () => decideKeysIn(dir),
      hasEnded: () => true,
      close: () => sqlite.close(),
    };
  } catch (error) {
    await sqlite.close();
    throw error;
  }
};

/** Asks the servers of a cluster, again and again while they are away. */
type Ask = <T>(question: () => Promise<T>) => Promise<T>;

/** Says so once, however many questions have to wait. */
const asking = (clock: Pick<Clock, "after" | "monotonicMs">): Ask => {
  let isTold = false;
  const told = (fault: Fault): void => {
    if (isTold) return;
    isTold = true;
    process.stderr.write(`${waitingText(fault)}\n`);
  };
  return (question) => patiently(clock, question, told);
};

/**
 * Heads first: the epoch of one is in a leader's row that is read after it, or it is over by then. The other
 * way round, an outage in between would make epochs that began after it seem to be over.
 */
export const headsAndEpochs = async (
  consensus: Pick<Consensus, "heads" | "leaders">,
  ask: Ask,
): Promise<{ readonly heads: readonly Head[]; readonly hasEnded: (epoch: Epoch) => boolean }> => {
  const buckets = Array.from({ length: BUCKETS + 1 }, (_, bucket) => bucket);
  const heads = await ask(() => consensus.heads(buckets));
  const leaders = await ask(() => consensus.leaders());
  const hasEnded = (epoch: Epoch): boolean =>
    leaders.every((row) => compareEpochs(row.epoch, epoch) !== 0);
  return { heads, hasEnded };
};

const openCluster = async (dir: string, places: ClusterPlaces): Promise<Reader> => {
  const folder = openFolder(dir, undefined);
  const ask = asking(systemClock());
  const journal = await openJournal(join(dir, "journal"));
  const closing: (() => Promise<void>)[] = [() => journal.close()];
  const close = async (): Promise<void> => {
    for (const one of closing) await one();
  };
  try {
    const blocks = await openSqlite(join(dir, "blocks"));
    closing.unshift(() => blocks.close());
    const ports = { journal: journal.port(), blocks: blocks.port() };
    // Loaded here: etcd's client takes longer than the rest of a short command.
    const { openStorage } = await import("../cluster/storage.ts");
    const init = { places, swarm: folder.swarm };
    const storage = await ask(() => openStorage(ports, init));
    closing.unshift(() => storage.close());
    const { consensus, store } = storage;
    const { heads, hasEnded } = await headsAndEpochs(consensus, ask);
    const keys = await ask(() => consensus.decideKeys());
    await ask(() => walkAll(store));
    return {
      folder,
      store: {
        head: async (bucket) => heads[bucket]!,
        read: async (bucket, from, limit) => {
          const count = Math.min(limit, heads[bucket]!.records - from);
          return count <= 0 ? [] : ask(() => store.read(bucket, from, count));
        },
        get: (cid) => ask(() => storage.blocks.get(cid)),
      },
      decideKeys: () => keys,
      hasEnded,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};
