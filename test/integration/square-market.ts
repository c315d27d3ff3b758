/** A market of squares: programs that any reader can check, made in a folder of their own. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One process that answers a line with a line. `liar` is wrong on even numbers, `slow` in judging. */
const LINES = `
import readline from "node:readline";
const [how] = process.argv.slice(2);
const say = (answer) => console.log(JSON.stringify(answer));
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  if (message.ping !== undefined) return say({ pong: message.ping, id: message.id });
  const { id, input, output } = message;
  const right = input.n ** 2;
  const judged = () => say({ id, verdict: output.square === right ? "pass" : "fail" });
  if (output !== undefined) return how === "slow" ? void setTimeout(judged, 60) : judged();
  say({ id, output: { square: how === "liar" && input.n % 2 === 0 ? right + 1 : right } });
});
`;

/** One question a process: a worker or a verifier, by what it is given. `lazy` passes everything. */
const ONCE = `
let text = "";
for await (const part of process.stdin) text += part;
const [how] = process.argv.slice(2);
const { input, output } = JSON.parse(text);
const right = input.n ** 2;
const square = how === "liar" && input.n % 2 === 0 ? right + 1 : right;
const verdict = how === "lazy" || output?.square === right ? "pass" : "fail";
console.log(JSON.stringify(output === undefined ? { output: { square } } : { verdict }));
`;

const MODULE = `
export default {
  work: async ({ input }) => ({ output: { square: input.n ** 2 } }),
  judge: async ({ input, output }) => ({ verdict: output.square === input.n ** 2 ? "pass" : "fail" }),
};
`;

export type Json = Readonly<Record<string, unknown>>;

const CONFIG = new URL("../../supervisor.config.ts", import.meta.url).href;

export interface MarketFolder {
  readonly folder: string;
  readonly data: string;
  readonly tasks: string;
  readonly agents: string;
  /** Arguments of `run` up to here. */
  readonly args: readonly string[];
  readonly write: (name: string, text: string) => string;
  /** Arguments that give a new folder other parameters, as the text of an object. */
  readonly config: (parameters: string) => readonly string[];
  readonly remove: () => void;
}

export const lines = (...args: string[]): Json => ({
  exec: [process.execPath, "lines.mjs", ...args],
  mode: "lines",
});
export const once = (...args: string[]): Json => ({
  exec: [process.execPath, "once.mjs", ...args],
});
export const module: Json = { module: "./module.mjs" };

export const worker = (name: string, price: string, run: Json, more: Json = {}): Json => ({
  name,
  role: "worker",
  capabilities: ["square"],
  price,
  run,
  ...more,
});

export const verifier = (name: string, run: Json, more: Json = {}): Json => ({
  name,
  role: "verifier",
  capabilities: ["square"],
  org: `org-${name}`,
  run,
  ...more,
});

export const task = (n: number, more: Json = {}): Json => ({
  id: `t${n}`,
  capability: "square",
  input: { n },
  bounty: "2.5",
  verifyBounty: "0.5",
  kResult: 2,
  ...more,
});

export const tasks = (count: number, more: Json = {}): Json[] =>
  Array.from({ length: count }, (_, i) => task(i + 1, more));

export const jsonLines = (all: readonly Json[]): string =>
  all.map((one) => `${JSON.stringify(one)}\n`).join("");

/** Writes the programs and the two input files; the data folder is named but not made. */
export const market = (needs: readonly Json[], agents: readonly Json[]): MarketFolder => {
  const folder = mkdtempSync(join(tmpdir(), "canswarm-market-"));
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  write("lines.mjs", LINES);
  write("once.mjs", ONCE);
  write("module.mjs", MODULE);
  const tasksFile = write("tasks.jsonl", jsonLines(needs));
  const agentsFile = write("agents.json", JSON.stringify({ agents }));
  const data = join(folder, "data");
  return {
    folder,
    data,
    tasks: tasksFile,
    agents: agentsFile,
    args: [tasksFile, "--agents", agentsFile, "--data", data],
    write,
    config: (parameters) => [
      "--config",
      write(
        "supervisor.config.mjs",
        `import base from ${JSON.stringify(CONFIG)};\nexport default { ...base, parameters: ${parameters} };\n`,
      ),
    ],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};
