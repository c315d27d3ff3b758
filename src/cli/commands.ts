/** Every command, in the order that help shows them. */

import type { Command } from "commander";
import { addBench } from "./commands/bench.ts";
import { addDemo } from "./commands/demo.ts";
import { addRun } from "./commands/run-command.ts";

export const COMMANDS: readonly ((program: Command) => void)[] = [addDemo, addRun, addBench];
