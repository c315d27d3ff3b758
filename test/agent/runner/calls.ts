/** Builders of calls for the runner tests. */

import { createRunner } from "#agent/runner/create.ts";
import type { RunnerLimits } from "#agent/runner/limits.ts";
import type { JudgeCall, NeedView, Runner, WorkCall } from "#agent/runner/runner.ts";
import { fileURLToPath } from "node:url";

export const FIXTURES = fileURLToPath(new URL("./fixtures", import.meta.url));

export const need = (over: Partial<NeedView> = {}): NeedView => ({
  id: "bafyneed",
  key: "t1",
  attempt: 1,
  capability: "echo",
  requester: "did:key:zRequester",
  bounty: "2.5",
  verifyBounty: "0.5",
  tier: "small",
  deadlineMs: 60_000,
  ...over,
});

export const work = (behave: string, more: object = {}): WorkCall => ({
  kind: "work",
  need: need(),
  input: { behave, ...more },
});

export const judge = (input: object, output: unknown): JudgeCall => ({
  kind: "judge",
  need: need(),
  input,
  output,
});

/** Longer than any call here takes; a call that runs into it is a failed test. */
export const AMPLE_MS = 20_000;

const opened: Runner[] = [];

export const scriptRunner = (
  mode: "once" | "lines",
  args: readonly string[] = [],
  limits: Partial<RunnerLimits> = {},
): Runner => {
  const script = mode === "once" ? "once.mjs" : "lines.mjs";
  const runner = createRunner(
    { kind: "exec", command: [process.execPath, script, ...args], mode, plans: false },
    { cwd: FIXTURES, limits: { pulseMs: 20, memoryEveryMs: 20, backoffMs: 1, ...limits } },
  );
  opened.push(runner);
  return runner;
};

export const moduleRunner = (file: string, limits: Partial<RunnerLimits> = {}): Runner => {
  const runner = createRunner(
    { kind: "module", path: `${FIXTURES}/${file}` },
    { cwd: FIXTURES, limits: { pulseMs: 20, backoffMs: 1, ...limits } },
  );
  opened.push(runner);
  return runner;
};

export const closeAll = async (): Promise<void> => {
  await Promise.all(opened.splice(0).map((runner) => runner.close()));
};
