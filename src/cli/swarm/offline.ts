/**
 * A data folder that nobody runs, read: its logs are replayed, nothing is written, nothing is led. A
 * folder in use is refused with DATA_IN_USE: its supervisor is the one to ask.
 */

import { BUCKETS, SYSTEM_BUCKET } from "#envelope/cid.ts";
import { createApplication } from "#actors/application.ts";
import { LEDGER, needActor, REGISTRY } from "#actors/names.ts";
import type { LedgerState } from "#domain/ledger/ledger.ts";
import { rowsOf, type RegistryState } from "#domain/registry/registry.ts";
import type { AgentRow } from "#domain/registry/snapshot.ts";
import { stageOf } from "#machines/need-thread/need-thread.stage.ts";
import type { LogRecord } from "#runtime/log/record.ts";
import { replayLogs, type Replayed } from "#runtime/replay/replay.ts";
import { bucketOf } from "#envelope/cid.ts";
import type { Folder } from "./folder.ts";
import { addRecord, recordsOf, type Report } from "./log-report.ts";
import { openReader } from "./reader.ts";

export interface Offline {
  readonly folder: Folder;
  readonly report: Report;
  readonly replayed: Replayed;
  readonly books: LedgerState | undefined;
  readonly agents: readonly AgentRow[];
  /** Names of accounts by did, as the registry and the genesis have them. */
  readonly names: ReadonlyMap<string, string>;
}

export interface OfflineWatch {
  readonly record?: (record: LogRecord) => void;
}

/** Refuses with DATA_MISSING, DATA_IN_USE, STORE_CORRUPT; throws ReplayDiverged. */
export const readOffline = async (dir: string, watch: OfflineWatch = {}): Promise<Offline> => {
  const { folder, store, close } = await openReader(dir);
  try {
    const report: Report = { needs: new Map(), agents: new Map() };
    const buckets = Array.from({ length: BUCKETS + 1 }, (_, bucket) => bucket);
    const replayed = await replayLogs(
      createApplication(folder.genesisBytes),
      buckets,
      (bucket) => recordsOf(store, bucket),
      {
        record: (record) => {
          addRecord(report, record);
          watch.record?.(record);
        },
      },
    );
    const system = replayed.buckets.get(SYSTEM_BUCKET);
    const registry = system?.actors.get(REGISTRY)?.state as RegistryState | undefined;
    const agents = registry === undefined ? [] : rowsOf(registry);
    return {
      folder,
      report,
      replayed,
      books: system?.actors.get(LEDGER)?.state as LedgerState | undefined,
      agents,
      names: new Map([
        ...agents.map(({ did, name }) => [did, name] as const),
        [folder.operator.did, "operator"] as const,
      ]),
    };
  } finally {
    await close();
  }
};

/** The stage of protocol section 4, or the outcome it ended with; undefined for a need never opened. */
export const standingOf = ({ report, replayed }: Offline, need: string): string | undefined => {
  const story = report.needs.get(need);
  if (story === undefined) return undefined;
  if (story.endedAtMs !== undefined) return story.attempts.at(-1)?.outcome ?? "closed";
  const state = replayed.buckets.get(bucketOf(need))?.actors.get(needActor(need))?.state;
  return state === undefined ? "closed" : stageOf(state as Parameters<typeof stageOf>[0]);
};
