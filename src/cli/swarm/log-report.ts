/** What the logs of a folder say about its needs and agents: read, never asked of anybody. */

import { decodeEnvelope } from "#envelope/envelope.ts";
import { BUCKETS } from "#envelope/cid.ts";
import type { CommitBody, DecideBody, EndBody } from "#protocol/bodies.ts";
import type { Store } from "#ports/store.ts";
import { decodeRecord, type LogRecord } from "#runtime/log/record.ts";

export interface NeedStory {
  readonly need: string;
  readonly postedAtMs: number;
  decidedAtMs: number | undefined;
  endedAtMs: number | undefined;
  /** Outcome of each attempt, in order, with the worker where there was one. */
  readonly attempts: {
    readonly outcome: string;
    readonly worker: string | undefined;
    readonly reason: string | undefined;
  }[];
  /** Outputs of COMMITs that travelled inside them, by artifact. */
  readonly outputs: Map<string, unknown>;
}

export interface AgentStory {
  won: number;
  finalized: number;
  earned: bigint;
  slashed: bigint;
}

export interface Report {
  readonly needs: Map<string, NeedStory>;
  readonly agents: Map<string, AgentStory>;
}

/** Records read at a time. */
const READ = 512;

export async function* recordsOf(
  store: Pick<Store, "read">,
  bucket: number,
): AsyncGenerator<Uint8Array> {
  for (let index = 0; ;) {
    const chunk = await store.read(bucket, index, READ);
    if (chunk.length === 0) return;
    yield* chunk;
    index += chunk.length;
  }
}

export const reportOf = async (store: Pick<Store, "read">): Promise<Report> => {
  const report: Report = { needs: new Map(), agents: new Map() };
  for (let bucket = 0; bucket < BUCKETS; bucket += 1)
    for await (const bytes of recordsOf(store, bucket)) addRecord(report, decodeRecord(bytes));
  return report;
};

const agentOf = (report: Report, did: string): AgentStory => {
  let story = report.agents.get(did);
  if (story === undefined) {
    story = { won: 0, finalized: 0, earned: 0n, slashed: 0n };
    report.agents.set(did, story);
  }
  return story;
};

const ENDS = new Set(["FINALIZE", "REJECT", "RELEASE", "INVALIDATE", "CLOSE"]);

const addRecord = (report: Report, record: LogRecord): void => {
  for (const entry of record.entries) {
    if (entry.kind === "envelope") {
      const envelope = decodeEnvelope(entry.signed.bytes);
      if (envelope.verb === "NEED")
        report.needs.set(entry.signed.id, {
          need: entry.signed.id,
          postedAtMs: record.atMs,
          decidedAtMs: undefined,
          endedAtMs: undefined,
          attempts: [],
          outputs: new Map(),
        });
      else if (envelope.verb === "COMMIT") {
        const { need, artifact, output } = envelope.body as CommitBody;
        if (output !== undefined) report.needs.get(need)?.outputs.set(artifact, output);
      }
    } else if (entry.kind === "derived") addDerived(report, entry.verb, entry.body, record.atMs);
  }
};

const addDerived = (report: Report, verb: string, body: unknown, atMs: number): void => {
  if (verb === "DECIDE") {
    const { need, worker } = body as DecideBody;
    const story = report.needs.get(need);
    if (story !== undefined) story.decidedAtMs ??= atMs;
    agentOf(report, worker).won += 1;
    return;
  }
  if (!ENDS.has(verb)) return;
  const { need, outcome, worker, last, reason, paid } = body as EndBody;
  const story = report.needs.get(need);
  story?.attempts.push({ outcome, worker, reason });
  if (story !== undefined && last) story.endedAtMs = atMs;
  if (verb === "FINALIZE" && worker !== undefined) agentOf(report, worker).finalized += 1;
  for (const { to, amount, why } of paid ?? []) addPaid(agentOf(report, to), BigInt(amount), why);
};

/** Earned is what came out of the escrow for work or votes; what was one's own comes back as itself. */
const addPaid = (story: AgentStory, amount: bigint, why: string): void => {
  if (!why.includes("back") && !why.includes("rest") && !why.includes("return"))
    story.earned += amount;
};
