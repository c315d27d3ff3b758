import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addCommands } from "#cli/commands.ts";
import type { RunSummary } from "#cli/summary.ts";
import { Command } from "commander";
import { canswarm, ended, lastJson, ROOT } from "./command-line.ts";

const README = readFileSync(`${ROOT}README.md`, "utf8");

/** The block that follows the first mention of a name at the start of a line. */
const blockAfter = (name: string, language: string): string => {
  const from =
    README.indexOf(`\n\`${name}\``) >= 0
      ? README.indexOf(`\n\`${name}\``)
      : README.indexOf(`\`${name}\``);
  const found = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(README.slice(from));
  if (from < 0 || found?.[1] === undefined) throw new Error(`README.md has no block for ${name}`);
  return found[1];
};

/** Every `npx canswarm …` line of README.md, without comments and redirections. */
const commandLines = [...README.matchAll(/npx canswarm ([^`\n#>]+)/g)].map((match) =>
  (match[1] ?? "").trim().split(/\s+/),
);

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "canswarm-readme-"));
  writeFileSync(join(folder, "AGENTS.json"), blockAfter("AGENTS.json", "json"));
  writeFileSync(join(folder, "TASKS.jsonl"), blockAfter("TASKS.jsonl", "text"));
  writeFileSync(join(folder, "upper.mjs"), blockAfter("upper.mjs", "js"));
  writeFileSync(join(folder, "check.mjs"), blockAfter("check.mjs", "js"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lineOf = (name: string): readonly string[] => {
  const line = commandLines.find(([first]) => first === name);
  if (line === undefined) throw new Error(`README.md has no line of ${name}`);
  return line;
};

describe("README.md", () => {
  it("shows a market that runs as it stands", async () => {
    const ran = await canswarm([...lineOf("run"), "--json"], folder);
    expect(ran).toMatchObject({ code: 0 });
    const { tasks, credits } = lastJson<RunSummary>(ran);
    expect(tasks).toMatchObject([
      { id: "t1", outcome: "finalized", worker: "ada", output: { text: "HELLO" } },
    ]);
    expect(credits.conserved).toBe(true);
  });

  it("shows commands that look at it afterwards", async () => {
    const status = await canswarm(lineOf("status"), folder);
    expect(status.out).toContain("needs     1: 1 finalized");
    const need = await canswarm(lineOf("need"), folder);
    expect(need.out).toContain("stands    finalized");
  });

  it("names only commands that there are", async () => {
    const program = new Command();
    await addCommands(program, undefined);
    const known = program.commands.map((command) => command.name());
    expect(commandLines.length).toBeGreaterThan(5);
    const unknown = commandLines.filter(
      ([name]) => !(name ?? "").startsWith("-") && !known.includes(name ?? ""),
    );
    expect(unknown).toEqual([]);
  });
});

describe("examples", () => {
  const names = readdirSync(`${ROOT}examples`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

  it("are there", () => {
    expect(names).toEqual(
      expect.arrayContaining(["exec", "exec-python", "lines", "module", "http", "llm"]),
    );
  });

  it.each(names)("%s runs by the command that its page shows", async (name) => {
    const page = readFileSync(`${ROOT}examples/${name}/README.md`, "utf8");
    const shown = /^npx canswarm (run .+)$/m.exec(page)?.[1]?.split(/\s+/) ?? [];
    const ran = await canswarm([...shown, "--data", join(folder, name), "--json"]);
    expect(ran.code).toBe(0);
    const { needs, finalized, credits } = lastJson<RunSummary>(ran);
    expect(finalized).toBe(needs);
    expect(credits.conserved).toBe(true);
  });
});

describe("the package", () => {
  // The compiler, the registry's answers and an install: slow on a cold cache.
  it("packs, installs into an empty folder and runs a market there", async () => {
    const node = {
      ...process.env,
      PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter),
    };
    const packed = await ended("npm", ["pack", "--silent", "--pack-destination", folder], {
      cwd: ROOT,
      env: node,
    });
    const tarball = packed.out.trim().split("\n").at(-1) ?? "";
    expect(packed).toMatchObject({ code: 0 });
    const app = join(folder, "app");
    mkdirSync(app);
    writeFileSync(join(app, "package.json"), '{"private": true}');
    const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
    const installed = await ended("npm", ["install", ...flags, join(folder, tarball)], {
      cwd: app,
      env: node,
    });
    expect(installed).toMatchObject({ code: 0 });
    const bin = join(app, "node_modules/.bin/canswarm");
    const run = (args: readonly string[]) =>
      ended(process.execPath, [bin, ...args], { cwd: folder });
    const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as {
      version: string;
    };
    expect(await run(["--version"])).toMatchObject({ code: 0, out: `${version}\n` });
    const ran = await run([...lineOf("run"), "--data", join(folder, "installed"), "--json"]);
    expect(ran.code).toBe(0);
    expect(lastJson<RunSummary>(ran)).toMatchObject({ needs: 1, finalized: 1 });
    const demo = await run(["demo"]);
    expect(demo).toMatchObject({ code: 2, out: "" });
    expect(demo.err).toMatch(/^CHECKOUT_NEEDED /);
  }, 120_000);
});
