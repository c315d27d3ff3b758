/** A data folder that nobody runs, opened to be read: nothing is led, nothing is appended. */

import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import { connect } from "#adapters/sqlite/client.ts";
import { decideKeysIn } from "#adapters/sqlite/decides.ts";
import { openSqlite } from "#adapters/sqlite/open.ts";
import { sameBytes } from "#ports/commit-rules.ts";
import type { Blocks } from "#ports/blocks.ts";
import type { Epoch, Store } from "#ports/store.ts";
import { epochSecret, epochSeed } from "#runtime/threads/epoch-keys.ts";
import { CliError } from "../errors.ts";
import { holdsSwarm, openFolder, type Folder } from "../swarm/folder.ts";
import { recordsOf } from "../swarm/log-report.ts";
import { Broken, type BucketChain } from "./chain.ts";
import type { Evidence } from "./evidence.ts";
import { factsOf, headerOf } from "./format.ts";
import { Inspector } from "./inspector.ts";

export interface OpenLogs {
  readonly folder: Folder;
  readonly store: Pick<Store & Blocks, "read" | "head" | "get">;
  /** The keys and draw secrets of an epoch that has ended follow from the operator's seed. */
  readonly signerOf: (epoch: Epoch) => Signer;
  readonly secretOf: (epoch: Epoch) => Uint8Array;
  readonly close: () => Promise<void>;
}

/** Refuses with DATA_MISSING, DATA_IN_USE, KEY_MISSING, STORE_CORRUPT. */
export const openLogs = async (dir: string): Promise<OpenLogs> => {
  if (!holdsSwarm(dir)) throw new CliError("DATA_MISSING", { path: dir });
  const sqlite = await openSqlite(dir);
  try {
    const folder = openFolder(dir, undefined);
    const master = folder.keys.seed("operator");
    return {
      folder,
      store: connect(sqlite.port()),
      signerOf: (epoch) => signerFromSeed(epochSeed(master, epoch)),
      secretOf: (epoch) => epochSecret(master, epoch),
      close: () => sqlite.close(),
    };
  } catch (error) {
    await sqlite.close();
    throw error;
  }
};

/** Throws CliError LOG_MISSING where the records do not lead to the head. */
export const checkHead = async (logs: OpenLogs, chain: BucketChain): Promise<void> => {
  const { bucket, records, hash } = chain;
  const head = await logs.store.head(bucket);
  if (head.records !== records || !sameBytes(head.hash, hash))
    throw new CliError("LOG_MISSING", { bucket, reason: "its records do not lead to its head" });
};

export const logMissing = (error: unknown): unknown =>
  error instanceof Broken
    ? new CliError("LOG_MISSING", { bucket: error.bucket ?? 0, reason: error.reason })
    : error;

/** The folder's logs, held against their own rules. It stays open until `close`. */
export const readFolder = async (dir: string): Promise<Evidence> => {
  const logs = await openLogs(dir);
  const inspector = new Inspector(headerOf(logs.folder.genesisBytes));
  try {
    for (const chain of inspector.chains) {
      for await (const bytes of recordsOf(logs.store, chain.bucket))
        await inspector.add(chain.bucket, bytes);
      await checkHead(logs, chain);
      if (chain.epoch !== undefined) inspector.draws.reveal(logs.secretOf(chain.epoch));
    }
    await inspector.signatures.finish();
  } catch (error) {
    await inspector.signatures.close();
    await logs.close();
    throw logMissing(error);
  }
  await inspector.signatures.close();
  const { verdicts, counts } = inspector.verdicts();
  return {
    path: dir,
    kind: "folder",
    header: inspector.header,
    heads: inspector.chains.map(factsOf),
    signatures: inspector.signatures.count,
    draws: counts,
    drawVerdicts: verdicts,
    log: (bucket) => recordsOf(logs.store, bucket),
    lineOf: () => undefined,
    beside: { decideKeys: () => decideKeysIn(dir), block: (cid) => logs.store.get(cid) },
    close: logs.close,
  };
};
