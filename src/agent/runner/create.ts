/** The runner for what AGENTS.json says about an agent. Nothing is started before the first call. */

import { LLM_LIMITS } from "../llm/limits.ts";
import { LlmRunner } from "../llm/runner.ts";
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
  const { command, plans } = spec;
  if (spec.mode === "once") return new ExecRunner({ command, plans, cwd: options.cwd, limits });
  return new ConversationRunner({
    startPeer: linesPeer({ command, plans, cwd: options.cwd, limits }),
    callsMax: limits.linesCallsMax,
    limits,
  });
};
