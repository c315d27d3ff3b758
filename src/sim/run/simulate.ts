/**
 * One run: everybody joins, the plan's needs are posted while its faults strike (safety), then faults
 * end and everything that was asked must end too (liveness); then the logs are replayed and checked.
 */

import { createApplication } from "#actors/application.ts";
import { bucketOf, hex, SYSTEM_BUCKET } from "#envelope/cid.ts";
import type { BooksStatus, NeedStatus } from "#actors/queries.ts";
import { isAck } from "#agent/client.ts";
import { replayLogs } from "#runtime/replay/replay.ts";
import type { Canary } from "../canaries/canary.ts";
import type { Observation, Violation } from "../checkers/observation.ts";
import type { Plan } from "../plan/plan.ts";
import { calm, strike } from "./strike.ts";
import { SimWorld } from "./world.ts";

/** In the quiet phase the world is asked this often whether all has ended, true ms. */
const LOOK_MS = 1_000;

/** A state that differs from its log is looked at so many times. */
const LOOKS_MAX = 12;
/**
 * Between two of them, ms. A bucket that has just been handed over is read back within all of them. No
 * part of the 10 s after which a registry is published again, whose commit every look would meet.
 */
const LOOK_AGAIN_MS = 1_700;
/** After the end everything is committed within this, true ms. */
const COMMITTED_MS = 5_000;

export interface RunOptions {
  readonly plan: Plan;
  readonly settled: () => Promise<void>;
  readonly keepTrace?: boolean;
  /** Something is broken on purpose. */
  readonly canary?: Canary;
  readonly check: (observation: Observation) => {
    readonly violations: readonly Violation[];
    readonly notCovered: readonly string[];
  };
}

export interface RunReport {
  readonly seed: number;
  readonly needs: number;
  readonly acknowledged: number;
  /** NEEDs refused at the door, by code. */
  readonly refused: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
  readonly notCovered: readonly string[];
  readonly simulatedMs: number;
  readonly events: number;
  readonly stateHash: string;
  readonly traceHash: string;
  readonly trace: readonly string[];
}

export const simulate = async (options: RunOptions): Promise<RunReport> => {
  const undo = options.canary?.patch?.();
  try {
    return await run(options);
  } finally {
    undo?.();
  }
};

const run = async (options: RunOptions): Promise<RunReport> => {
  const { plan } = options;
  const world = new SimWorld({
    plan,
    settled: options.settled,
    keepTrace: options.keepTrace ?? false,
    ...(options.canary === undefined ? {} : { canary: options.canary }),
  });
  const { scheduler } = world;
  await world.open();
  const startMs = scheduler.nowMs;
  world.network.weather = plan.weather;
  for (const [i, requester] of world.requesters.entries())
    requester.schedule(plan.needs.filter((need) => need.requester % plan.requesters.length === i));
  for (const act of plan.governing) scheduler.after(act.atMs, () => world.govern(act));
  for (const [i, { joinsAtMs }] of plan.agents.entries())
    if (joinsAtMs !== undefined) scheduler.after(joinsAtMs, () => world.join(i));
  const faults: Record<string, number> = {};
  for (const fault of plan.faults)
    scheduler.after(fault.atMs, () => {
      faults[fault.kind] = (faults[fault.kind] ?? 0) + 1;
      strike(world, fault);
    });
  await scheduler.run(startMs + plan.safetyMs);
  calm(world);
  const endMs = scheduler.nowMs + plan.quietMs;
  let unended: Unended;
  do {
    unended = await quiet(world, endMs);
    // What was asked answers from memory: the last commits still have to arrive, and so may a need
    // that was refused once and is said again by whoever heard it.
    await scheduler.run(scheduler.nowMs + COMMITTED_MS);
  } while (scheduler.nowMs < endMs && (await heldIn(world)) !== undefined);
  return report(options, world, faults, unended);
};

/** What has not ended: needs that were acknowledged, and what is held for whatever else was asked. */
interface Unended {
  readonly open: readonly string[];
  /** Escrows, bonds and exposures, for people; undefined: nothing is held. */
  readonly held: string | undefined;
}

/** Runs until nothing is unended, or time is up. */
const quiet = async (world: SimWorld, endMs: number): Promise<Unended> => {
  const { scheduler } = world;
  let open: string[] = [];
  let held: string | undefined;
  do {
    await scheduler.run(Math.min(scheduler.nowMs + LOOK_MS, endMs));
    open = [];
    for (const { need, receipt } of world.requesters.flatMap(({ posted }) => posted)) {
      if (receipt !== undefined && !isAck(receipt)) continue;
      const status = (await ask(world, bucketOf(need), "need", need)) as NeedStatus | undefined;
      if (status?.ended === undefined && !isRepeat(receipt, need)) open.push(need);
    }
    // Others ask too: a need that was refused, said again by whoever heard it, is a need.
    held = open.length > 0 ? undefined : await heldIn(world);
  } while ((open.length > 0 || held !== undefined) && scheduler.nowMs < endMs);
  return { open, held };
};

const heldIn = async (world: SimWorld): Promise<string | undefined> => {
  const books = (await ask(world, SYSTEM_BUCKET, "books", undefined)) as BooksStatus | undefined;
  if (books === undefined) return "unknown sums";
  const { escrows, bonds, locked } = books;
  if (escrows + bonds + locked === 0n) return undefined;
  return `${escrows} of escrows, ${bonds} of bonds, ${locked} of exposures`;
};

const isRepeat = (receipt: object | undefined, need: string): boolean =>
  receipt !== undefined && "first" in receipt && receipt.first !== need;

/** Undefined also where nobody answers. */
const ask = async (
  world: SimWorld,
  bucket: number,
  name: string,
  argument: unknown,
): Promise<unknown> => {
  let answer: { readonly value: unknown } | undefined;
  world.swarm.query(bucket, name, argument).then(
    (value) => (answer = { value }),
    // Its host is only starting.
    () => (answer = { value: undefined }),
  );
  await world.scheduler.run(world.scheduler.nowMs + LOOK_MS, () => answer !== undefined);
  return answer?.value;
};

const report = async (
  options: RunOptions,
  world: SimWorld,
  faults: Readonly<Record<string, number>>,
  { open, held }: Unended,
): Promise<RunReport> => {
  const { recorder, scheduler, plan } = world;
  const violations: Violation[] = open.map((need) => ({
    property: "E5",
    need,
    what: `has not ended ${plan.quietMs} ms after the last fault`,
  }));
  if (held !== undefined)
    violations.push({ property: "E5", what: `${held} ${plan.quietMs} ms after the last fault` });
  for (const { bucket, what } of world.failures) violations.push({ property: "E5", bucket, what });
  const { observation, replayed } = await replayedAtRest(world, options.canary);
  violations.push(...replayed.violations);
  const checked = options.check(observation);
  const posted = world.requesters.flatMap((requester) => requester.posted);
  return {
    seed: plan.seed,
    needs: posted.length,
    acknowledged: posted.filter(({ receipt }) => receipt !== undefined && isAck(receipt)).length,
    refused: counted(
      posted.flatMap(({ receipt }) => (receipt?.kind === "nack" ? [receipt.code] : [])),
    ),
    outcomes: replayed.outcomes,
    faults,
    violations: [...violations, ...checked.violations],
    notCovered: checked.notCovered,
    simulatedMs: scheduler.nowMs,
    events: recorder.trace.count,
    stateHash: replayed.stateHash,
    trace: recorder.trace.lines,
    traceHash: recorder.trace.digest(),
  };
};

const counted = (words: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
};

/**
 * What is in memory may be ahead of the log by what is not committed yet: what differs is looked at
 * again a moment later.
 */
const replayedAtRest = async (
  world: SimWorld,
  canary: Canary | undefined,
): Promise<{ readonly observation: Observation; readonly replayed: Replayed }> => {
  const { plan, recorder, scheduler, genesisBytes, swarm, blocks } = world;
  for (let look = 1; ; look += 1) {
    const states = new Map<number, string>();
    for (const bucket of [...plan.buckets, SYSTEM_BUCKET])
      states.set(bucket, await liveStates(world, bucket));
    const seen = recorder.observation(genesisBytes, swarm.contents(), blocks, true);
    const observation = canary?.observation?.(seen) ?? seen;
    const replayed = await replayAll(states, observation);
    if (replayed.violations.length === 0 || look === LOOKS_MAX) return { observation, replayed };
    await scheduler.run(scheduler.nowMs + LOOK_AGAIN_MS);
  }
};

interface Replayed {
  readonly stateHash: string;
  readonly outcomes: Record<string, number>;
  readonly violations: readonly Violation[];
}

/** What a bucket's actors are, as the swarm answers it: each with the digest of its state. */
const liveStates = async (world: SimWorld, bucket: number): Promise<string> => {
  const answer = (await ask(world, bucket, "canonical", undefined)) as
    | readonly (readonly [number, string, unknown])[]
    | undefined;
  return textOf((answer ?? []).filter(([of]) => of === bucket).map(([, ...rest]) => rest));
};

const textOf = (rows: readonly (readonly unknown[])[]): string =>
  rows
    .map((row) =>
      row.map((part) => (part instanceof Uint8Array ? hex(part) : String(part))).join(" "),
    )
    .sort()
    .join("\n");

/**
 * P2: each log into a fresh middle. It throws where an entry is not what its inputs lead to; and the
 * state that lives in the swarm has to be the one that the log leads to.
 */
const replayAll = async (
  states: ReadonlyMap<number, string>,
  observation: Observation,
): Promise<Replayed> => {
  const violations: Violation[] = [];
  const outcomes: Record<string, number> = {};
  try {
    const { stateHash, buckets } = await replayLogs(
      createApplication(observation.genesis),
      [...observation.logs.keys()],
      (bucket) => observation.logs.get(bucket) ?? [],
      {
        record: ({ entries }) => {
          for (const entry of entries) {
            if (entry.kind !== "derived") continue;
            if (entry.verb !== "FINALIZE" && entry.verb !== "CLOSE") continue;
            const { outcome } = entry.body as { outcome: string };
            outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
          }
        },
      },
    );
    for (const [bucket, state] of buckets) {
      const live = states.get(bucket);
      if (live !== undefined && live !== "" && live !== textOf([...state.canonical()]))
        violations.push({
          property: "P2",
          bucket,
          what: "lives in another state than its log says",
        });
    }
    return { stateHash, outcomes, violations };
  } catch (error) {
    violations.push({
      property: "P2",
      what: error instanceof Error ? error.message : String(error),
    });
    return { stateHash: "", outcomes, violations };
  }
};
