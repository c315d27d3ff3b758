/** `canswarm run TASKS.jsonl --agents AGENTS.json`: post every task, run the agents, wait, sum up. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasColors } from "../display.ts";
import { CliError, inputInvalid, printError } from "../errors.ts";
import { readInputs } from "../input/inputs.ts";
import { sandboxed } from "../input/sandbox.ts";
import { Progress } from "../progress.ts";
import { loadSettings } from "../settings.ts";
import type { RunningSwarm } from "../swarm/running-swarm.ts";
import { hiredOf } from "../swarm/accounts.ts";
import { checkFolder, markForFaults } from "../swarm/folder.ts";
import { folderFor, openSwarm, rulesFor } from "../swarm/open.ts";
import { parseFault } from "../swarm/fault.ts";
import { runTasks, type RunEvents } from "../swarm/run.ts";
import type { RunResult } from "../swarm/summarize.ts";
import { quoted, type Restart } from "../summary-text.ts";
import { newsTeller } from "../swarm/news.ts";
import { stopOnSignals } from "../swarm/stop.ts";
import { roomy } from "../swarm/young.ts";

export interface RunFlags {
  readonly agents: string;
  readonly data?: string;
  readonly json: boolean;
  readonly config?: string;
  readonly fault?: string;
  /** Run untrusted agents without a sandbox where there is none. */
  readonly unsandboxed?: boolean;
}

export interface RunOutcome extends RunResult {
  readonly dir: string;
  readonly restarts: readonly Restart[];
}

/** What `run` and the main job share: everything from the parsed inputs on. */
export const runInputs = async (tasksFile: string, flags: RunFlags): Promise<RunOutcome> => {
  const settings = await loadSettings(flags.config);
  if (flags.data !== undefined) checkFolder(flags.data);
  const rules = await rulesFor(flags.data, settings);
  const inputs = await readInputs({ tasks: tasksFile, agents: flags.agents }, rules);
  if (inputs.kind === "bad") throw inputInvalid(inputs);
  const { tasks, folder } = inputs;
  const agents = sandboxed(inputs.agents, flags.unsandboxed === true);
  return runParsed({ tasks, agents, folder }, flags);
};

interface Inputs extends Pick<Parameters<typeof runTasks>[0], "tasks" | "agents"> {
  /** In which the agents' programs run. */
  readonly folder: string;
}

export interface ParsedFlags extends Pick<RunFlags, "data" | "config" | "fault"> {
  /** Called before the swarm is closed: what a result holds can still be read. */
  readonly inspect?: (swarm: RunningSwarm, result: RunResult) => Promise<void>;
}

export const runParsed = async (inputs: Inputs, flags: ParsedFlags): Promise<RunOutcome> => {
  const settings = roomy(await loadSettings(flags.config));
  const fault = flags.fault === undefined ? undefined : parseFault(flags.fault);
  const dir = flags.data ?? mkdtempSync(join(tmpdir(), "canswarm-"));
  if (fault !== undefined) markForFaults(dir);
  const progress = new Progress(process.stderr, {
    total: inputs.tasks.length,
    nowMs: () => performance.now(),
    color: hasColors(process.stderr),
  });
  // Nothing is told after the sentence that it was stopped.
  const told: Told = { on: (event) => void (isStopping() || progress.on(event)) };
  const restarts: Restart[] = [];
  const folder = await folderFor(dir, settings, Date.now());
  const opening = openSwarm({
    folder,
    settings,
    hired: hiredOf(folder, inputs.agents, inputs.folder),
    onNews: newsTeller((text) => told.on({ kind: "note", text }), restarts),
    onHalt: (reason) => {
      process.exit(printError(new CliError("SUPERVISOR_HALTED", { reason }), { json: false }));
    },
    ...(fault?.thread === undefined ? {} : { fault: fault.thread }),
    ...(fault?.believe === undefined ? {} : { believe: fault.believe }),
  });
  const again = flags.data === undefined ? `with --data ${quoted(dir)} ` : "";
  const { isStopping, release } = stopOnSignals({
    process,
    say: (signal) =>
      progress.on({ kind: "note", text: `stopped by ${signal}; the same command ${again}goes on` }),
    close: async () => (await opening).close(false),
    after: (delayMs, wake) => setTimeout(wake, delayMs),
  });
  try {
    const swarm = await opening;
    try {
      const result = await runTasks({ swarm, ...inputs, events: eventsTo(told) });
      if (fault?.thread !== undefined && restarts.length === 0)
        progress.on({
          kind: "note",
          text: `the fault never came: thread 0 took fewer than ${fault.thread.turn} turns`,
        });
      progress.finish();
      await flags.inspect?.(swarm, result);
      return { ...result, dir, restarts };
    } finally {
      if (!isStopping()) await swarm.close(false);
    }
  } catch (error) {
    // What is closed under a run makes it fail; the process is about to end.
    if (isStopping()) return await new Promise<never>(() => {});
    throw error;
  } finally {
    release();
  }
};

type Told = Pick<Progress, "on">;

const eventsTo = (progress: Told): RunEvents => ({
  resumed: (count) => progress.on({ kind: "resumed", count }),
  posted: (id) => progress.on({ kind: "posted", id }),
  ended: (id, { refused, ...ended }) =>
    progress.on({
      kind: "ended",
      id,
      ...ended,
      outcome: refused === undefined ? ended.outcome : `${ended.outcome} ${refused.code}`,
    }),
  allEnded: () => progress.on({ kind: "reading" }),
  warned: (text) => progress.on({ kind: "note", text }),
});
