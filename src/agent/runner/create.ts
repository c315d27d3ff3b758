/** The runner for what AGENTS.json says about an agent. Nothing is started before the first call. */

import { LLM_LIMITS } from "../llm/limits.ts";
import { LlmRunner } from "../llm/runner.ts";
import { guestConfiner } from "../sandbox/guest.ts";
import { MEMORY_EVERY_MS } from "../sandbox/limits.ts";
import { ConversationRunner } from "./conversation.ts";
import { ExecRunner } from "./exec.ts";
import { HttpRunner } from "./http.ts";
import { RUNNER_LIMITS, type RunnerLimits } from "./limits.ts";
import { linesPeer } from "./lines.ts";
import { modulePeer } from "./module.ts";
import type { Runner } from "./runner.ts";
import type { RunSpec } from "./spec.ts";

export interface CreateOptions {
  /** The folder in which programs run: that of AGENTS.json. */
  readonly cwd: string;
  readonly limits?: Partial<RunnerLimits>;
  /** Folders that no guest of the sandbox may see: the swarm's data. */
  readonly hidden?: readonly string[];
}

export const createRunner = (spec: RunSpec, options: CreateOptions): Runner => {
  const limits = { ...RUNNER_LIMITS, ...options.limits };
  if (spec.kind === "module")
    return new ConversationRunner({
      startPeer: modulePeer({ path: spec.path, limits }),
      callsMax: limits.moduleCallsMax,
      limits,
    });
  if (spec.kind === "http") return new HttpRunner({ spec, cwd: options.cwd, limits });
  if (spec.kind === "llm")
    return new LlmRunner({ spec, cwd: options.cwd, limits, llm: LLM_LIMITS });
  const program = programOptions(spec, options, limits);
  if (spec.mode === "once") return new ExecRunner(program);
  return new ConversationRunner({
    startPeer: linesPeer(program),
    callsMax: limits.linesCallsMax,
    limits,
  });
};

type ExecSpec = Extract<RunSpec, { kind: "exec" }>;

const programOptions = (spec: ExecSpec, options: CreateOptions, limits: RunnerLimits) => {
  const { command, plans, mode, sandbox, reads = [] } = spec;
  const { cwd, hidden = [] } = options;
  if (sandbox === undefined) return { command, plans, cwd, limits };
  // What runs in the sandbox is not trusted to grow slowly.
  const memoryEveryMs = options.limits?.memoryEveryMs ?? MEMORY_EVERY_MS;
  const { memoryBytesMax: memoryBytes, callMsMax: timeMs } = limits;
  const confine = guestConfiner({
    cwd,
    reads,
    hidden,
    limits: { memoryBytes, ...(mode === "once" ? { timeMs } : {}) },
  });
  return { command, plans, cwd, limits: { ...limits, memoryEveryMs }, confine };
};
