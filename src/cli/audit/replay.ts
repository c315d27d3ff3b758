/**
 * Replay of logs that were held against their own rules: every entry that follows from others must be
 * the same, byte for byte (P2), and every message between buckets must be the one that was sent.
 */

import { BUCKETS, hex } from "#envelope/cid.ts";
import { createApplication } from "#actors/application.ts";
import type { Application } from "#runtime/bucket/application.ts";
import { ReplayDiverged } from "#runtime/bucket/replay-record.ts";
import { decodeRecord, type LogRecord } from "#runtime/log/record.ts";
import { replayLogs, type ReplayWatch, type Replayed } from "#runtime/replay/replay.ts";
import { Fault } from "#ports/faults.ts";
import { CliError } from "../errors.ts";
import { addRecord, type Report } from "../swarm/log-report.ts";
import type { DrawCounts } from "./draws.ts";
import type { Evidence } from "./evidence.ts";
import { MessageChecks, type MessageCounts } from "./messages.ts";

export interface ReplayOptions {
  /** Replay stops at the end of the record that reaches so many entries. */
  readonly at?: number;
  readonly watch?: ReplayWatch["record"];
  /** Sees each record before it is applied. */
  readonly next?: (record: LogRecord) => void;
  /** Wraps the market, to look at what it does. */
  readonly wrap?: (app: Application) => Application;
}

export interface ReplayResult {
  readonly entries: number;
  readonly stateHash: string;
  /** Each derived entry was compared; replay does not go on after one that differs. */
  readonly finalizeBytesEqual: true;
  readonly derived: number;
  readonly finalized: number;
  readonly needs: number;
  readonly signatures: number;
  readonly messages: MessageCounts;
  readonly draws: DrawCounts;
}

export interface ReplayDone {
  readonly result: ReplayResult;
  readonly report: Report;
  readonly replayed: Replayed;
}

/** Throws CliError REPLAY_DIVERGED. */
export const replayEvidence = async (
  evidence: Evidence,
  options: ReplayOptions = {},
): Promise<ReplayDone> => {
  const report: Report = { needs: new Map(), agents: new Map() };
  const messages = new MessageChecks();
  const buckets = Array.from({ length: BUCKETS + 1 }, (_, bucket) => bucket);
  const market = createApplication(evidence.header.genesisBytes);
  let last: LogRecord | undefined;
  let derived = 0;
  let finalized = 0;
  let replayed: Replayed;
  try {
    replayed = await replayLogs(
      options.wrap?.(market) ?? market,
      buckets,
      async function* (bucket) {
        for await (const bytes of evidence.log(bucket)) {
          last = decodeRecord(bytes);
          options.next?.(last);
          yield bytes;
        }
      },
      {
        ...(options.at === undefined ? {} : { entriesMax: options.at }),
        record: (record, state, outputs) => {
          addRecord(report, record);
          messages.add(record, outputs);
          for (const entry of record.entries) {
            if (entry.kind !== "derived") continue;
            derived += 1;
            if (entry.verb === "FINALIZE") finalized += 1;
          }
          options.watch?.(record, state, outputs);
        },
      },
    );
    if (options.at === undefined) {
      messages.finish();
      checkHeads(evidence, replayed);
    }
  } catch (error) {
    throw diverged(error, last, evidence);
  }
  const result: ReplayResult = {
    entries: replayed.entries,
    stateHash: replayed.stateHash,
    finalizeBytesEqual: true,
    derived,
    finalized,
    needs: report.needs.size,
    signatures: evidence.signatures,
    messages: messages.counts,
    draws: evidence.draws,
  };
  return { result, report, replayed };
};

/** What was replayed is what was checked before. */
const checkHeads = ({ heads }: Evidence, { buckets }: Replayed): void => {
  for (const { bucket, hash, size } of heads) {
    const state = buckets.get(bucket);
    if (state === undefined || hex(state.hash) !== hex(hash))
      throw new ReplayDiverged(bucket, size, "the log changed while it was read");
  }
};

const PREFIX = /^bucket \d+, position \d+: /;

/**
 * Whatever stops a replay is a divergence: the leader that wrote the log got through it. A throw from
 * inside the market counts as one at the record that it was applying.
 */
const diverged = (error: unknown, last: LogRecord | undefined, evidence: Evidence): unknown => {
  if (error instanceof Fault || error instanceof CliError || !(error instanceof Error))
    return error;
  const isTold = error instanceof ReplayDiverged;
  const bucket = isTold ? error.bucket : (last?.bucket ?? 0);
  const position = isTold ? error.position : (last?.first ?? 0);
  const isHere = last?.bucket === bucket && position >= last.first;
  const line = isHere ? evidence.lineOf(bucket, last.index) : undefined;
  const why = error.message.replace(PREFIX, "");
  return new CliError(
    "REPLAY_DIVERGED",
    { bucket, position, reason: line === undefined ? why : `line ${line}: ${why}` },
    { cause: error },
  );
};
