/** The sandbox in AGENTS.json, and the refusal to run without it what should not run without it. */

import { isAbsolute, resolve } from "node:path";
import { t2State } from "#agent/sandbox/bubblewrap.ts";
import type { RunSpec } from "#agent/runner/spec.ts";
import { CliError } from "../errors.ts";
import { show, type Fields } from "./fields.ts";

/** Files and folders that one agent may name. */
const READS_MAX = 32;

type SandboxFields = Pick<Extract<RunSpec, { kind: "exec" }>, "sandbox" | "reads">;

/** `sandbox` and `reads` of a program; an untrusted agent's is T2 unless it says otherwise. */
export const readSandbox = (run: Fields, folder: string, isUntrusted: boolean): SandboxFields => {
  const sandbox = run.oneOf("sandbox", ["T2", "none"], "optional");
  const reads = readPaths(run, folder);
  if ((sandbox ?? (isUntrusted ? "T2" : "none")) === "none") return {};
  return { sandbox: "T2", ...(reads.length === 0 ? {} : { reads }) };
};

const readPaths = (run: Fields, folder: string): string[] => {
  const value = run.value("reads", "optional");
  if (value === undefined) return [];
  const list = Array.isArray(value) ? (value as unknown[]) : [];
  const isPath = (path: unknown): path is string =>
    typeof path === "string" && path !== "" && !path.includes("\u0000");
  if (Array.isArray(value) && list.length <= READS_MAX && list.every(isPath))
    return list.map((path) => (isAbsolute(path) ? path : resolve(folder, path)));
  const wanted = `a list of at most ${READS_MAX} paths`;
  run.invalid("reads", `"reads" is ${show(value)}, not ${wanted}`);
  return [];
};

interface Runnable {
  readonly name: string;
  readonly untrusted?: boolean;
  readonly run: RunSpec;
}

/** What an agent runs on this machine without walls; a remote service or model runs nothing here. */
const bareReason = ({ run }: Runnable): string | undefined => {
  if (run.kind === "module") return "a module shares the supervisor's process";
  if (run.kind === "exec" && run.sandbox === undefined) return 'its "sandbox" is "none"';
  if (run.kind === "http" && run.start !== undefined) return "a started service needs the network";
  return undefined;
};

const isGuest = ({ run }: Runnable): boolean => run.kind === "exec" && run.sandbox === "T2";

/**
 * The agents as they may be run here. Throws SANDBOX_MISSING for the first that needs a sandbox and
 * would have none, unless the command line takes that on itself.
 */
export const sandboxed = <A extends Runnable>(
  agents: readonly A[],
  isUnsandboxedAllowed: boolean,
): readonly A[] => {
  const refuse = (agent: string, reason: string): never => {
    throw new CliError("SANDBOX_MISSING", { agent, reason });
  };
  for (const agent of agents) {
    const reason = agent.untrusted === true ? bareReason(agent) : undefined;
    if (reason !== undefined && !isUnsandboxedAllowed)
      refuse(agent.name, `it is untrusted, and ${reason}`);
  }
  const guest = agents.find(isGuest);
  if (guest === undefined) return agents;
  const state = t2State();
  if (state.kind === "ready") return agents;
  if (!isUnsandboxedAllowed) refuse(guest.name, `tier T2 is missing, ${state.why}`);
  return agents.map((agent) => {
    if (agent.run.kind !== "exec") return agent;
    const { sandbox: _sandbox, reads: _reads, ...run } = agent.run;
    return { ...agent, run };
  });
};
