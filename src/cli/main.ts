/** The command line: parses, hands over to one command, tells errors. The only place that exits. */

import { Command } from "commander";
import { printError } from "./errors.ts";
import { COMMANDS } from "./commands.ts";
import { VERSION } from "./version.ts";

const program = new Command("canswarm")
  .description("A runtime for an open market of agents: signed, replayable, paid from escrow")
  .version(VERSION)
  .showHelpAfterError("(see canswarm --help)");

const json = process.argv.includes("--json");

for (const add of COMMANDS) add(program);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = printError(error, { json, trace: process.env["CANSWARM_TRACE"] === "1" });
}
