/** `canswarm programs`: programming tasks as needs, one solver with bugs, tests run in the sandbox. */

import type { Command } from "commander";
import { styleOf } from "../display.ts";
import { programAgents, programNeeds } from "../programs/market.ts";
import { programsReport, renderPrograms, type ProgramsReport } from "../programs/report.ts";
import { readPrograms } from "../programs/tasks.ts";
import { runParsed } from "./run.ts";

interface ProgramsFlags {
  readonly tasks?: string;
  readonly data?: string;
  readonly config?: string;
  readonly json: boolean;
}

export const programs = async (flags: ProgramsFlags): Promise<number> => {
  const tasks = await readPrograms(flags.tasks);
  let told: ProgramsReport | undefined;
  const { summary, restarts } = await runParsed(
    { tasks: programNeeds(tasks), agents: programAgents(flags.tasks), folder: process.cwd() },
    {
      ...(flags.data === undefined ? {} : { data: flags.data }),
      ...(flags.config === undefined ? {} : { config: flags.config }),
      inspect: async (_, result) => void (told = programsReport(result, tasks)),
    },
  );
  const report = told!;
  const { buggy, rejected } = report;
  if (flags.json)
    process.stdout.write(
      `${JSON.stringify({ ...summary, restarts, buggy, rejected: Object.fromEntries(rejected) })}\n`,
    );
  else
    process.stdout.write(`\n${renderPrograms(summary, report, restarts, styleOf(process.stdout))}`);
  const isSound = buggy.finalized === 0 && summary.finalized === summary.needs;
  return isSound && summary.credits.conserved ? 0 : 1;
};

export const addPrograms = (program: Command): void => {
  program
    .command("programs")
    .summary("programming tasks as needs: one solver has bugs, tests run in the sandbox")
    .option("--tasks <file>", "tasks in the form of HumanEvalPack (default: a few of our own)")
    .option("--data <dir>", "data folder; without it a fresh one for temporary files")
    .option("--config <file>", "another supervisor.config.ts")
    .option("--json", "print one JSON summary as the last line", false)
    .addHelpText("after", "\nExample:\n  canswarm programs --tasks tasks.jsonl --data ./programs")
    .action(async (flags: ProgramsFlags) => {
      process.exitCode = await programs(flags);
    });
};
