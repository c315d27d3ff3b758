/** The Store and Blocks ports over the embedded store, in the thread that owns it. */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { checkedBlock, cidOfBlock } from "#ports/block-cid.ts";
import { CIDS_MAX, type ListedBlocks } from "#ports/blocks.ts";
import { Fault } from "#ports/faults.ts";
import type { Store } from "#ports/store.ts";
import { BlockFiles } from "./block-files.ts";
import { GroupCommit } from "./group-commit.ts";
import { SqliteStoreCore, type Change, type Changed } from "./store.ts";

/** Blocks up to this many bytes lie in the database; larger ones would swell its log. 64 KiB. */
export const BLOCK_INLINE_BYTES_MAX = 64 * 1024;

/** Blocks whose CID the caller has computed, as they are kept. */
export interface RawBlocks {
  putBlock(cid: string, bytes: Uint8Array): Promise<void>;
  getBlock(cid: string): Promise<Uint8Array | undefined>;
  hasBlock(cid: string): Promise<boolean>;
  /** As `cids` of ListedBlocks, after this text. */
  listBlocks(after: string): Promise<readonly string[]>;
}

/** The Blocks port over blocks as they are kept: sizes and CIDs are checked where the caller is. */
export const blocksOver = (raw: RawBlocks): ListedBlocks => ({
  put: async (bytes, codec) => {
    const cid = cidOfBlock(bytes, codec);
    await raw.putBlock(cid, bytes);
    return cid;
  },
  get: async (cid) => {
    const bytes = await raw.getBlock(cid);
    return bytes === undefined ? undefined : checkedBlock(cid, bytes);
  },
  has: (cid) => raw.hasBlock(cid),
  cids: (after = "") => raw.listBlocks(after),
});

const expected = <K extends Changed["kind"]>(
  changed: Changed,
  kind: K,
): Extract<Changed, { kind: K }> => {
  if (changed.kind === "failed") throw changed.error;
  if (changed.kind !== kind) throw new Error(`answered ${changed.kind} instead of ${kind}`);
  return changed as Extract<Changed, { kind: K }>;
};

type Group = GroupCommit<Change, Changed>;

const rawBlocks = (core: SqliteStoreCore, group: Group, files: BlockFiles): RawBlocks => {
  const failed = (error: unknown): never => {
    if (error instanceof Fault) throw error;
    const text = error instanceof Error ? error.message : String(error);
    throw new Fault("STORE_FAILED", `a block file: ${text}`, { cause: error });
  };
  return {
    putBlock: async (cid, bytes) => {
      if (bytes.byteLength > BLOCK_INLINE_BYTES_MAX) await files.put(cid, bytes).catch(failed);
      else expected(await group.submit({ kind: "block", cid, bytes }), "done");
    },
    getBlock: async (cid) => core.block(cid) ?? (await files.get(cid).catch(failed)),
    hasBlock: async (cid) => core.hasBlock(cid) || (await files.has(cid).catch(failed)),
    listBlocks: async (after) => {
      const large = (await files.cids().catch(failed)).filter((cid) => cid > after);
      return [...core.blockCids(after, CIDS_MAX), ...large].toSorted().slice(0, CIDS_MAX);
    },
  };
};

/** Opens the folder in this thread. Refuses with DATA_IN_USE, DATA_TOO_NEW or STORE_CORRUPT. */
export const openInThread = (dir: string): Store & RawBlocks => {
  const core = SqliteStoreCore.open(dir);
  const group: Group = new GroupCommit(core);
  const blocksDir = join(dir, "blocks");
  mkdirSync(blocksDir, { recursive: true });
  // Left by a crash in the middle of a write; nobody else writes here while the lock is held.
  for (const name of readdirSync(blocksDir)) {
    if (name.endsWith(".tmp")) rmSync(join(blocksDir, name));
  }
  const submit = (change: Change) => group.submit(change);
  return {
    lead: async (buckets) => expected(await submit({ kind: "lead", buckets }), "lead").epoch,
    head: async (bucket) => core.head(bucket),
    read: async (bucket, from, limit) => core.read(bucket, from, limit),
    commit: async (writes) => expected(await submit({ kind: "commit", writes }), "commit").outcomes,
    loadSnapshot: async (bucket) => core.loadSnapshot(bucket),
    saveSnapshot: async (snapshot) =>
      void expected(await submit({ kind: "snapshot", snapshot }), "done"),
    close: async () => group.close(),
    ...rawBlocks(core, group, new BlockFiles(blocksDir)),
  };
};
