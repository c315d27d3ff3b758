/** The runner for what AGENTS.json says about an agent. Nothing is started before the first call. */

import { guestConfiner } from "../sandbox/guest.ts";
import { MEMORY_EVERY_MS } from "../sandbox/limits.ts";
import { ConversationRunner } from "./conversation.ts";
import { ExecRunner } from "./exec.ts";
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
  const limits = {
    ...RUNNER_LIMITS,
    // What runs in the sandbox is not trusted to grow slowly.
    ...(isGuest(spec) ? { memoryEveryMs: MEMORY_EVERY_MS } : {}),
    ...options.limits,
  };
  if (spec.kind === "module")
    return new ConversationRunner({
      startPeer: modulePeer({ path: spec.path, limits }),
      callsMax: limits.moduleCallsMax,
      limits,
    });
  const { command, plans, mode, reads = [] } = spec;
  const { cwd, hidden = [] } = options;
  const { memoryBytesMax: memoryBytes, callMsMax: timeMs } = limits;
  const guest = {
    cwd,
    reads,
    hidden,
    limits: {
      memoryBytes,
      ...(mode === "once" ? { timeMs } : {}),
    },
  };
  const common = {
    command,
    plans,
    cwd,
    limits,
    ...(isGuest(spec) ? { confine: guestConfiner(guest) } : {}),
  };
  if (mode === "once") return new ExecRunner(common);
  return new ConversationRunner({
    startPeer: linesPeer(common),
    callsMax: limits.linesCallsMax,
    limits,
  });
};

const isGuest = (spec: RunSpec): boolean => spec.kind === "exec" && spec.sandbox === "T2";
