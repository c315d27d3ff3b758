/** `canswarm run`: posts every task, runs the agents, waits for the outcomes, sums up. */

import { encode } from "#envelope/canonical.ts";
import { cidOf, hex, sha256, bucketOf, BUCKETS } from "#envelope/cid.ts";
import { fundingAmount } from "#domain/ledger/funding.ts";
import { quorumSize } from "#domain/market/quorum-size.ts";
import type { RegistrySnapshot } from "#domain/registry/snapshot.ts";
import { reputationPpm } from "#domain/registry/reputation.ts";
import { Requester, type Ended } from "#agent/requester.ts";
import type { AgentClient, Prepared } from "#agent/client.ts";
import type { NeedBody } from "#protocol/bodies.ts";
import { formatCredits } from "#protocol/amount.ts";
import type { BooksStatus, NeedStatus } from "#actors/queries.ts";
import { CliError } from "../errors.ts";
import type { AgentSpec } from "../input/agents.ts";
import { loadInput, type TaskLine } from "../input/tasks.ts";
import type { RunSummary } from "../summary.ts";
import {
  enrol,
  clientFor,
  memberOf,
  Operator,
  registryReady,
  requesterMember,
  type Member,
} from "./accounts.ts";
import type { EmbeddedSwarm } from "./embedded.ts";
import { reportOf, type Report } from "./log-report.ts";
import { appendOutbox, readOutbox, type Batch, type Posted } from "./outbox.ts";

/** Inputs up to this many bytes travel inside NEED; larger ones as a block. */
export const INPUT_INLINE_BYTES_MAX = 32 * 1024;
/** Needs signed and stored together. */
export const BATCH_NEEDS_MAX = 4_096;

export interface RunOptions {
  readonly swarm: EmbeddedSwarm;
  readonly tasks: readonly TaskLine[];
  readonly agents: readonly AgentSpec[];
  /** Folder in which the agents' programs run. */
  readonly folder: string;
  readonly events: RunEvents;
}

export interface RunEvents {
  readonly posted: (id: string) => void;
  readonly ended: (id: string, ended: Ended) => void;
  readonly warned: (text: string) => void;
}

export interface RunResult {
  readonly summary: RunSummary;
  readonly report: Report;
  readonly latencies: ReadonlyMap<string, number>;
}

export const runTasks = async (options: RunOptions): Promise<RunResult> => {
  const { swarm, tasks, agents } = options;
  const batches = readOutbox(swarm.folder.dir);
  checkUnchanged(tasks, batches);
  const link = swarm.link();
  const operator = new Operator(swarm, link);
  await operator.resume();
  const requester = requesterMember(swarm);
  const members = agents.map((spec) => memberOf(swarm, operator, spec));
  await enrol(swarm, link, operator, [requester, ...members]);
  await registryReady(swarm);
  const agentsThread = await swarm.agents();
  const unstarted = await agentsThread.hire(
    agents.map((spec, i) => ({
      name: spec.name,
      seed: swarm.folder.keys.seed(spec.name),
      price: spec.price ?? 0n,
      etaMs: spec.etaMs,
      run: spec.run,
      folder: options.folder,
      did: members[i]?.signer.did ?? "",
    })),
  );
  for (const { name, why } of unstarted)
    options.events.warned(`agent ${name} did not start: ${why}`);
  try {
    return await post(options, { link, operator, requester, members, batches });
  } finally {
    await agentsThread.close();
    operator.close();
  }
};

interface Enrolled {
  readonly link: ReturnType<EmbeddedSwarm["link"]>;
  readonly operator: Operator;
  readonly requester: Member;
  readonly members: readonly Member[];
  readonly batches: readonly Batch[];
}

const post = async (options: RunOptions, enrolled: Enrolled): Promise<RunResult> => {
  const { swarm, tasks, events } = options;
  const { requester, operator, link } = enrolled;
  const startedMs = swarm.clock.monotonicMs();
  const sentMs = new Map<string, number>();
  const latencies = new Map<string, number>();
  const busMs: number[] = [];
  const ended = new Map<string, Ended>();
  const idOf = new Map<string, string>();
  let heard: Requester | undefined;
  const client = clientFor(swarm, link, requester.signer, (notice) => heard?.hear(notice));
  heard = new Requester(
    client,
    {
      posted: (need) => {
        sentMs.set(need, swarm.clock.monotonicMs());
        events.posted(idOf.get(need) ?? need);
      },
      receipt: (_need, afterMs) => busMs.push(afterMs),
      ended: (one) => {
        ended.set(one.need, one);
        latencies.set(one.need, swarm.clock.monotonicMs() - (sentMs.get(one.need) ?? startedMs));
        events.ended(idOf.get(one.need) ?? one.need, one);
      },
    },
    () => swarm.clock.monotonicMs(),
  );
  const wanted = new Set(tasks.map((task) => task.id));
  const batches = [...enrolled.batches, ...(await signNew(swarm, client, options, enrolled))];
  const posted: Posted[] = [];
  for (const batch of batches) {
    await operator.grant(requester.signer.did, batch.amount, batch.grant);
    for (const one of batch.posted) if (wanted.has(one.id)) posted.push(one);
  }
  for (const one of posted) idOf.set(one.need, one.id);
  const open: Prepared[] = [];
  for (const one of posted) {
    const known = await endedAlready(swarm, one.need);
    if (known === undefined) open.push({ id: one.need, thread: one.need, wire: one.wire });
    else ended.set(one.need, known);
  }
  heard.post(open);
  await heard.done();
  const durationMs = swarm.clock.monotonicMs() - startedMs;
  await swarm.hosts.drain();
  client.close();
  return summarize(options, enrolled, { posted, ended, latencies, busMs, durationMs });
};

/** A need that ended in an earlier run of this command. */
const endedAlready = async (swarm: EmbeddedSwarm, need: string): Promise<Ended | undefined> => {
  const status = await swarm.query<NeedStatus>(bucketOf(need), "need", need);
  if (status?.ended === undefined) return undefined;
  const { outcome, attempts, worker, artifact } = status.ended;
  return {
    need,
    outcome,
    attempts,
    ...(worker === undefined ? {} : { worker }),
    ...(artifact === undefined ? {} : { artifact }),
  };
};

const contentOf = (task: TaskLine): string => {
  const { line: _line, ...content } = task;
  return hex(sha256(encode({ ...content, input: content.input })));
};

const checkUnchanged = (tasks: readonly TaskLine[], batches: readonly Batch[]): void => {
  const known = new Map(
    batches.flatMap((batch) => batch.posted.map((one) => [one.id, one.content] as const)),
  );
  for (const task of tasks) {
    const content = known.get(task.id);
    if (content !== undefined && content !== contentOf(task))
      throw new CliError("TASK_CHANGED", { id: task.id });
  }
};

/** Sign what was never signed, store it, then let it be sent. */
const signNew = async (
  swarm: EmbeddedSwarm,
  client: AgentClient,
  options: RunOptions,
  enrolled: Enrolled,
): Promise<Batch[]> => {
  const known = new Set(enrolled.batches.flatMap((batch) => batch.posted.map((one) => one.id)));
  const fresh = options.tasks.filter((task) => !known.has(task.id));
  const batches: Batch[] = [];
  for (let i = 0; i < fresh.length; i += BATCH_NEEDS_MAX) {
    const part = fresh.slice(i, i + BATCH_NEEDS_MAX);
    const bodies = await Promise.all(part.map((task) => bodyOf(swarm, task)));
    const prepared = client.prepare("NEED", undefined, bodies);
    const posted = part.map((task, j): Posted => {
      const one = prepared[j];
      if (one === undefined) throw new Error("a NEED was not signed");
      return { id: task.id, content: contentOf(task), need: one.id, wire: one.wire };
    });
    const amount = part.reduce((sum, task) => sum + fundingOf(swarm, options.agents, task), 0n);
    const grant = `needs/${hex(sha256(encode(posted.map((one) => one.need))))}`;
    const batch: Batch = { grant, amount, posted };
    appendOutbox(swarm.folder.dir, batch);
    batches.push(batch);
  }
  return batches;
};

const bodyOf = async (swarm: EmbeddedSwarm, task: TaskLine): Promise<NeedBody> => {
  const value = await loadInput(task.input);
  const bytes = encode(value);
  const inline = bytes.length <= INPUT_INLINE_BYTES_MAX;
  if (!inline) await swarm.store.put(bytes, "dag-cbor");
  return {
    key: task.id,
    capability: task.capability,
    input: inline ? { value } : { cid: cidOf(bytes) },
    bounty: task.bounty,
    verifyBounty: task.verifyBounty,
    tier: task.tier,
    deadlineMs: task.deadlineMs,
    ...(task.kPlan === undefined ? {} : { kPlan: task.kPlan }),
    ...(task.kResult === undefined ? {} : { kResult: task.kResult }),
  };
};

/** The funding hold of protocol section 4, by the same function as the need thread. */
const fundingOf = (swarm: EmbeddedSwarm, agents: readonly AgentSpec[], task: TaskLine): bigint => {
  const { parameters } = swarm.folder.genesis;
  const verifiers = agents.filter(
    (a) => a.role !== "worker" && a.capabilities.includes(task.capability),
  ).length;
  const { kPlan, kResult } = quorumSize({
    tier: task.tier,
    verifiers,
    bootstrap: parameters.bootstrapUntilAgents > 0,
    parameters,
    ...(task.kPlan === undefined ? {} : { kPlan: task.kPlan }),
    ...(task.kResult === undefined ? {} : { kResult: task.kResult }),
  });
  return fundingAmount({
    bounty: task.bounty,
    verifyBounty: task.verifyBounty,
    kPlan,
    kResult,
    failures: parameters.failuresMax,
    candidates: parameters.planCandidatesMax,
  });
};

/* ------------------------------------------------------------------------- summary */

interface Outcome {
  readonly posted: readonly Posted[];
  readonly ended: ReadonlyMap<string, Ended>;
  readonly latencies: ReadonlyMap<string, number>;
  readonly busMs: readonly number[];
  readonly durationMs: number;
}

const summarize = async (
  options: RunOptions,
  enrolled: Enrolled,
  outcome: Outcome,
): Promise<RunResult> => {
  const { swarm } = options;
  const report = await reportOf(swarm.store);
  const books = await swarm.system<BooksStatus>("books");
  if (books === undefined) throw new Error("the system bucket is not led here");
  const registry = await swarm.system<RegistrySnapshot>("registry");
  const members = [enrolled.requester, ...enrolled.members];
  const names = new Map(members.map((member) => [member.signer.did, member.name]));
  names.set(swarm.folder.operator.did, "operator");
  const tasks = outcome.posted.map(({ id, need }) => {
    const ended = outcome.ended.get(need);
    const story = report.needs.get(need);
    const output =
      ended?.output ??
      (ended?.artifact === undefined ? undefined : story?.outputs.get(ended.artifact));
    const worker =
      ended?.worker === undefined ? undefined : (names.get(ended.worker) ?? ended.worker);
    return {
      id,
      need,
      outcome: ended?.outcome ?? "open",
      attempts: ended?.attempts ?? 0,
      ...(worker === undefined ? {} : { worker }),
      ...(output === undefined ? {} : { output }),
      ...(ended?.artifact === undefined || output !== undefined
        ? {}
        : { artifact: ended.artifact }),
    };
  });
  const outcomes: Record<string, number> = {};
  for (const task of tasks) outcomes[task.outcome] = (outcomes[task.outcome] ?? 0) + 1;
  const balances: Record<string, bigint> = {};
  const add = (did: string, amount: bigint): void => {
    const name = names.get(did) ?? did;
    balances[name] = (balances[name] ?? 0n) + amount;
  };
  for (const [did, balance] of books.balances) add(did, balance);
  for (const [did, staked] of books.stakes) add(did, staked);
  const decideMs = [...report.needs.values()].flatMap((story) =>
    story.decidedAtMs === undefined ? [] : [story.decidedAtMs - story.postedAtMs],
  );
  const stateHash = await stateHashOfHosts(swarm);
  const summary: RunSummary = {
    needs: tasks.length,
    finalized: outcomes["finalized"] ?? 0,
    outcomes,
    durationMs: Math.round(outcome.durationMs),
    tasksPerSecond:
      outcome.durationMs === 0 ? 0 : round((tasks.length * 1000) / outcome.durationMs),
    latencyMs: percentiles([...outcome.latencies.values()]),
    decideMs: percentiles(decideMs),
    busMs: percentiles(outcome.busMs),
    credits: {
      minted: formatCredits(books.minted),
      balances: Object.fromEntries(
        Object.entries(balances).map(([name, amount]) => [name, formatCredits(amount)]),
      ),
      burned: formatCredits(books.burned),
      conserved: books.total === books.minted,
    },
    agents: enrolled.members.map(({ name, signer, body }) => {
      const story = report.agents.get(signer.did);
      const row = registry?.agents.find((agent) => agent.did === signer.did);
      const evidence = row?.reputation[body.manifest.capabilities[0] ?? ""];
      return {
        name,
        did: signer.did,
        won: story?.won ?? 0,
        finalized: story?.finalized ?? 0,
        earned: formatCredits(story?.earned ?? 0n),
        slashed: formatCredits(story?.slashed ?? 0n),
        reputation: reputationPpm(evidence) / 1_000_000,
      };
    }),
    tasks,
    stateHash,
  };
  return { summary, report, latencies: outcome.latencies };
};

/** SHA-256 over the sorted (bucket, actor, state) of all hosts (protocol section 16). */
export const stateHashOfHosts = async (swarm: EmbeddedSwarm): Promise<string> => {
  const rows = await Promise.all(
    swarm.hosts.controls().map((control) => control.query("canonical", undefined)),
  );
  const all = (rows as (readonly [number, string, Uint8Array])[][]).flat();
  all.sort((a, b) => a[0] - b[0]);
  if (all.some(([bucket]) => bucket > BUCKETS))
    throw new Error("a bucket beyond the system bucket");
  return hex(sha256(encode(all)));
};

const round = (value: number): number => Math.round(value * 100) / 100;

export const percentiles = (
  values: readonly number[],
): { p50: number; p95: number; p99: number } => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
};
