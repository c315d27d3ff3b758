/**
 * Signed, durable lifecycles per second: one requester, 8 workers, 12 verifiers with distinct keys and
 * orgs, kPlan 1, kResult 2, no self-attestation, FULL durability on the real disk.
 */

import { Worker, type MessagePort } from "node:worker_threads";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Comlink from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import type { NatsOptions } from "#adapters/nats/connect.ts";
import type { AgentSpec } from "../input/agents.ts";
import { loadSettings } from "../settings.ts";
import { enrol, memberOf, requesterMember } from "../swarm/accounts.ts";
import { EmbeddedSwarm } from "../swarm/embedded.ts";
import { openFolder } from "../swarm/folder.ts";
import type { RunningSwarm } from "../swarm/running-swarm.ts";
import { roomy } from "../swarm/young.ts";
import { percentiles } from "../swarm/summarize.ts";
import { registryReady } from "../swarm/voice.ts";
import type { LoadControl, LoadResult, LoadSetup } from "./load-thread.ts";

export const WORKERS = 8;
export const VERIFIERS = 12;
const CREDIT = 1_000_000n;
/** Enough for every hold and seat of a minute at full speed: the bench measures speed, not scarcity. */
const PURSE = 10_000_000n * CREDIT;
const STAKE = 10_000_000n * CREDIT;

export interface LifecycleOptions {
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly open: number;
  readonly config?: string;
}

export interface LifecycleResult {
  readonly load: LoadResult;
  readonly tasksPerSecond: number;
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  readonly busMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  readonly decideMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** CPU of the whole process for each need, all threads. */
  readonly cpuMicrosPerTask: number;
  readonly loadCpuMicrosPerTask: number;
  readonly batches: Batches;
}

const agentsOf = (capabilities: readonly string[]): AgentSpec[] => {
  const run = { kind: "module", path: "" } as const;
  const common = {
    etaMs: 1_000,
    credits: PURSE,
    asn: undefined,
    region: undefined,
    model: undefined,
    run,
  };
  return [
    ...capabilities.map((capability, i): AgentSpec => ({
      ...common,
      name: `worker-${i}`,
      role: "worker",
      capabilities: [capability],
      price: CREDIT,
      stake: undefined,
      org: `worker-${i}`,
    })),
    ...Array.from({ length: VERIFIERS }, (_, i): AgentSpec => ({
      ...common,
      name: `verifier-${i}`,
      role: "verifier",
      capabilities,
      price: undefined,
      stake: STAKE,
      org: `verifier-${i}`,
    })),
  ];
};

/** Means of the run. */
export interface Batches {
  /** Envelopes of one need. */
  readonly envelopes: number;
  /** Envelopes under one signature. */
  readonly signed: number;
  /** Envelopes, and records, of one turn of a host. */
  readonly committed: number;
  readonly records: number;
}

interface Counted {
  readonly turns: number;
  readonly envelopes: number;
  readonly records: number;
}

const batchesOf = (
  before: readonly Counted[],
  after: readonly Counted[],
  load: LoadResult,
): Batches => {
  const grown = (name: keyof Counted): number =>
    after.reduce((sum, stats) => sum + stats[name], 0) -
    before.reduce((sum, stats) => sum + stats[name], 0);
  const envelopes = grown("envelopes");
  return {
    envelopes: Math.round((envelopes * 100) / Math.max(1, load.finalized)) / 100,
    signed: Math.max(1, Math.round(envelopes / Math.max(1, load.signatures))),
    committed: Math.max(1, Math.round(envelopes / Math.max(1, grown("turns")))),
    records: Math.max(1, Math.round(grown("records") / Math.max(1, grown("turns")))),
  };
};

/** Requester and agents enrolled: what whoever speaks for them has to know. */
export const enrolLoad = async (
  swarm: RunningSwarm,
  placement: readonly number[],
): Promise<LoadSetup> => {
  const capabilities = Array.from({ length: WORKERS }, (_, i) => `job-${i}`);
  const link = swarm.link();
  const operator = await swarm.openOperator();
  const requester = requesterMember(swarm);
  const specs = agentsOf(capabilities);
  await enrol(swarm, link, operator, [
    { ...requester, credits: PURSE },
    ...(await Promise.all(specs.map((spec) => memberOf(swarm, operator, spec)))),
  ]);
  await registryReady(swarm);
  return {
    placement,
    swarm: swarm.folder.swarm,
    policy: swarm.folder.genesis.policy,
    requesterSeed: swarm.folder.keys.seed(requester.name),
    agents: specs.map(({ name, price }) => ({
      name,
      seed: swarm.folder.keys.seed(name),
      price: price ?? 0n,
    })),
    capabilities,
    bounty: 2n * CREDIT,
    verifyBounty: CREDIT / 10n,
    kPlan: 1,
    kResult: 2,
  };
};

/** The load's thread, connected to every host. */
export const openLoad = async (swarm: RunningSwarm, { placement, nats, blocks, joined }: Way) => {
  const enrolled = await enrolLoad(swarm, placement);
  const setup: LoadSetup = { ...enrolled, ...(nats === undefined ? {} : { nats }) };
  const worker = new Worker(new URL(import.meta.resolve("#cli/bench/load-thread.ts")), {
    name: "load",
  });
  const control = Comlink.wrap<LoadControl>(nodeEndpoint(worker));
  await control.open(setup, ...(blocks === undefined ? [] : [Comlink.transfer(blocks, [blocks])]));
  joined?.({
    id: 1_000,
    connect: (index, port: MessagePort) =>
      void control.connect(index, Comlink.transfer(port, [port])),
  });
  return { control, worker };
};

/** How the load reaches the hosts: by ports of this process, or over NATS. */
export interface Way {
  readonly placement: readonly number[];
  readonly nats?: NatsOptions;
  readonly blocks?: MessagePort;
  readonly joined?: EmbeddedSwarm["hosts"]["add"];
  /** Of the hosts that the swarm is led by. */
  readonly stats: () => Promise<readonly Counted[]>;
}

/** An embedded swarm in a folder of its own, while `use` runs. */
export const onEmbedded = async <T>(
  config: string | undefined,
  use: (swarm: RunningSwarm, way: Way) => Promise<T>,
): Promise<T> => {
  const settings = roomy(await loadSettings(config));
  const dir = mkdtempSync(join(tmpdir(), "canswarm-bench-"));
  const folder = openFolder(join(dir, "data"), {
    name: "bench",
    parameters: settings.parameters,
    nowMs: Date.now(),
  });
  const swarm = await EmbeddedSwarm.open({
    folder,
    settings,
    onNews: (news) => process.stderr.write(`${JSON.stringify(news)}\n`),
    onHalt: (reason) => process.stderr.write(`${reason}\n`),
  });
  try {
    return await use(swarm, {
      placement: swarm.placement,
      blocks: swarm.blocksPort(),
      joined: (connection) => swarm.hosts.add(connection),
      stats: () => swarm.hosts.stats(),
    });
  } finally {
    await swarm.close(false);
    rmSync(dir, { recursive: true, force: true });
  }
};

export const lifecycles = (options: LifecycleOptions): Promise<LifecycleResult> =>
  onEmbedded(options.config, (swarm, way) => measured(swarm, options, way));

/** `begin` is called after the warm-up, `end` after the load. */
export const measured = async (
  swarm: RunningSwarm,
  { open, warmupSeconds, seconds }: Pick<LifecycleOptions, "open" | "warmupSeconds" | "seconds">,
  way: Way,
  around: { readonly begin?: () => Promise<void>; readonly end?: () => Promise<void> } = {},
): Promise<LifecycleResult> => {
  const { control, worker } = await openLoad(swarm, way);
  try {
    if (warmupSeconds > 0) await control.run({ open, ms: warmupSeconds * 1000 });
    await around.begin?.();
    const before = await way.stats();
    const cpu = process.cpuUsage();
    const load = await control.run({ open, ms: seconds * 1000 });
    const { user, system } = process.cpuUsage(cpu);
    const after = await way.stats();
    await around.end?.();
    await control.close();
    return {
      load,
      tasksPerSecond: Math.round((load.finalized * 10_000) / load.durationMs) / 10,
      latencyMs: percentiles(load.latenciesMs),
      busMs: percentiles(load.receiptsMs),
      decideMs: percentiles(load.decidesMs),
      cpuMicrosPerTask: Math.round((user + system) / Math.max(1, load.finalized)),
      loadCpuMicrosPerTask: Math.round(load.cpuMicros / Math.max(1, load.finalized)),
      batches: batchesOf(before, after, load),
    };
  } finally {
    await worker.terminate();
  }
};
