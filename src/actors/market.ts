/** What every actor of the market is given when it is built: the genesis and what follows from it. */

import type { Genesis, Parameters } from "#domain/genesis/genesis.ts";
import type { AgentRow, RegistrySnapshot } from "#domain/registry/snapshot.ts";
import type { NeedBody } from "#protocol/bodies.ts";
import type { Did, LogMs, Tier } from "#protocol/words.ts";
import type { BucketView } from "#runtime/bucket/application.ts";
import { needRow } from "./names.ts";

export interface Market {
  readonly genesis: Genesis;
  readonly parameters: Parameters;
  readonly swarm: string;
}

/** The row that is kept of a live need. */
export interface NeedSpec {
  readonly body: NeedBody;
  readonly requester: Did;
  readonly tier: Tier;
  readonly kPlan: number;
  readonly kResult: number;
  /** Hex content hash for the ledger's idempotence by key. */
  readonly content: string;
  readonly postedAtMs: LogMs;
}

export const specOf = (view: BucketView, need: string): NeedSpec => {
  const spec = view.row(needRow(need));
  if (spec === undefined) throw new Error(`no row of need ${need}`);
  return spec as NeedSpec;
};

export interface Directory {
  readonly snapshot: RegistrySnapshot;
  readonly rows: ReadonlyMap<Did, AgentRow>;
}

export const directoryOf = (snapshot: RegistrySnapshot): Directory => ({
  snapshot,
  rows: new Map(snapshot.agents.map((row) => [row.did, row])),
});

/** The registry this bucket has pinned, or undefined before the first pin. */
export const pinnedDirectory = (view: BucketView): Directory | undefined =>
  view.pinned?.document as Directory | undefined;

/** Draws and rankings wait where the pinned registry is too old (protocol section 5). */
export const freshDirectory = (view: BucketView, parameters: Parameters): Directory | undefined => {
  const pinned = view.pinned;
  if (pinned === undefined || view.atMs - pinned.receivedAtMs > parameters.registryMaxAgeMs)
    return undefined;
  return pinned.document as Directory;
};

/** System-bucket T as far as this bucket can know it: of the snapshot, for recency only. */
export const registryTime = (directory: Directory): LogMs => directory.snapshot.atMs;
