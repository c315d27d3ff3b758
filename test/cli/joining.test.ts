/** docs/agents/joining.md, typed as it stands: its files, its commands, its outputs. */

import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { streamed } from "../support/fake-model.ts";
import { closeServers, serve } from "../support/local-server.ts";
import { ended, ROOT } from "./command-line.ts";

const PAGE = readFileSync(`${ROOT}docs/agents/joining.md`, "utf8");
const MAIN = `${ROOT}src/cli/main.ts`;

/** Files that the page shows: the last name before a block is what it is called. */
const shownFiles = [...PAGE.matchAll(/```(python|ts|json|text|sh)\n([\s\S]*?)```/g)].flatMap(
  ({ 1: language = "", 2: text = "", index }) => {
    const before = PAGE.slice(0, index).trimEnd().split("\n").at(-1) ?? "";
    const names = [...before.matchAll(/`([\w-]+\.(?:py|sh|ts))`/g)].map(([, name]) => name);
    if (language === "text") return [["task.txt", text] as const];
    if (language === "json") return [["model.json", text] as const];
    const name = names.at(-1);
    return name === undefined ? [] : [[name, text] as const];
  },
);

/** Its commands, without prompts and comments. */
const commands = [...PAGE.matchAll(/^((?:npx canswarm|python3) .+)$/gm)].map(([, line = ""]) =>
  line.replace(/\s+#.*$/, "").trim(),
);
const commandOf = (what: string): string => {
  const found = commands.filter((line) => line.includes(what));
  if (found[0] === undefined) throw new Error(`the page has no command with ${what}`);
  return found[0];
};

let folder = "";
let env: NodeJS.ProcessEnv = process.env;
const children = new Set<ChildProcess>();

/** A line in a shell, `npx canswarm` being the sources; until it prints what is waited for. */
const typed = async (line: string, until: RegExp | undefined): Promise<string> => {
  const shown = line.replace("npx canswarm", `exec '${process.execPath}' '${MAIN}'`);
  const child = spawn("sh", ["-c", shown.replace(/^python3/, "exec python3")], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  let text = "";
  await new Promise<void>((resolve, reject) => {
    const heard = (part: Buffer): void => {
      text += part.toString();
      if (until?.test(text) === true) resolve();
    };
    child.stdout.on("data", heard);
    child.stderr.on("data", heard);
    if (until === undefined) child.on("spawn", resolve);
    child.on("close", () => reject(new Error(`${line} ended: ${text}`)));
  });
  return text;
};

const end = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    children.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.on("close", () => resolve());
    child.kill("SIGKILL");
  });

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

// A supervisor of its own for each: auctions wait for workers that have been there before.
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "canswarm-joining-"));
  for (const [name, text] of shownFiles) writeFileSync(join(folder, name), text);
  // A free port is all that is not as the page has it.
  const told = await typed(`${commandOf("canswarm up")} --port 0`, /is up at http\S+ \(/);
  env = { ...process.env, CANSWARM_URL: /http:\/\/[\d.:]+/.exec(told)?.[0] };
  await typed(commandOf("judge.py"), /judge is here/);
}, 60_000);
afterEach(async () => {
  await Promise.all([...children].map(end));
  await closeServers();
  rmSync(folder, { recursive: true, force: true });
});

/** The need of the page, and what it ends with. */
const asked = async (): Promise<string> => {
  const [, , ...words] = commandOf("need post").match(/'[^']*'|\S+/g) ?? [];
  const args = words.map((word) => word.replace(/^'|'$/g, ""));
  const { code, out, err } = await ended(process.execPath, [MAIN, ...args], { cwd: folder, env });
  if (code !== 0) throw new Error(err);
  return out;
};

it.each([
  ["a Python script", "doubler.py", "doubler"],
  ["a shell script", "doubler.sh", "doubler-sh"],
  ["a program that stays", "lines.py", "doubler-lines"],
  ["a module in TypeScript", "doubler.ts", "doubler-ts"],
])("%s joins and earns by the commands of the page", { timeout: 60_000 }, async (_, file, name) => {
  await typed(commandOf(` ${file.endsWith(".ts") ? "./" : ""}${file}`), RegExp(`${name} is here`));
  expect(await asked()).toBe('finalized {"twice":42}\n');
});

it("an HTTP service joins and earns by the commands of the page", { timeout: 60_000 }, async () => {
  const port = String(await freePort());
  const line = (what: string): string => commandOf(what).replace("8080", port);
  await typed(line("service.py"), undefined);
  await typed(line("--http"), /doubler-http is here/);
  expect(await asked()).toBe('finalized {"twice":42}\n');
});

it(
  "a language model joins and earns by the commands of the page",
  { timeout: 60_000 },
  async () => {
    const model = await serve(streamed('{"output": {"twice": 42}}'));
    const path = join(folder, "model.json");
    writeFileSync(
      path,
      readFileSync(path, "utf8").replace(/http:\/\/[\w.:]+\/v1/, `${model.url}/v1`),
    );
    await typed(commandOf("model.json"), /doubler-model is here/);
    expect(await asked()).toBe('finalized {"twice":42}\n');
    expect(model.asked[0]?.body).toContain("Double the number n.");
  },
);
