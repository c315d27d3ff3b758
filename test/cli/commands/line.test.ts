import { describe, expect, it } from "vitest";
import { COMMANDS } from "#cli/commands.ts";
import { Command } from "commander";
import { canswarm } from "../command-line.ts";

const built = (): Command => {
  const program = new Command("canswarm");
  for (const add of COMMANDS) add(program);
  return program;
};

const leaves = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

const helpOf = (command: Command): string => {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
};

describe("help", () => {
  it.each(leaves(built()).map((command) => [command.name(), command] as const))(
    "of %s has a sentence for every option and an example",
    (name, command) => {
      const help = helpOf(command);
      expect(help).toMatch(new RegExp(`Example:\\n  canswarm (need |cluster )?${name}`));
      expect(command.summary()).not.toBe("");
      expect(command.options.filter(({ description }) => description === "")).toEqual([]);
    },
  );
});

describe("a command line that cannot be understood", () => {
  it.each([
    [["frobnicate"], "unknown command 'frobnicate'", "canswarm --help"],
    [["machines", "--colour"], "unknown option '--colour'", "canswarm machines --help"],
    [["run", "a.jsonl"], "required option '--agents <file>' not specified", "canswarm run --help"],
    [["machines", "a", "b"], "too many arguments", "canswarm machines --help"],
    [["machines", "market"], "no machine is called market", "canswarm machines --help"],
    [["audit"], "no data folder is named", "canswarm audit --help"],
  ])("%j is one sentence with code and remedy, exit code 2", async (args, reason, remedy) => {
    const { code, out, err } = await canswarm(args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(/^USAGE [^\n]+\n$/);
    expect(err).toContain(reason);
    expect(err).toContain(`see \`${remedy}\``);
  });

  it("is JSON with --json", async () => {
    const { code, err } = await canswarm(["need", "show", "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(err)).toMatchObject({ error: { code: "USAGE" } });
  });
});
