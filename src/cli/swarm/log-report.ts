/** What the logs of a folder say about its needs and agents: read, never asked of anybody. */

import { decodeEnvelope } from "#envelope/envelope.ts";
import { BUCKETS } from "#envelope/cid.ts";
import type { AttestBody, CommitBody, DecideBody, EndBody, NeedBody } from "#protocol/bodies.ts";
import { ENDS } from "#protocol/ends.ts";
import type { Store } from "#ports/store.ts";
import { inLanes } from "#runtime/host/lanes.ts";
import { decodeRecord, type LogRecord } from "#runtime/log/record.ts";

export interface AttemptStory {
  readonly outcome: string;
  readonly worker: string | undefined;
  /** Why it ended so, in the bucket's words. */
  readonly reason: string | undefined;
  /** What verifiers said who failed its result. */
  readonly objections: readonly string[];
  /** Micro-credits that its worker got. */
  readonly earned: bigint;
}

export interface NeedStory {
  readonly need: string;
  readonly key: string;
  readonly requester: string;
  readonly capability: string;
  readonly bounty: bigint;
  readonly postedAtMs: number;
  decidedAtMs: number | undefined;
  /** Micro-credits that were agreed on with the worker of the last attempt; undefined: none was awarded. */
  price: bigint | undefined;
  endedAtMs: number | undefined;
  /** Ended attempts, in order. */
  readonly attempts: AttemptStory[];
  /** Of the attempt that goes on. */
  objections: string[];
  /** Outputs of COMMITs that travelled inside them, by artifact. */
  readonly outputs: Map<string, unknown>;
  /** The result that was finalized. */
  artifact: string | undefined;
}

export interface AgentStory {
  won: number;
  finalized: number;
  /** Micro-credits out of escrows and other agents' bonds; what was its own comes back as itself. */
  earned: bigint;
  /** Micro-credits of its bonds and exposures that did not come back. */
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

/** Buckets whose chains are walked side by side. */
const WALKED_AT_A_TIME = 16;

/** In a cluster what the own disk lacks comes first, all of it. */
export type LogStore = Pick<Store, "read"> & { readonly bringAll?: () => Promise<void> };

/**
 * In a cluster the first read of a bucket walks its chain from the head: of several side by side, and what
 * is read then lies on the own disk.
 */
export const walkAll = async (store: LogStore): Promise<void> => {
  await store.bringAll?.();
  await inLanes(
    Array.from({ length: BUCKETS + 1 }, (_, bucket) => bucket),
    WALKED_AT_A_TIME,
    async (bucket) => void (await store.read(bucket, 0, 1)),
  );
};

export const reportOf = async (store: LogStore): Promise<Report> => {
  await walkAll(store);
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

/** Also usable record by record, while a log is read for something else. */
export const addRecord = (report: Report, record: LogRecord): void => {
  for (const entry of record.entries) {
    if (entry.kind === "envelope") {
      const { verb, from, body } = decodeEnvelope(entry.signed.bytes);
      const { id } = entry.signed;
      if (verb === "NEED") report.needs.set(id, opened(id, from, body as NeedBody, record.atMs));
      else if (verb === "COMMIT") {
        const { need, artifact, output } = body as CommitBody;
        if (output !== undefined) report.needs.get(need)?.outputs.set(artifact, output);
      } else if (verb === "ATTEST") {
        const { need, verdict, reason } = body as AttestBody;
        if (verdict === "fail") report.needs.get(need)?.objections.push(reason ?? "no reason");
      }
    } else if (entry.kind === "derived") addDerived(report, entry.verb, entry.body, record.atMs);
  }
};

const opened = (need: string, requester: string, body: NeedBody, atMs: number): NeedStory => ({
  need,
  key: body.key,
  requester,
  capability: body.capability,
  bounty: BigInt(body.bounty),
  postedAtMs: atMs,
  decidedAtMs: undefined,
  price: undefined,
  endedAtMs: undefined,
  attempts: [],
  objections: [],
  outputs: new Map(),
  artifact: undefined,
});

const addDerived = (report: Report, verb: string, body: unknown, atMs: number): void => {
  if (verb === "DECIDE") {
    const { need, worker, price } = body as DecideBody;
    const story = report.needs.get(need);
    if (story !== undefined) {
      story.decidedAtMs ??= atMs;
      story.price = BigInt(price);
    }
    agentOf(report, worker).won += 1;
  } else if (ENDS.has(verb)) addEnd(report, verb, body as EndBody, atMs);
};

const addEnd = (report: Report, verb: string, body: EndBody, atMs: number): void => {
  const { need, outcome, worker, last, reason, artifact, paid = [], taken = [] } = body;
  const story = report.needs.get(need);
  if (story !== undefined) {
    const earned = paid
      .filter(({ to, own }) => to === worker && own === undefined)
      .reduce((sum, { amount }) => sum + BigInt(amount), 0n);
    story.attempts.push({ outcome, worker, reason, objections: story.objections, earned });
    story.objections = [];
    if (last) story.endedAtMs = atMs;
    if (verb === "FINALIZE") story.artifact = artifact;
  }
  if (verb === "FINALIZE" && worker !== undefined) agentOf(report, worker).finalized += 1;
  for (const { to, amount, own } of paid)
    if (own === undefined) agentOf(report, to).earned += BigInt(amount);
  for (const { from, amount } of taken) agentOf(report, from).slashed += BigInt(amount);
};
