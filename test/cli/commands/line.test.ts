import { describe, expect, it } from "vitest";
import { addCommands } from "#cli/commands.ts";
import { Command } from "commander";
import { canswarm } from "../command-line.ts";

const built = async (named?: string): Promise<Command> => {
  const program = new Command("canswarm");
  await addCommands(program, named);
  return program;
};

const leaves = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

const helpOf = (command: Command): string => {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
};

const ALL = await built();

describe("a command that is named", () => {
  const names = (program: Command): string[] => program.commands.map((one) => one.name());

  it("is there without the others, as it is among all", async () => {
    expect(names(ALL).length).toBeGreaterThan(20);
    for (const command of ALL.commands) {
      const alone = await built(command.name());
      expect(names(alone)).toContain(command.name());
      expect(alone.commands.length).toBeLessThan(3);
      const same = alone.commands.find((one) => one.name() === command.name());
      expect(helpOf(same ?? alone)).toBe(helpOf(command));
    }
    expect(names(await built("frobnicate"))).toEqual(names(ALL));
  });
});

describe("help", () => {
  it.each(leaves(ALL).map((command) => [command.name(), command] as const))(
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
