/** The logs of a data folder, held against their own rules. */

import { signerFromSeed, type Signer } from "#envelope/keys.ts";
import { sameBytes } from "#ports/commit-rules.ts";
import type { Epoch } from "#ports/store.ts";
import { epochSecret, epochSeed } from "#runtime/threads/epoch-keys.ts";
import { CliError } from "../errors.ts";
import { recordsOf } from "../swarm/log-report.ts";
import { openReader, type Reader } from "../swarm/reader.ts";
import { Broken, type BucketChain } from "./chain.ts";
import type { Evidence } from "./evidence.ts";
import { factsOf, headerOf } from "./format.ts";
import { Inspector } from "./inspector.ts";

export interface OpenLogs extends Reader {
  /** An epoch's key follows from the operator's seed, and so does its draw secret. */
  readonly signerOf: (epoch: Epoch) => Signer;
  /** Undefined while somebody leads under it: draws to come follow from it. */
  readonly secretOf: (epoch: Epoch) => Uint8Array | undefined;
}

/** Refuses as openReader does. */
export const openLogs = async (dir: string): Promise<OpenLogs> => {
  const reader = await openReader(dir);
  const master = reader.folder.keys.seed("operator");
  return {
    ...reader,
    signerOf: (epoch) => signerFromSeed(epochSeed(master, epoch)),
    secretOf: (epoch) => (reader.hasEnded(epoch) ? epochSecret(master, epoch) : undefined),
  };
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
      const secret = chain.epoch === undefined ? undefined : logs.secretOf(chain.epoch);
      if (secret !== undefined) inspector.draws.reveal(secret);
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
    beside: { decideKeys: logs.decideKeys, block: (cid) => logs.store.get(cid) },
    close: logs.close,
  };
};
