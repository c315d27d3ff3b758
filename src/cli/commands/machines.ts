/** `canswarm machines`: the state machines of the swarm, as data for editors or as a picture. */

import type { Command } from "commander";
import { MACHINES } from "#machines/catalogue.ts";
import { machineJson, machineMermaid } from "#machines/render.ts";
import { CliError } from "../errors.ts";

const FORMATS = ["mermaid", "json"];

export const renderMachines = (name: string | undefined, format: string): string => {
  const usage = (reason: string): CliError =>
    new CliError("USAGE", { reason, command: "machines" });
  if (!FORMATS.includes(format)) throw usage(`--format takes mermaid or json, not ${format}`);
  const names = Object.keys(MACHINES);
  if (name !== undefined && !names.includes(name))
    throw usage(`no machine is called ${name}; there are ${names.join(", ")}`);
  const wanted = Object.entries(MACHINES).filter(([one]) => name === undefined || one === name);
  if (format === "json") {
    const all = Object.fromEntries(wanted.map(([one, machine]) => [one, machineJson(machine)]));
    return `${JSON.stringify(name === undefined ? all : all[name], undefined, 2)}\n`;
  }
  // Several diagrams are one Markdown page; one alone is what a Mermaid file holds.
  if (name !== undefined) return wanted.map(([, machine]) => machineMermaid(machine)).join("");
  return wanted
    .map(([one, machine]) => `## ${one}\n\n\`\`\`mermaid\n${machineMermaid(machine)}\`\`\`\n`)
    .join("\n");
};

export const addMachines = (program: Command): void => {
  program
    .command("machines")
    .summary("print the state machines that decide")
    .argument("[name]", `one of ${Object.keys(MACHINES).join(", ")}; without it all of them`)
    .option("--format <format>", "mermaid or json", "mermaid")
    .option("--json", "the same as --format json", false)
    .addHelpText("after", "\nExample:\n  canswarm machines lease --format json")
    .action((name: string | undefined, flags: { format: string; json: boolean }) => {
      process.stdout.write(renderMachines(name, flags.json ? "json" : flags.format));
    });
};
