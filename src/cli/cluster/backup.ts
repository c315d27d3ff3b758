/**
 * A cluster in a folder, and back. While its supervisors go on, what etcd says at one moment is read, then
 * every record, snapshot and block that it leads to. The folder is that of a machine of the cluster, less
 * its keys: they are the operator's to keep.
 *
 * K1  A backup is finished when its last file is there; until then it is none. The same command again
 *     goes on, and later takes what has come since.
 * K2  What was acknowledged after the moment is not in it, and will not have been after a restore.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { codecOf } from "#envelope/cid.ts";
import { swarmIdOf } from "#envelope/swarm.ts";
import { decodeGenesis } from "#domain/genesis/codec.ts";
import {
  headsIn,
  raiseGeneration,
  readCopy,
  restoreCopy,
  type EtcdCopy,
} from "#adapters/etcd/copy.ts";
import { readGenesis } from "#adapters/etcd/shared-genesis.ts";
import { NatsBlocks } from "#adapters/nats/blocks.ts";
import { NatsStream } from "#adapters/nats/stream.ts";
import { connect } from "#adapters/sqlite/client.ts";
import { connectJournal, openJournal } from "#adapters/sqlite/journal-client.ts";
import { openSqlite } from "#adapters/sqlite/open.ts";
import { inLanes } from "#runtime/host/lanes.ts";
import { ClusterStore } from "#runtime/commit/cluster-store.ts";
import { sameBytes } from "#ports/commit-rules.ts";
import type { Blocks } from "#ports/blocks.ts";
import { CliError } from "../errors.ts";
import { adoptGenesis, GENESIS_FILE, holdsSwarm } from "../swarm/folder.ts";
import { finishedIn, removeCopyFile, writeCopyFile } from "./backup-file.ts";
import type { ClusterPlaces } from "./settings.ts";

const READ_RECORDS = 256;
/** Blocks that are read or written at a time. */
const BLOCKS_TOGETHER = 8;

export interface Copied {
  readonly swarm: string;
  readonly generation: number;
  readonly buckets: number;
  readonly records: number;
  readonly blocks: number;
}

interface Opened {
  readonly store: ClusterStore;
  readonly own: Blocks;
  readonly shared: NatsBlocks;
}

/** The folder's disks and the servers' stream behind one store, whose heads are the copy's. */
const withDisks = async <T>(
  dir: string,
  { nats }: ClusterPlaces,
  copy: EtcdCopy,
  run: (opened: Opened) => Promise<T>,
): Promise<T> => {
  const closing: (() => Promise<void>)[] = [];
  try {
    const journal = await openJournal(join(dir, "journal"));
    closing.unshift(() => journal.close());
    const blocks = await openSqlite(join(dir, "blocks"));
    closing.unshift(() => blocks.close());
    const stream = await NatsStream.open(nats);
    closing.unshift(() => stream.close());
    const shared = await NatsBlocks.open(nats);
    closing.unshift(() => shared.close());
    const store = new ClusterStore({
      journal: connectJournal(journal.port()),
      stream,
      consensus: {
        heads: async (buckets) => headsIn(copy, buckets),
        commit: () => Promise.reject(new Error("a copy is not written to")),
      },
    });
    closing.unshift(() => store.close());
    return await run({ store, own: connect(blocks.port()), shared });
  } finally {
    for (const close of closing) await close();
  }
};

const countOf = ({ heads }: EtcdCopy): Pick<Copied, "buckets" | "records"> => ({
  buckets: heads.length,
  records: heads.reduce((sum, { records }) => sum + records, 0),
});

/* -------------------------------------------------------------------------- backup */

/** Refuses with CLUSTER_UNFOUNDED, CLUSTER_FOREIGN, and with a Fault: RECORD_MISSING, BUS_UNREACHABLE … */
export const backUp = async (dir: string, places: ClusterPlaces): Promise<Copied> => {
  const { name: cluster, etcd: place } = places;
  const genesis = await readGenesis(place, cluster);
  if (genesis === undefined) throw new CliError("CLUSTER_UNFOUNDED", { cluster });
  if (!holdsSwarm(dir)) adoptGenesis(dir, genesis);
  else if (!sameBytes(new Uint8Array(readFileSync(join(dir, GENESIS_FILE))), genesis))
    throw new CliError("CLUSTER_FOREIGN", { path: dir, cluster });
  const swarm = swarmIdOf(decodeGenesis(genesis).name, genesis);
  // A folder that is taken anew is no backup until it is whole again: K1.
  removeCopyFile(dir);
  const copy = await readCopy({ place, cluster, swarm });
  const blocks = await withDisks(dir, places, copy, async ({ store, own, shared }) => {
    await store.bringAll();
    for (const { bucket, records } of copy.heads) {
      for (let from = 0; from < records; from += READ_RECORDS)
        await store.read(bucket, from, Math.min(READ_RECORDS, records - from));
      await store.loadSnapshot(bucket); // kept on the disk of the folder
    }
    const cids = await shared.cids();
    await inLanes(cids, BLOCKS_TOGETHER, async (cid) => {
      const bytes = (await own.has(cid)) ? undefined : await shared.get(cid);
      if (bytes !== undefined) await own.put(bytes, codecOf(cid));
    });
    return cids;
  });
  writeCopyFile(dir, { cluster, copy, blocks });
  return { swarm, generation: copy.generation, ...countOf(copy), blocks: blocks.length };
};

/* ------------------------------------------------------------------------- restore */

/**
 * For an etcd that was put back by other means: every epoch from now on is above all that there were.
 * Refuses with CLUSTER_UNFOUNDED, and with a Fault.
 */
export const raise = async ({ name: cluster, etcd: place }: ClusterPlaces): Promise<number> => {
  const genesis = await readGenesis(place, cluster);
  if (genesis === undefined) throw new CliError("CLUSTER_UNFOUNDED", { cluster });
  const swarm = swarmIdOf(decodeGenesis(genesis).name, genesis);
  const raised = await raiseGeneration({ place, cluster, swarm });
  if (raised === undefined) throw new CliError("CLUSTER_UNFOUNDED", { cluster });
  return raised;
};

/**
 * Into an etcd that holds nothing of the cluster; what NATS has stays and is added to. Refuses with
 * BACKUP_MISSING, BACKUP_INVALID, CLUSTER_NOT_EMPTY, CLUSTER_FOREIGN, and with a Fault. Again it goes on.
 */
export const restore = async (dir: string, places: ClusterPlaces): Promise<Copied> => {
  const { name: cluster, etcd: place } = places;
  const { copy, blocks, genesis } = finishedIn(dir, cluster);
  const there = await readGenesis(place, cluster);
  if (there !== undefined && !sameBytes(there, genesis))
    throw new CliError("CLUSTER_FOREIGN", { path: dir, cluster });
  const swarm = swarmIdOf(decodeGenesis(genesis).name, genesis);
  const into = { place, cluster, swarm };
  const notEmpty = (): CliError => new CliError("CLUSTER_NOT_EMPTY", { cluster, swarm });
  if ((await readCopy(into)).heads.length > 0) throw notEmpty();
  await withDisks(dir, places, copy, async ({ store, own, shared }) => {
    for (const { bucket } of copy.heads) await store.restock(bucket);
    await inLanes(blocks, BLOCKS_TOGETHER, async (cid) => {
      const bytes = (await shared.has(cid)) ? undefined : await own.get(cid);
      if (bytes !== undefined) await shared.put(bytes, codecOf(cid));
    });
  });
  const generation = await restoreCopy(into, copy, genesis);
  if (generation === undefined) throw notEmpty();
  return { swarm, generation, ...countOf(copy), blocks: blocks.length };
};
