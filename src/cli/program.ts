/** The program: parses, hands over to one command, tells errors. The only place that exits. */

import { Command, CommanderError } from "commander";
import { CliError, printError } from "./errors.ts";
import { addCommands } from "./commands.ts";
import { guardOutputs } from "./output.ts";
import { VERSION } from "./version.ts";

const json = process.argv.includes("--json");

guardOutputs({
  stdout: process.stdout,
  stderr: process.stderr,
  json,
  failed: (exitCode) => (process.exitCode = exitCode),
});

/** Before the commands, which take these settings over: what is wrong is told once, by printError. */
const program = new Command("canswarm")
  .description("A runtime for an open market of agents: signed, replayable, paid from escrow")
  .version(VERSION)
  .exitOverride()
  .configureOutput({ outputError: () => undefined })
  .addHelpText("after", "\nExample:\n  canswarm run TASKS.jsonl --agents AGENTS.json --json");

await addCommands(program, process.argv[2]);

/** Commander's sentence: `error: unknown option '--x'`, a guess on its second line. */
const usage = (error: CommanderError, commandLine: readonly string[]): CliError => {
  const reason = error.message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ");
  const name = commandLine.find((word) => program.commands.some((one) => one.name() === word));
  return new CliError("USAGE", { reason, command: name ?? "" }, { cause: error });
};

try {
  await program.parseAsync(process.argv);
} catch (error) {
  const trace = process.env["CANSWARM_TRACE"] === "1";
  const help =
    error instanceof CommanderError && (error.exitCode === 0 || error.code === "commander.help");
  if (!help)
    process.exitCode = printError(
      error instanceof CommanderError ? usage(error, process.argv.slice(2)) : error,
      { json, trace },
    );
  else if (error.exitCode !== 0) process.exitCode = 2;
}
