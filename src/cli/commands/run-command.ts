import type { Command } from "commander";
import { styleOf } from "../display.ts";
import { renderSummary } from "../summary-text.ts";
import { runInputs, type RunFlags } from "./run.ts";

export const addRun = (program: Command): void => {
  program
    .command("run")
    .summary("post every task of a file, run the agents, wait for the outcomes")
    .argument("<tasks>", "TASKS.jsonl: one need a line")
    .requiredOption("--agents <file>", "AGENTS.json: who works and who verifies")
    .option("--data <dir>", "data folder; the same command on the same folder goes on")
    .option("--config <file>", "another supervisor.config.ts")
    .option(
      "--fault <fault>",
      "make thread 0 fail at its N-th turn: thread:throw@N, thread:exit@N, thread:oom@N",
    )
    .option("--unsandboxed", "run untrusted agents with all your rights, without a sandbox", false)
    .option("--json", "print one JSON summary as the last line", false)
    .addHelpText(
      "after",
      "\nAGENTS.json says how each agent is run: exec, module, http or llm; examples has one of each." +
        "\n\nExample:\n  canswarm run TASKS.jsonl --agents AGENTS.json --data ./market --json",
    )
    .action(async (tasks: string, flags: RunFlags) => {
      const { summary, restarts, dir } = await runInputs(tasks, flags);
      if (flags.json) process.stdout.write(`${JSON.stringify({ ...summary, restarts })}\n`);
      else process.stdout.write(renderSummary({ summary, restarts, dir }, styleOf(process.stdout)));
    });
};
