/** `canswarm run TASKS.jsonl --agents AGENTS.json`: post every task, run the agents, wait, sum up. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parametersOf } from "#domain/genesis/profiles.ts";
import { inputInvalid } from "../errors.ts";
import { readInputs } from "../input/inputs.ts";
import { Progress } from "../progress.ts";
import { loadSettings } from "../settings.ts";
import { EmbeddedSwarm } from "../swarm/embedded.ts";
import { holdsSwarm, markForFaults, openFolder, writePid } from "../swarm/folder.ts";
import { parseFault, type FaultRequest } from "../swarm/fault.ts";
import { runTasks, type RunResult } from "../swarm/run.ts";
import type { HostNews } from "#runtime/threads/host-set.ts";

export interface RunFlags {
  readonly agents: string;
  readonly data?: string;
  readonly json: boolean;
  readonly config?: string;
  readonly fault?: string;
}

export interface Restart {
  readonly host: number;
  readonly reason: string;
  readonly afterMs: number;
}

export interface RunOutcome extends RunResult {
  readonly dir: string;
  readonly restarts: readonly Restart[];
}

/** What `run` and the main job share: everything from the parsed inputs on. */
export const runInputs = async (tasksFile: string, flags: RunFlags): Promise<RunOutcome> => {
  const parameters = parametersOf("local");
  const inputs = await readInputs({ tasks: tasksFile, agents: flags.agents }, parameters);
  if (inputs.kind === "bad") throw inputInvalid(inputs);
  const { tasks, agents, folder } = inputs;
  return runParsed({ tasks, agents, folder }, flags);
};

export const runParsed = async (
  inputs: Pick<Parameters<typeof runTasks>[0], "tasks" | "agents" | "folder">,
  flags: Pick<RunFlags, "data" | "config" | "fault">,
): Promise<RunOutcome> => {
  const settings = await loadSettings(flags.config);
  const dir = flags.data ?? mkdtempSync(join(tmpdir(), "canswarm-"));
  const fault: FaultRequest | undefined =
    flags.fault === undefined ? undefined : parseFault(flags.fault);
  if (fault !== undefined) markForFaults(dir);
  const restarts: Restart[] = [];
  const reasons = new Map<number, string>();
  const onNews = (news: HostNews): void => {
    if (news.type === "died") reasons.set(news.host, news.reason);
    else if (news.type === "restarted")
      restarts.push({
        host: news.host,
        reason: reasons.get(news.host) ?? "",
        afterMs: Math.round(news.afterMs),
      });
    else process.stderr.write(`host ${news.host}: ${JSON.stringify(news.event)}\n`);
  };
  const progress = new Progress(process.stderr, {
    total: inputs.tasks.length,
    nowMs: () => performance.now(),
    color: process.stderr.isTTY === true,
  });
  const folder = openFolder(
    dir,
    holdsSwarm(dir)
      ? undefined
      : { name: "local", parameters: parametersOf("local"), nowMs: Date.now() },
  );
  const swarm = await EmbeddedSwarm.open({
    folder,
    settings,
    onNews,
    onHalt: (reason) => {
      process.stderr.write(`SUPERVISOR_HALTED ${reason}. Look at the restarts above\n`);
      process.exit(1);
    },
    ...(fault?.thread === undefined ? {} : { fault: fault.thread }),
  });
  const removePid = writePid(dir);
  try {
    const result = await runTasks({
      swarm,
      ...inputs,
      events: {
        posted: (id) => progress.on({ kind: "posted", id }),
        ended: (id, ended) =>
          progress.on({
            kind: "ended",
            id,
            outcome: ended.refused === undefined ? ended.outcome : `refused ${ended.refused.code}`,
          } as Parameters<Progress["on"]>[0]),
        warned: (text) => process.stderr.write(`${text}\n`),
      },
    });
    progress.finish();
    return { ...result, dir, restarts };
  } finally {
    removePid();
    await swarm.close(false);
  }
};
