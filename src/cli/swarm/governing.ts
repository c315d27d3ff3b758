/** What the operator's commands do in a running swarm: names become dids, texts amounts, and back. */

import type { SpendStatus } from "#actors/queries.ts";
import type { AgentRow } from "#domain/registry/snapshot.ts";
import { formatCredits, parseCredits } from "#protocol/amount.ts";
import type { LimitBody, SpendLimits } from "#protocol/bodies.ts";
import type { Credits, Did } from "#protocol/words.ts";
import { CliError } from "../errors.ts";
import type { Operator } from "./operator.ts";
import type { ControlRequest, LimitTold, PauseTold } from "./control-requests.ts";
import type { RunningSwarm } from "./running-swarm.ts";

const agentsOf = async (swarm: RunningSwarm): Promise<readonly AgentRow[]> =>
  (await swarm.system<readonly AgentRow[]>("agents")) ?? [];

/** Refuses with AGENT_UNKNOWN where no registered agent, or more than one, is called so. */
const didOf = async (swarm: RunningSwarm, name: string): Promise<Did> => {
  const rows = await agentsOf(swarm);
  const byDid = rows.find((row) => row.did === name);
  if (byDid !== undefined) return byDid.did;
  const [row, ...more] = rows.filter((one) => one.name === name);
  if (row === undefined) throw new CliError("AGENT_UNKNOWN", { agent: name, found: "nobody" });
  if (more.length === 0) return row.did;
  throw new CliError("AGENT_UNKNOWN", { agent: name, found: `${more.length + 1} agents` });
};

/** `who`: a name, a did, or `all`. */
export const pausedBy = async (
  swarm: RunningSwarm,
  operator: Operator,
  who: string,
  paused: boolean,
): Promise<PauseTold> => {
  const startedMs = swarm.clock.monotonicMs();
  const whom = who === "all" ? who : await didOf(swarm, who);
  const revision = await (paused ? operator.pause(whom) : operator.resumeWork(whom));
  const afterMs = Math.round(swarm.clock.monotonicMs() - startedMs);
  return { who, paused, revision, afterMs };
};

const creditsOf = (name: string, text: string): Credits => {
  const credits = parseCredits(text);
  if (credits !== undefined) return credits;
  const reason = `${name}: ${text} is no amount`;
  throw new CliError("USAGE", { reason, command: "limits" });
};

type Asked = Extract<ControlRequest, { do: "limit" }>;

const NAMES = ["need", "day", "minute"] as const;

export const setLimitBy = async (
  swarm: RunningSwarm,
  operator: Operator,
  asked: Asked["of"],
  texts: Asked["limits"],
): Promise<void> => {
  const of: LimitBody["of"] = "agent" in asked ? { agent: await didOf(swarm, asked.agent) } : asked;
  const amounts = NAMES.flatMap((name) => {
    const text = texts[name];
    return text === undefined ? [] : [[name, creditsOf(name, text)] as const];
  });
  const { perMinute } = texts;
  const limits: SpendLimits = {
    ...Object.fromEntries(amounts),
    ...(perMinute === undefined ? {} : { perMinute }),
  };
  await operator.limit(of, limits);
};

export const limitsTold = async (swarm: RunningSwarm): Promise<readonly LimitTold[]> => {
  const names = new Map((await agentsOf(swarm)).map((row) => [`agent ${row.did}`, row.name]));
  const rows = (await swarm.system<readonly SpendStatus[]>("limits")) ?? [];
  return rows.map(({ scope, limits, day, minute, perMinute }): LimitTold => {
    const texts = NAMES.flatMap((name) => {
      const most = limits[name];
      return most === undefined ? [] : [[name, formatCredits(most)] as const];
    });
    const counted = { day: formatCredits(day), minute: formatCredits(minute), perMinute };
    return {
      of: names.get(scope) ?? scope,
      limits: {
        ...Object.fromEntries(texts),
        ...(limits.perMinute === undefined ? {} : { perMinute: limits.perMinute }),
      },
      ...(scope === "each" ? {} : { counted }),
    };
  });
};
