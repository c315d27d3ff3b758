/** Bad input files: every bad line is named with a code, the exit code is 2, no folder is made. */

import { existsSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { canswarm } from "./command.ts";
import {
  jsonLines,
  market,
  module,
  task,
  verifier,
  worker,
  type Json,
  type MarketFolder,
} from "./square-market.ts";

const AGENTS: readonly Json[] = [
  worker("w", "1", module),
  verifier("v1", module),
  verifier("v2", module),
  verifier("v3", module),
];
const MIB = 1024 * 1024;

let folder: MarketFolder | undefined;
afterEach(() => folder?.remove());

interface Refused {
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

const refused = async (made: MarketFolder): Promise<readonly Refused[]> => {
  folder = made;
  const { code, stdout, stderr } = await canswarm("run", ...made.args).ended;
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(existsSync(made.data)).toBe(false);
  expect(stderr).toContain("INPUT_INVALID");
  return [...stderr.matchAll(/^(\S+):(\d+) ([A-Z_]+) \S.*$/gm)].map(
    ([, file = "", line, code_]) => ({
      file: file.slice(file.lastIndexOf("/") + 1),
      line: Number(line),
      code: code_ ?? "",
    }),
  );
};

test("every bad line of the tasks is named", async () => {
  const made = market([], AGENTS);
  made.write(
    "tasks.jsonl",
    [
      jsonLines([task(1)]),
      "{ no json\n",
      jsonLines([
        { id: "t3", capability: "square", input: {}, bounty: "1" },
        task(4, { bounty: "-1" }),
        task(5, { bounty: "1.0000001" }),
        task(6, { capability: "cube" }),
        task(1),
        task(8, { input: { file: "nowhere.bin" } }),
        task(9, { bounty: "51" }),
        task(10, { kResult: 4 }),
        task(11, { deadlineMs: 0 }),
      ]),
    ].join(""),
  );
  const lines = await refused(made);
  expect(lines.map(({ file, line }) => `${file}:${line}`)).toEqual(
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((line) => `tasks.jsonl:${line}`),
  );
  expect(new Set(lines.map(({ code }) => code)).size).toBeGreaterThan(5);
});

test("an input of nine megabytes is refused at the door", async () => {
  const made = market([task(1, { input: { file: "large.txt" } })], AGENTS);
  made.write("large.txt", "x".repeat(9 * MIB));
  expect(await refused(made)).toMatchObject([{ file: "tasks.jsonl", line: 1 }]);
});

test("every bad agent is named", async () => {
  const made = market([task(1)], []);
  made.write(
    "agents.json",
    `${JSON.stringify({
      agents: [
        worker("w", "1", module),
        worker("w", "1", module),
        worker("x", "cheap", module),
        worker("y", "1", { module: "./nowhere.mjs" }),
        { ...worker("z", "1", module), role: "king" },
      ],
    }).replaceAll("},{", "},\n{")}\n`,
  );
  const lines = await refused(made);
  expect(new Set(lines.map(({ line }) => line))).toEqual(new Set([2, 3, 4, 5]));
  expect(new Set(lines.map(({ file }) => file))).toEqual(new Set(["agents.json"]));
});

test.for([
  ["the file of tasks", "tasks.jsonl"],
  ["the file of agents", "agents.json"],
] as const)("%s may not be missing", async ([, missing]) => {
  const made = market([task(1)], AGENTS);
  const args = made.args.map((arg) => (arg.endsWith(missing) ? `${arg}.none` : arg));
  const lines = await refused({ ...made, args });
  expect(lines.map(({ file }) => file)).toContain(`${missing}.none`);
});

test("the first twenty bad lines are named, all are counted", async () => {
  const made = market([], AGENTS);
  made.write("tasks.jsonl", "{\n".repeat(30));
  const lines = await refused(made);
  expect(lines).toHaveLength(20);
});

test.for([
  ["a field that does not exist", "{ claimsMs: 5 }", "parameters.claimsMs"],
  ["a field of another kind", "{ claimMs: '5' }", "parameters.claimMs"],
  ["a set that contradicts itself", "{ heartbeatMs: 40_000 }", "heartbeat"],
] as const)("a configuration with %s is refused", async ([, parameters, named]) => {
  folder = market([task(1)], AGENTS);
  const { code, stderr } = await canswarm("run", ...folder.args, ...folder.config(parameters))
    .ended;
  expect(code).toBe(2);
  expect(stderr).toContain("CONFIG_INVALID");
  expect(stderr).toContain(named);
  expect(existsSync(folder.data)).toBe(false);
});
