import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { createRunner } from "#agent/runner/create.ts";
import type { NeedView, Runner } from "#agent/runner/runner.ts";
import { verifies, works } from "#cli/input/agents.ts";
import { formatBadLines } from "#cli/input/bad-line.ts";
import { readInputs } from "#cli/input/inputs.ts";
import { loadInput, type TaskLine } from "#cli/input/tasks.ts";
import { formatAmount } from "#cli/input/amount.ts";
import { rules } from "./files.ts";

const EXAMPLES = fileURLToPath(new URL("../../../examples", import.meta.url));
const options = { timeoutMs: 20_000 };
const opened: Runner[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((runner) => runner.close()));
});

const needOf = (task: TaskLine): NeedView => ({
  id: "bafyneed",
  key: task.id,
  attempt: 1,
  capability: task.capability,
  requester: "did:key:zRequester",
  bounty: formatAmount(task.bounty),
  verifyBounty: formatAmount(task.verifyBounty),
  tier: task.tier,
  deadlineMs: task.deadlineMs,
});

const load = async (name: string) => {
  const folder = `${EXAMPLES}/${name}`;
  const files = { tasks: `${folder}/tasks.jsonl`, agents: `${folder}/agents.json` };
  const inputs = await readInputs(files, rules);
  if (inputs.kind === "bad") throw new Error(formatBadLines(inputs));
  const runners = inputs.agents.map((agent) => ({
    agent,
    runner: createRunner(agent.run, { cwd: inputs.folder }),
  }));
  opened.push(...runners.map(({ runner }) => runner));
  return { tasks: inputs.tasks, runners };
};

const CARELESS = "careless";
/** On a machine without Python that example is refused, which is then what is expected. */
const HAS_PYTHON = spawnSync("python3", ["--version"]).error === undefined;

const NAMES = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe.each(NAMES)("the example %s", (name) => {
  test("its files are sound, its workers work, its verifiers tell right from wrong", async () => {
    const needsPython = readFileSync(`${EXAMPLES}/${name}/agents.json`, "utf8").includes("python3");
    if (needsPython && !HAS_PYTHON) return expect(load(name)).rejects.toThrow("PROGRAM_MISSING");
    const { tasks, runners } = await load(name);
    let verdicts = 0;
    for (const task of tasks) {
      const [need, input] = [needOf(task), await loadInput(task.input)];
      for (const worker of runners.filter(({ agent }) => works(agent))) {
        const worked = await worker.runner.call({ kind: "work", need, input }, options);
        if (worked.kind === "failed") throw new Error(`${worker.agent.name}: ${worked.detail}`);
        const { output } = worked.value;
        for (const { runner } of runners.filter(({ agent }) => verifies(agent))) {
          const judged = await runner.call({ kind: "judge", need, input, output }, options);
          const verdict = worker.agent.name === CARELESS ? "fail" : "pass";
          expect(judged).toMatchObject({ kind: "ok", value: { verdict } });
          verdicts += 1;
        }
      }
    }
    expect(verdicts).toBeGreaterThanOrEqual(2 * tasks.length);
    return undefined;
  });
});
