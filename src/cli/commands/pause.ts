/** `canswarm pause` and `canswarm resume`: stop an agent, or everybody, from taking on anything new. */

import type { Command } from "commander";
import { askSupervisor } from "../swarm/control-client.ts";
import type { PauseTold } from "../swarm/control-requests.ts";

interface Flags {
  readonly data: string;
  readonly json: boolean;
}

const say = async (who: string, paused: boolean, { data, json }: Flags): Promise<void> => {
  const told = (await askSupervisor(data, { do: "pause", who, paused })) as PauseTold;
  const whom = who === "all" ? "everybody" : who;
  const text = `${whom} is ${paused ? "paused" : "resumed"}, everywhere after ${told.afterMs} ms`;
  process.stdout.write(json ? `${JSON.stringify(told)}\n` : `${text}\n`);
};

export const addPause = (program: Command): void => {
  const commands = [
    ["pause", true, "stop an agent, or all, from taking on anything new, at once"],
    ["resume", false, "let a paused agent, or all, take on work again"],
  ] as const;
  for (const [name, paused, summary] of commands)
    program
      .command(name)
      .summary(summary)
      .argument("<agent>", "its name or did, or `all`")
      .requiredOption("--data <dir>", "data folder of the running supervisor")
      .option("--json", "print one JSON object", false)
      .addHelpText("after", `\nExample:\n  canswarm ${name} ada --data ./market`)
      .action((agent: string, flags: Flags) => say(agent, paused, flags));
};
