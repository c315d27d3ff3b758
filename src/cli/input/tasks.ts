/** TASKS.jsonl: one need a line, read as a stream and checked whole before anything is created. */

import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { unfit } from "#agent/runner/plain-value.ts";
import { encode } from "#envelope/canonical.ts";
import { capability as capabilityName } from "#protocol/fields.ts";
import { DEADLINE_MS_MAX, KEY_UNITS_MAX, QUORUM_MAX } from "#protocol/limits.ts";
import type { Credits, Tier } from "#protocol/words.ts";
import type { Parameters } from "#domain/genesis/genesis.ts";
import { codeOf, works, type AgentSpec } from "./agents.ts";
import { formatAmount } from "./amount.ts";
import { problem, type BadLines, type Problem } from "./bad-line.ts";
import { Fields, isObject, show } from "./fields.ts";
import { linesOf, type FileLine } from "./lines-of.ts";
import { fundingOf, type Funds } from "./funds.ts";
import { quorumGap } from "./quorum.ts";

/** Bytes of one input, inline or in a file: the largest block of the swarm. */
export const INPUT_BYTES_MAX = 8 * 1024 * 1024;
/** Beside the content a file's input holds its path and field names. */
const FILE_WRAPPING_BYTES = 4 * 1024;
export const TASKS_MAX = 1_000_000;
export const DEADLINE_DEFAULT_MS = 60_000;
export const DEADLINE_MIN_MS = 100;

export type TaskInput =
  | { readonly kind: "value"; readonly value: unknown }
  /** `file` as given, `path` absolute. Its bytes are read when the task is posted (`loadInput`). */
  | { readonly kind: "file"; readonly file: string; readonly path: string };

export interface TaskLine {
  readonly id: string;
  readonly capability: string;
  readonly input: TaskInput;
  readonly bounty: Credits;
  readonly verifyBounty: Credits;
  readonly tier: Tier;
  readonly kPlan: number | undefined;
  readonly kResult: number | undefined;
  readonly deadlineMs: number;
  readonly line: number;
}

/**
 * Read and check the whole file. What is wrong goes to `bad`, one problem a line; the result holds only
 * sound tasks. With `agents` undefined (their own file is bad) capability and quorum are not checked.
 */
export const readTasks = async (
  file: string,
  agents: readonly AgentSpec[] | undefined,
  rules: Parameters,
  bad: BadLines,
  funds: Funds,
): Promise<TaskLine[]> => {
  const tasks: TaskLine[] = [];
  const firstLines = new Map<string, number>();
  const folder = dirname(resolve(file));
  const before = bad.total;
  try {
    for await (const line of linesOf(file)) {
      if (firstLines.size >= TASKS_MAX) {
        bad.add(file, line.line, problem("TOO_MANY", `there are more than ${TASKS_MAX} tasks`));
        break;
      }
      const task = await checkLine(line, folder, rules, agents);
      const known = "code" in task ? undefined : firstLines.get(task.id);
      if ("code" in task) bad.add(file, line.line, task);
      else if (known !== undefined) {
        const sentence = `the id ${show(task.id)} stands in line ${known} already`;
        bad.add(file, line.line, problem("DUPLICATE_ID", sentence));
      } else {
        firstLines.set(task.id, line.line);
        const short =
          agents && funds.take(fundingOf(task, agents, rules), "with its votes the task");
        if (short === undefined) tasks.push(task);
        else bad.add(file, line.line, short);
      }
    }
    if (tasks.length === 0 && bad.total === before)
      bad.add(file, 1, problem("TASKS_MISSING", "the file holds no task"));
  } catch (error) {
    const sentence = `the file cannot be read (${codeOf(error)})`;
    bad.add(file, 1, problem("FILE_UNREADABLE", sentence));
  }
  return tasks;
};

const parseLine = (line: FileLine): unknown => {
  if (line.kind === "too long") return problem("LINE_TOO_LONG", "the line is longer than 9 MiB");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(line.bytes);
  } catch {
    return problem("NOT_UTF8", "the line is not UTF-8");
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return { value };
    return problem("NOT_JSON", `the line is ${show(value)}, not a JSON object`);
  } catch (error) {
    return problem("NOT_JSON", `the line is no JSON: ${(error as Error).message}`);
  }
};

/** The task of a line, or the first thing that is wrong with it. */
const checkLine = async (
  line: FileLine,
  folder: string,
  rules: Parameters,
  agents: readonly AgentSpec[] | undefined,
): Promise<TaskLine | Problem> => {
  const parsed = parseLine(line) as Problem | { readonly value: Record<string, unknown> };
  if ("code" in parsed) return parsed;
  const problems: Problem[] = [];
  const fields = new Fields(parsed.value, (_, what) => problems.push(what));
  const id = fields.text("id", "required", KEY_UNITS_MAX);
  const capability = fields.like("capability", "required", capabilityName);
  const rawInput = fields.value("input", "required");
  const bounty = fields.amount("bounty", "required");
  const verifyBounty = fields.amount("verifyBounty", "required");
  const tier = fields.oneOf("tier", ["small", "medium", "high"], "optional") ?? "small";
  const kPlan = fields.integer("kPlan", 1, QUORUM_MAX);
  const kResult = fields.integer("kResult", 1, QUORUM_MAX);
  const deadlineMs =
    fields.integer("deadlineMs", DEADLINE_MIN_MS, DEADLINE_MS_MAX) ?? DEADLINE_DEFAULT_MS;
  fields.rejectUnknown();
  const input = rawInput === undefined ? undefined : await checkInput(rawInput, folder);
  if (input !== undefined && "code" in input) problems.push(input);
  const [first] = problems;
  if (first !== undefined) return first;
  const task = {
    id: id!,
    capability: capability!,
    input: input as TaskInput,
    bounty: bounty!,
    verifyBounty: verifyBounty!,
    tier,
    kPlan,
    kResult,
    deadlineMs,
    line: line.line,
  };
  return checkMarket(task, rules, agents) ?? task;
};

const checkMarket = (
  task: TaskLine,
  rules: Parameters,
  agents: readonly AgentSpec[] | undefined,
): Problem | undefined => {
  if (task.bounty === 0n)
    return problem("AMOUNT_INVALID", "a bounty of 0 buys nothing", "offer more than 0");
  const cap = rules.tiers[task.tier].bountyMax;
  if (task.bounty > cap) {
    const bounty = formatAmount(task.bounty);
    const sentence = `a bounty of ${bounty} is above the cap of ${formatAmount(cap)} of tier ${task.tier}`;
    return problem("BOUNTY_CAP", sentence);
  }
  if (agents === undefined) return undefined;
  if (!agents.some((agent) => works(agent) && agent.capabilities.includes(task.capability)))
    return problem("CAPABILITY_UNKNOWN", `no worker has the capability ${show(task.capability)}`);
  const gap = quorumGap(task, agents, rules);
  return gap === undefined ? undefined : problem("QUORUM_UNAVAILABLE", gap);
};

/* --------------------------------------------------------------------- inputs */

/** `{"file": "path"}` with nothing beside it names a file; every other value is the input itself. */
const checkInput = async (raw: unknown, folder: string): Promise<TaskInput | Problem> => {
  const why = unfit(raw);
  if (why !== undefined) return problem("FIELD_INVALID", `"input" ${why}`);
  if (!isObject(raw) || Object.keys(raw).length !== 1 || typeof raw["file"] !== "string") {
    // As JSON for programs, and as the block that it may become.
    const jsonBytes = Buffer.byteLength(JSON.stringify(raw));
    if (jsonBytes > INPUT_BYTES_MAX || encode(raw).length > INPUT_BYTES_MAX)
      return problem("INPUT_TOO_LARGE", "the input is larger than 8 MiB");
    return { kind: "value", value: raw };
  }
  const file = raw["file"];
  const path = resolve(folder, file);
  let bytes: number;
  try {
    const found = await stat(path);
    if (!found.isFile()) return problem("FILE_MISSING", `${show(file)} is not a file`);
    bytes = found.size;
  } catch (error) {
    return problem("FILE_MISSING", `${show(file)} cannot be read (${codeOf(error)})`);
  }
  const tooLarge = problem("INPUT_TOO_LARGE", `${show(file)} is larger than 8 MiB as an input`);
  if (bytes > INPUT_BYTES_MAX - FILE_WRAPPING_BYTES) return tooLarge;
  try {
    // Base64 takes 4 characters for 3 bytes; only where that matters the content is looked at.
    if ((bytes * 4) / 3 > INPUT_BYTES_MAX - FILE_WRAPPING_BYTES)
      if ("base64" in inputOfFile(file, await readFile(path))) return tooLarge;
  } catch (error) {
    return problem("FILE_MISSING", `${show(file)} cannot be read (${codeOf(error)})`);
  }
  return { kind: "file", file, path };
};

/** What a worker gets for a file: its text, or base64 where it is not UTF-8. */
export const inputOfFile = (
  file: string,
  bytes: Uint8Array,
): { readonly path: string } & ({ readonly text: string } | { readonly base64: string }) => {
  try {
    // A byte order mark stays: a worker must see the bytes that are there.
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { path: file, text: decoder.decode(bytes) };
  } catch {
    return { path: file, base64: Buffer.from(bytes).toString("base64") };
  }
};

/** The value that a task's worker gets as `input`. Throws what the file system throws. */
export const loadInput = async (input: TaskInput): Promise<unknown> =>
  input.kind === "value" ? input.value : inputOfFile(input.file, await readFile(input.path));
