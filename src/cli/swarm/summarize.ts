/** The summary of a run: what the logs, the books and the registry say, under the names of AGENTS.json. */

import { encode } from "#envelope/canonical.ts";
import { BUCKETS, hex, sha256 } from "#envelope/cid.ts";
import type { AgentRow } from "#domain/registry/snapshot.ts";
import { reputationPpm } from "#domain/registry/reputation.ts";
import type { Ended } from "#agent/requester.ts";
import { formatCredits } from "#protocol/amount.ts";
import type { BooksStatus } from "#actors/queries.ts";
import type { AgentSummary, Percentiles, RunSummary, TaskSummary } from "../summary.ts";
import type { Member } from "./accounts.ts";
import type { HiredStats } from "./agents-thread.ts";
import type { RunningSwarm } from "./running-swarm.ts";
import { reportOf, type Report } from "./log-report.ts";
import type { Posted } from "./outbox.ts";

/** Parts per million in one. */
const MILLION = 1_000_000;

export interface RunResult {
  readonly summary: RunSummary;
  readonly report: Report;
  /** Milliseconds from sending to the end, by need, of those that ended in this run. */
  readonly latencies: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<string, string>;
}

export interface Outcome {
  readonly posted: readonly Posted[];
  readonly ended: ReadonlyMap<string, Ended>;
  readonly latencies: ReadonlyMap<string, number>;
  readonly busMs: readonly number[];
  readonly durationMs: number;
}

export const namesOf = (
  swarm: RunningSwarm,
  members: readonly Member[],
): ReadonlyMap<string, string> =>
  new Map([
    ...members.map((member) => [member.signer.did, member.name] as const),
    [swarm.folder.operator.did, "operator"] as const,
  ]);

export const summarize = async (
  swarm: RunningSwarm,
  requester: Member,
  agents: readonly Member[],
  outcome: Outcome,
): Promise<RunResult> => {
  const report = await reportOf(swarm.store);
  const books = await swarm.system<BooksStatus>("books");
  const rows = await swarm.system<readonly AgentRow[]>("agents");
  if (books === undefined || rows === undefined)
    throw new Error("the system bucket is not led here");
  const names = namesOf(swarm, [requester, ...agents]);
  const tasks = outcome.posted.map((posted) => taskOf(posted, outcome, report, names));
  const outcomes: Record<string, number> = {};
  for (const task of tasks) outcomes[task.outcome] = (outcomes[task.outcome] ?? 0) + 1;
  const decideMs = [...report.needs.values()].flatMap((story) =>
    story.decidedAtMs === undefined ? [] : [story.decidedAtMs - story.postedAtMs],
  );
  const here = outcome.latencies.size;
  const stats = (await swarm.agents?.stats()) ?? [];
  const summary: RunSummary = {
    needs: tasks.length,
    finalized: outcomes["finalized"] ?? 0,
    outcomes,
    durationMs: Math.round(outcome.durationMs),
    tasksPerSecond: outcome.durationMs === 0 ? 0 : round((here * 1000) / outcome.durationMs),
    latencyMs: percentiles([...outcome.latencies.values()]),
    decideMs: percentiles(decideMs),
    busMs: percentiles(outcome.busMs),
    credits: creditsOf(books, names),
    agents: agents.map((member) => agentOf(member, report, rows, stats)),
    tasks,
    stateHash: await stateHashOfHosts(swarm),
  };
  return { summary, report, latencies: outcome.latencies, names };
};

const taskOf = (
  { id, need }: Posted,
  outcome: Outcome,
  report: Report,
  names: ReadonlyMap<string, string>,
): TaskSummary => {
  const ended = outcome.ended.get(need);
  if (ended === undefined) return { id, need, outcome: "open", attempts: 0 };
  const { artifact, refused, worker } = ended;
  const story = report.needs.get(need);
  const price = worker === undefined ? undefined : story?.price;
  const output =
    ended.output ?? (artifact === undefined ? undefined : story?.outputs.get(artifact));
  return {
    id,
    need,
    outcome: ended.outcome,
    attempts: ended.attempts,
    ...(worker === undefined ? {} : { worker: names.get(worker) ?? worker }),
    ...(price === undefined ? {} : { price: formatCredits(price) }),
    ...(refused === undefined ? {} : { refused }),
    ...(output === undefined ? {} : { output }),
    ...(artifact === undefined || output !== undefined ? {} : { artifact }),
  };
};

const agentOf = (
  { name, signer, body }: Member,
  report: Report,
  rows: readonly AgentRow[],
  stats: readonly HiredStats[],
): AgentSummary => {
  const story = report.agents.get(signer.did);
  const row = rows.find((agent) => agent.did === signer.did);
  const evidence = row?.reputation[body.manifest.capabilities[0] ?? ""];
  return {
    name,
    did: signer.did,
    won: story?.won ?? 0,
    finalized: story?.finalized ?? 0,
    earned: formatCredits(story?.earned ?? 0n),
    slashed: formatCredits(story?.slashed ?? 0n),
    reputation: reputationPpm(evidence) / MILLION,
    events: stats.find((one) => one.name === name)?.events ?? {},
  };
};

/** Each account with what it holds and what it has staked. */
const creditsOf = (
  books: BooksStatus,
  names: ReadonlyMap<string, string>,
): RunSummary["credits"] => {
  const balances = new Map<string, bigint>();
  for (const [did, amount] of [...books.balances, ...books.stakes]) {
    const name = names.get(did) ?? did;
    balances.set(name, (balances.get(name) ?? 0n) + amount);
  }
  return {
    minted: formatCredits(books.minted),
    balances: Object.fromEntries(
      [...balances].map(([name, amount]) => [name, formatCredits(amount)]),
    ),
    burned: formatCredits(books.burned),
    conserved: books.total === books.minted,
  };
};

/** SHA-256 over the sorted (bucket, actor, state) of all hosts (protocol section 16). */
export const stateHashOfHosts = async (swarm: RunningSwarm): Promise<string> => {
  const rows = await swarm.queryAll("canonical");
  const all = (rows as (readonly [number, string, Uint8Array])[][]).flat();
  all.sort((a, b) => a[0] - b[0]);
  if (all.some(([bucket]) => bucket > BUCKETS))
    throw new Error("a bucket beyond the system bucket");
  return hex(sha256(encode(all)));
};

const round = (value: number): number => Math.round(value * 100) / 100;

export const percentiles = (values: readonly number[]): Percentiles => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
};
