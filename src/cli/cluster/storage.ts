/**
 * What one thread of a supervisor in a cluster reads and writes: its own connections to etcd and NATS,
 * and ports to the two disks of the process. Loaded by host threads by its URL.
 */

import type { MessagePort } from "node:worker_threads";
import { EtcdConsensus } from "#adapters/etcd/consensus.ts";
import type { SeenRevision } from "#adapters/etcd/session.ts";
import { NatsBlocks } from "#adapters/nats/blocks.ts";
import { NatsStream } from "#adapters/nats/stream.ts";
import { connect } from "#adapters/sqlite/client.ts";
import { connectJournal } from "#adapters/sqlite/journal-client.ts";
import { systemClock } from "#adapters/system/clock.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { Store } from "#ports/store.ts";
import { ClusterStore } from "#runtime/commit/cluster-store.ts";
import { BlockRestock, documentOf, sharedBlocks } from "./blocks.ts";
import { patiently, waitingText } from "./patience.ts";
import type { ClusterPlaces } from "./settings.ts";

export interface StorageInit {
  readonly places: ClusterPlaces;
  /** The id of the swarm. */
  readonly swarm: string;
  /** As in EtcdConsensus; of whoever joins. */
  readonly seen?: SeenRevision;
}

export interface Disks {
  readonly journal: MessagePort;
  readonly blocks: MessagePort;
}

export interface OpenedStorage {
  readonly store: ClusterStore;
  readonly blocks: Blocks;
  readonly consensus: EtcdConsensus;
  /** What NATS has lost of the own blocks is put back; how many. */
  readonly restockBlocks: () => Promise<number>;
  close(): Promise<void>;
}

/**
 * Rejects with a Fault where NATS lets nobody in, and leaves nothing open; etcd is asked when it is needed.
 */
export const openStorage = async (
  { journal, blocks }: Disks,
  { places, swarm, seen }: StorageInit,
): Promise<OpenedStorage> => {
  const consensus = new EtcdConsensus({ ...places.etcd, swarm }, seen);
  const [stream, shared] = await Promise.allSettled([
    NatsStream.open(places.nats),
    NatsBlocks.open(places.nats),
  ]);
  if (stream.status === "rejected" || shared.status === "rejected") {
    if (stream.status === "fulfilled") await stream.value.close();
    if (shared.status === "fulfilled") await shared.value.close();
    await consensus.close();
    throw stream.status === "rejected" ? stream.reason : (shared as PromiseRejectedResult).reason;
  }
  return storageOver(
    { consensus, stream: stream.value, shared: shared.value },
    { journal, blocks },
  );
};

interface Servers {
  readonly consensus: EtcdConsensus;
  readonly stream: NatsStream;
  readonly shared: NatsBlocks;
}

const storageOver = (
  { consensus, stream, shared }: Servers,
  { journal, blocks }: Disks,
): OpenedStorage => {
  const store = new ClusterStore({ journal: connectJournal(journal), stream, consensus });
  const own = connect(blocks);
  const restock = new BlockRestock(own, shared);
  return {
    store,
    blocks: sharedBlocks(own, shared),
    consensus,
    restockBlocks: () => restock.run(),
    close: async () => {
      await Promise.all([store.close(), stream.close(), shared.close(), consensus.close()]);
    },
  };
};

/**
 * For a host thread: `runtime/threads/host-thread.ts`. One that is started anew while NATS is away waits for
 * it, as threads that were up before do: as a crash it would count against those the tree allows, and then
 * take the other threads down with it.
 */
export const storage = async (
  [journal, blocks]: readonly MessagePort[],
  init: unknown,
): Promise<Store & Blocks> => {
  if (journal === undefined || blocks === undefined) throw new Error("no ports to the disks");
  const opened = await patiently(
    systemClock(),
    () => openStorage({ journal, blocks }, init as StorageInit),
    (fault) => void process.stderr.write(`a thread waits: ${waitingText(fault)}\n`),
  );
  const { store } = opened;
  return {
    lead: () => Promise.reject(new Error("leadership is won, not asked for")),
    head: (bucket) => store.head(bucket),
    read: (...args) => store.read(...args),
    commit: (writes) => store.commit(writes),
    loadSnapshot: (bucket) => store.loadSnapshot(bucket),
    saveSnapshot: (snapshot) => store.saveSnapshot(snapshot),
    close: () => opened.close(),
    ...opened.blocks,
    get: (cid) => documentOf(opened.blocks, cid),
  };
};
