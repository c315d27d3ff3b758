/** AGENTS.json: who takes part and how each is run. */

import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { RunSpec } from "#agent/runner/spec.ts";
import { findProgram } from "#agent/runner/program.ts";
import { capability } from "#protocol/fields.ts";
import {
  CAPABILITIES_MAX,
  DEADLINE_MS_MAX,
  LABEL_UNITS_MAX,
  NAME_UNITS_MAX,
} from "#protocol/limits.ts";
import type { Credits } from "#protocol/words.ts";
import { formatAmount } from "./amount.ts";
import { problem, type BadLines, type Problem } from "./bad-line.ts";
import { Fields, isObject, show, type JsonObject } from "./fields.ts";
import { parseLocated } from "./located-json.ts";
import { readHttp } from "./run-http.ts";
import { readLlm } from "./run-llm.ts";
import { readSandbox } from "./sandbox.ts";

/** Bytes of AGENTS.json; an agent takes about 200. */
export const AGENTS_BYTES_MAX = 8 * 1024 * 1024;
export const AGENTS_MAX = 10_000;
/** Of an agent without `etaMs`. */
export const ETA_DEFAULT_MS = 1_000;

/** Keys lie in files named after their agents. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
/** Accounts that a swarm has of its own. */
const RESERVED = new Set(["requester", "operator", "treasury", "burned"]);

export interface AgentSpec {
  readonly name: string;
  readonly role: "worker" | "verifier" | "both";
  readonly capabilities: readonly string[];
  /** Absent only for a verifier, or a module that may bid for itself. */
  readonly price: Credits | undefined;
  readonly etaMs: number;
  readonly stake: Credits | undefined;
  readonly credits: Credits | undefined;
  /** As given, or the agent's name. */
  readonly org: string;
  readonly asn: string | undefined;
  readonly region: string | undefined;
  readonly model: string | undefined;
  /** Somebody else's code: it runs in the sandbox or not at all. */
  readonly untrusted?: true;
  readonly run: RunSpec;
}

export interface AgentRules {
  readonly verifyStakeMin: Credits;
}

/** What each agent is granted is taken from the treasury; a problem where it does not have that much. */
export type TakeGrant = (agent: AgentSpec) => Problem | undefined;

export interface AgentsFile {
  /** Only sound ones. */
  readonly agents: readonly AgentSpec[];
  /** Programs run in the folder of the file. */
  readonly folder: string;
}

type Report = (path: readonly (string | number)[], what: Problem) => void;

type HasRole = Pick<AgentSpec, "role">;
export const works = (agent: HasRole): boolean => agent.role !== "verifier";
export const verifies = (agent: HasRole): boolean => agent.role !== "worker";

/** Read and check the whole file. What is wrong goes to `bad`; the result holds only sound agents. */
export const readAgents = async (
  file: string,
  rules: AgentRules,
  bad: BadLines,
  take: TakeGrant,
): Promise<AgentsFile> => {
  const folder = dirname(resolve(file));
  const none: AgentsFile = { agents: [], folder };
  const text = await readWhole(file, bad);
  if (text === undefined) return none;
  const json = parseLocated(text);
  if (json.kind === "bad") {
    bad.add(file, json.line, problem("NOT_JSON", json.sentence, "mend the JSON of this file"));
    return none;
  }
  const report: Report = (path, what) => bad.add(file, json.lineOf(...path), what);
  const list = isObject(json.value) ? json.value["agents"] : undefined;
  if (!isObject(json.value) || !Array.isArray(list)) {
    report(["agents"], problem("FIELD_MISSING", 'the file is not {"agents": [ … ]}'));
    return none;
  }
  const top = new Fields(json.value, (field, what) => report([field], what));
  top.value("agents", "required");
  top.rejectUnknown();
  if (list.length > AGENTS_MAX) {
    report(["agents"], problem("TOO_MANY", `there are more than ${AGENTS_MAX} agents`));
    return none;
  }
  return { agents: await checkAll(list as unknown[], folder, rules, report, take), folder };
};

const readWhole = async (file: string, bad: BadLines): Promise<string | undefined> => {
  try {
    if ((await stat(file)).size > AGENTS_BYTES_MAX) {
      bad.add(file, 1, problem("TOO_MANY", "the file is larger than 8 MiB"));
      return undefined;
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file)); // drops a BOM
  } catch (error) {
    const what =
      error instanceof TypeError
        ? problem("NOT_UTF8", "the file is not UTF-8")
        : problem("FILE_UNREADABLE", `the file cannot be read (${codeOf(error)})`);
    bad.add(file, 1, what);
    return undefined;
  }
};

const checkAll = async (
  list: readonly unknown[],
  folder: string,
  rules: AgentRules,
  report: Report,
  take: TakeGrant,
): Promise<AgentSpec[]> => {
  const agents: AgentSpec[] = [];
  const names = new Set<string>();
  for (const [index, item] of list.entries()) {
    const at: Report = (path, what) => report(["agents", index, ...path], what);
    if (!isObject(item)) {
      at([], problem("AGENT_INVALID", `agent ${index + 1} is ${show(item)}, not an object`));
      continue;
    }
    const agent = await checkOne(item, folder, rules, at);
    if (agent === undefined) continue;
    if (names.has(agent.name))
      at(["name"], problem("DUPLICATE_NAME", `the name "${agent.name}" is taken already`));
    names.add(agent.name);
    const short = take(agent);
    if (short !== undefined) at([], short);
    agents.push(agent);
  }
  return agents;
};

const checkOne = async (
  item: JsonObject,
  folder: string,
  rules: AgentRules,
  report: Report,
): Promise<AgentSpec | undefined> => {
  let sound = true;
  const at: Report = (path, what) => {
    sound = false;
    report(path, what);
  };
  const fields = new Fields(item, (field, what) => at([field], what));
  const name = readName(fields);
  const role = fields.oneOf("role", ["worker", "verifier", "both"], "required");
  const capabilities = readCapabilities(fields, at);
  const untrusted = fields.value("untrusted", "optional");
  if (untrusted !== undefined && typeof untrusted !== "boolean")
    fields.invalid("untrusted", `"untrusted" is ${show(untrusted)}, not true or false`);
  const run = await readRun(fields, folder, untrusted === true, at);
  const mayOmitPrice = role === "verifier" || run?.kind === "module";
  const price = fields.amount("price", mayOmitPrice ? "optional" : "required");
  const etaMs = fields.integer("etaMs", 1, DEADLINE_MS_MAX) ?? ETA_DEFAULT_MS;
  const stake = fields.amount("stake", "optional");
  if (stake !== undefined && role !== "worker" && stake < rules.verifyStakeMin) {
    const least = formatAmount(rules.verifyStakeMin);
    const sentence = `a stake of ${formatAmount(stake)} is below the ${least} of the verifiers' pool`;
    at(["stake"], problem("AGENT_INVALID", sentence, `stake at least ${least}, or leave it out`));
  }
  const credits = fields.amount("credits", "optional");
  const [org, asn, region, model] = (["org", "asn", "region", "model"] as const).map((label) =>
    fields.text(label, "optional", LABEL_UNITS_MAX),
  );
  fields.rejectUnknown();
  if (!sound || name === undefined || role === undefined || run === undefined) return undefined;
  const labels = { org: org ?? name, asn, region, model };
  const flags = untrusted === true ? ({ untrusted } as const) : {};
  return { name, role, capabilities, price, etaMs, stake, credits, ...labels, ...flags, run };
};

const readName = (fields: Fields): string | undefined => {
  const name = fields.text("name", "required", NAME_UNITS_MAX);
  if (name === undefined) return undefined;
  if (!NAME.test(name))
    return fields.invalid(
      "name",
      `the name ${show(name)} cannot be the name of a key file`,
      `use 1 to ${NAME_UNITS_MAX} letters, digits, dots, dashes and underscores, the first a letter or digit`,
    );
  if (RESERVED.has(name))
    return fields.invalid("name", `"${name}" is an account of the swarm itself`, "take another");
  return name;
};

const readCapabilities = (fields: Fields, at: Report): string[] => {
  const value = fields.value("capabilities", "required");
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0) {
    const sentence = `"capabilities" is ${show(value)}, not a list of at least one`;
    at(["capabilities"], problem("FIELD_INVALID", sentence, 'write for example ["minify-js"]'));
    return [];
  }
  const list = value as unknown[];
  for (const index of list.keys())
    new Fields({ capability: list[index] }, (_, what) => at(["capabilities", index], what)).like(
      "capability",
      "required",
      capability,
    );
  const different = [...new Set(list.map(String))];
  if (different.length > CAPABILITIES_MAX)
    at(["capabilities"], problem("TOO_MANY", `there are more than ${CAPABILITIES_MAX} of them`));
  return different;
};

const RUN_KINDS = ["exec", "module", "http", "llm"] as const;

const readRun = async (
  fields: Fields,
  folder: string,
  isUntrusted: boolean,
  at: Report,
): Promise<RunSpec | undefined> => {
  const invalid = (sentence: string, remedy?: string): undefined =>
    at(["run"], problem("AGENT_INVALID", sentence, remedy)) as undefined;
  const value = fields.value("run", "required");
  if (value === undefined) return undefined;
  const kinds = isObject(value) ? RUN_KINDS.filter((kind) => value[kind] !== undefined) : [];
  if (!isObject(value) || kinds.length !== 1)
    return invalid(`"run" is ${show(value)}, not exactly one of exec, module, http and llm`);
  const run = new Fields(value, (field, what) => at(["run", field], what));
  const [kind] = kinds;
  if (kind === "http") return readHttp(run, folder);
  if (kind === "llm") {
    const llm = run.value("llm", "required");
    run.rejectUnknown();
    return readLlm(llm, folder, (path, what) => at(["run", "llm", ...path], what));
  }
  const target = run.value(kind!, "required");
  const mode =
    kind === "exec" ? (run.oneOf("mode", ["once", "lines"], "optional") ?? "once") : "once";
  const plans = kind === "exec" ? run.value("plans", "optional") : undefined;
  const sandbox = kind === "exec" ? readSandbox(run, folder, isUntrusted) : {};
  run.rejectUnknown();
  if (plans !== undefined && typeof plans !== "boolean")
    return invalid(`"plans" is ${show(plans)}, not true or false`);
  if (kind === "exec") {
    const command = readCommand(target, mode, plans ?? false, invalid);
    const name = command?.command[0];
    if (command === undefined || name === undefined) return command;
    if (findProgram(name, folder) !== undefined) return { ...command, ...sandbox };
    const where = name.includes("/") ? "there" : "in PATH";
    const sentence = `no program ${show(name)} that can be executed is ${where}`;
    at(["run", "exec"], problem("PROGRAM_MISSING", sentence));
    return undefined;
  }
  if (typeof target !== "string" || target === "")
    return invalid(`"module" is ${show(target)}, not a path`);
  const path = resolve(folder, target);
  if (await isFile(path)) return { kind: "module", path };
  at(["run", "module"], problem("FILE_MISSING", `there is no module ${show(target)}`));
  return undefined;
};

const readCommand = (
  target: unknown,
  mode: "once" | "lines",
  plans: boolean,
  invalid: (sentence: string, remedy?: string) => undefined,
): Extract<RunSpec, { kind: "exec" }> | undefined => {
  const words = Array.isArray(target) ? (target as unknown[]) : [];
  const isWord = (word: unknown): word is string =>
    typeof word === "string" && !word.includes("\u0000");
  const [program, ...args] = words.filter(isWord);
  if (words.length === 0 || !words.every(isWord) || !program)
    return invalid(
      `"exec" is ${show(target)}, not a program and its arguments`,
      'write for example ["node", "solve.mjs"]',
    );
  return { kind: "exec", command: [program, ...args], mode, plans };
};

const isFile = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
};

export const codeOf = (error: unknown): string =>
  (error as { readonly code?: string }).code ?? "unknown";
