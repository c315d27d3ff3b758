/** `canswarm run`: posts every task, runs the agents, waits for the outcomes, sums up. */

import { encode } from "#envelope/canonical.ts";
import { cidOf, hex, sha256 } from "#envelope/cid.ts";
import { decodeEnvelope, decodeSigned } from "#envelope/envelope.ts";
import { Pace } from "#agent/pace.ts";
import { Requester, type Ended } from "#agent/requester.ts";
import type { AgentClient, Prepared } from "#agent/client.ts";
import type { NeedBody } from "#protocol/bodies.ts";
import { CliError } from "../errors.ts";
import type { AgentSpec } from "../input/agents.ts";
import { fundingOf } from "../input/funds.ts";
import { loadInput, type TaskLine } from "../input/tasks.ts";
import { enrol, memberOf, requesterMember, type Member } from "./accounts.ts";
import { openControl } from "./control-server.ts";
import { contentOf } from "./content.ts";
import { endedAlready, endsOf, statusOf } from "./ends.ts";
import type { Operator } from "./operator.ts";
import type { RunningSwarm } from "./running-swarm.ts";
import { namesOf, summarize, type RunResult } from "./summarize.ts";
import { clientFor, registryReady } from "./voice.ts";
import { appendOutbox, readOutbox, type Batch, type Posted } from "./outbox.ts";

/** Inputs up to this many bytes travel inside NEED; larger ones as a block. */
export const INPUT_INLINE_BYTES_MAX = 32 * 1024;
/** Needs signed and stored together. */
export const BATCH_NEEDS_MAX = 4_096;

export interface RunOptions {
  readonly swarm: RunningSwarm;
  readonly tasks: readonly TaskLine[];
  readonly agents: readonly AgentSpec[];
  readonly events: RunEvents;
}

/** How a task ended, for people who watch. */
export interface EndedTask {
  readonly outcome: string;
  /** By name. */
  readonly worker?: string;
  readonly attempts: number;
  readonly latencyMs: number;
  readonly refused?: NonNullable<Ended["refused"]>;
}

export interface RunEvents {
  /** So many tasks had ended in an earlier run of the same command on the same folder. */
  readonly resumed: (count: number) => void;
  readonly posted: (id: string) => void;
  readonly ended: (id: string, ended: EndedTask) => void;
  /** All have; what comes is made of their logs. */
  readonly allEnded: () => void;
  readonly warned: (text: string) => void;
}

export const runTasks = async (options: RunOptions): Promise<RunResult> => {
  const { swarm, tasks, agents } = options;
  const batches = readOutbox(swarm.folder.dir);
  await checkUnchanged(tasks, batches);
  const link = swarm.link();
  const operator = await swarm.openOperator();
  const requester = requesterMember(swarm);
  const members = await Promise.all(agents.map((spec) => memberOf(swarm, operator, spec)));
  await enrol(swarm, link, operator, [requester, ...members]);
  await registryReady(swarm);
  for (const { name, why } of swarm.agents?.unstarted ?? [])
    options.events.warned(`agent ${name} did not start: ${why}`);
  const control = await openControl({ swarm, operator });
  if (control.path === undefined)
    options.events.warned(`${swarm.folder.dir} is too long a path for a control socket`);
  try {
    return await post(options, { link, operator, requester, members, batches });
  } finally {
    await control.close();
    operator.close();
  }
};

interface Enrolled {
  readonly link: ReturnType<RunningSwarm["link"]>;
  readonly operator: Operator;
  readonly requester: Member;
  readonly members: readonly Member[];
  readonly batches: readonly Batch[];
}

const post = async (options: RunOptions, enrolled: Enrolled): Promise<RunResult> => {
  const { swarm, tasks, events } = options;
  const { requester, operator, link, members } = enrolled;
  const names = namesOf(swarm, [requester, ...members]);
  const startedMs = swarm.clock.monotonicMs();
  const sentMs = new Map<string, number>();
  const latencies = new Map<string, number>();
  const busMs: number[] = [];
  const ended = new Map<string, Ended>();
  const idOf = new Map<string, string>();
  const client: AgentClient = clientFor(swarm, link, requester.signer, (notice) =>
    heard.hear(notice),
  );
  const heard = new Requester(
    client,
    {
      posted: (need) => {
        sentMs.set(need, swarm.clock.monotonicMs());
        events.posted(idOf.get(need) ?? need);
      },
      receipt: (_need, afterMs) => busMs.push(afterMs),
      ended: (one) => {
        const latencyMs = swarm.clock.monotonicMs() - (sentMs.get(one.need) ?? startedMs);
        ended.set(one.need, one);
        latencies.set(one.need, latencyMs);
        events.ended(idOf.get(one.need) ?? one.need, told(one, latencyMs, names));
      },
      renewed: (expired) => {
        const next = signedAnew(client, expired);
        const one = posted.find(({ need }) => need === expired.id);
        if (one === undefined) throw new Error(`${expired.id} was not posted here`);
        const again = { ...one, need: next.id, wire: next.wire };
        // Its money was granted with the first one.
        appendOutbox(swarm.folder.dir, { grant: `again/${next.id}`, amount: 0n, posted: [again] });
        return next;
      },
      moved: (from, to) => {
        const at = posted.findIndex(({ need }) => need === from);
        if (at >= 0) posted[at] = { ...posted[at]!, need: to };
        idOf.set(to, idOf.get(from) ?? to);
        sentMs.set(to, sentMs.get(from) ?? swarm.clock.monotonicMs());
      },
      isSame: (one, other) => idOf.has(one) && idOf.get(one) === idOf.get(other),
    },
    () => swarm.clock.monotonicMs(),
    new Pace(Math.min(...tasks.map((task) => task.deadlineMs))),
  );
  const wanted = new Set(tasks.map((task) => task.id));
  const batches = [...enrolled.batches, ...(await signNew(swarm, client, options, enrolled))];
  const posted: Posted[] = [];
  for (const batch of batches) {
    const first = batch.posted[0];
    // Batches are granted whole and before they are sent: one that is known here was granted.
    const isGranted = first !== undefined && (await statusOf(swarm, first.need)) !== undefined;
    if (!isGranted) await operator.grant(requester.signer.did, batch.amount, batch.grant);
    for (const one of batch.posted) idOf.set(one.need, one.id);
  }
  // Of a need that was signed anew the last bytes are sent; the first may have been taken (isSame).
  const newest = new Map(batches.flatMap((batch) => batch.posted).map((one) => [one.id, one]));
  for (const one of newest.values()) if (wanted.has(one.id)) posted.push(one);
  const before = await endedBefore(swarm, posted, enrolled.batches);
  for (const one of before) if (one !== undefined) ended.set(one.need, one);
  if (ended.size > 0) events.resumed(ended.size);
  heard.post(
    posted
      .filter((_, i) => before[i] === undefined)
      .map(({ need, wire }): Prepared => ({ id: need, thread: need, wire })),
  );
  await endsOf(swarm, heard).finally(() => client.close());
  const durationMs = swarm.clock.monotonicMs() - startedMs;
  events.allEnded();
  await swarm.drain();
  return summarize(swarm, requester, members, { posted, ended, latencies, busMs, durationMs });
};

/** The same NEED, under new times. */
const signedAnew = (client: AgentClient, { wire }: Prepared): Prepared => {
  const { body } = decodeEnvelope(decodeSigned(wire).bytes);
  const [next] = client.prepare("NEED", undefined, [body as NeedBody]);
  if (next === undefined) throw new Error("a NEED was not signed");
  return next;
};

const told = (
  { outcome, attempts, worker, refused }: Ended,
  latencyMs: number,
  names: ReadonlyMap<string, string>,
): EndedTask => ({
  outcome,
  attempts,
  latencyMs,
  ...(worker === undefined ? {} : { worker: names.get(worker) ?? worker }),
  ...(refused === undefined ? {} : { refused }),
});

const checkUnchanged = async (
  tasks: readonly TaskLine[],
  batches: readonly Batch[],
): Promise<void> => {
  const known = new Map(
    batches.flatMap((batch) => batch.posted.map((one) => [one.id, one.content] as const)),
  );
  for (const task of tasks) {
    const content = known.get(task.id);
    if (content !== undefined && content !== (await contentOf(task)))
      throw new CliError("TASK_CHANGED", { id: task.id });
  }
};

/** Of each need how it ended in an earlier run. What was signed only now is known to nobody. */
const endedBefore = (
  swarm: RunningSwarm,
  posted: readonly Posted[],
  batches: readonly Batch[],
): Promise<readonly (Ended | undefined)[]> => {
  const earlier = new Set(batches.flatMap((batch) => batch.posted).map(({ need }) => need));
  return Promise.all(
    posted.map(({ need }) => (earlier.has(need) ? endedAlready(swarm, need) : undefined)),
  );
};

/** Sign what was never signed, store it, then let it be sent. */
const signNew = async (
  swarm: RunningSwarm,
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
    const posted = await Promise.all(
      part.map(async (task, j): Promise<Posted> => {
        const one = prepared[j];
        if (one === undefined) throw new Error("a NEED was not signed");
        return { id: task.id, content: await contentOf(task), need: one.id, wire: one.wire };
      }),
    );
    const amount = part.reduce(
      (sum, task) => sum + fundingOf(task, options.agents, swarm.folder.genesis.parameters),
      0n,
    );
    const grant = `needs/${hex(sha256(encode(posted.map((one) => one.need))))}`;
    const batch: Batch = { grant, amount, posted };
    appendOutbox(swarm.folder.dir, batch);
    batches.push(batch);
  }
  return batches;
};

const bodyOf = async (swarm: RunningSwarm, task: TaskLine): Promise<NeedBody> => {
  const value = await loadInput(task.input);
  const bytes = encode(value);
  const inline = bytes.length <= INPUT_INLINE_BYTES_MAX;
  if (!inline) await swarm.store.put(bytes, "dag-cbor");
  return needBody(task, inline ? { value } : { cid: cidOf(bytes) });
};

/** What NEED says of a task that the door has let pass. */
export const needBody = (task: TaskLine, input: NeedBody["input"]): NeedBody => ({
  key: task.id,
  capability: task.capability,
  input,
  bounty: task.bounty,
  verifyBounty: task.verifyBounty,
  tier: task.tier,
  deadlineMs: task.deadlineMs,
  ...(task.kPlan === undefined ? {} : { kPlan: task.kPlan }),
  ...(task.kResult === undefined ? {} : { kResult: task.kResult }),
});
