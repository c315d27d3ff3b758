/** `"run": {"llm": {"baseUrl": …, "model": …}}` of AGENTS.json. */

import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Caps, LlmSpec, Prices } from "#agent/llm/spec.ts";
import { readSpent } from "#agent/llm/spend-file.ts";
import { problem, type Problem } from "./bad-line.ts";
import { Fields, isObject, show } from "./fields.ts";
import { portFits, readAddress, readSecret, readStart } from "./run-network.ts";

const MODEL_UNITS_MAX = 200;
const PATH_UNITS_MAX = 2_000;
const PROMPT_BYTES_MAX = 64 * 1024;
const TOKENS_MAX = 1_000_000;
const TOKENS_DEFAULT = 1_024;
const TEMPERATURE_MAX = 2;
const FIELDS_OF_TOKENS = ["max_tokens", "max_completion_tokens"] as const;

type Report = (path: readonly string[], what: Problem) => void;

export const readLlm = async (
  value: unknown,
  folder: string,
  report: Report,
): Promise<LlmSpec | undefined> => {
  if (!isObject(value)) {
    const sentence = `"llm" is ${show(value)}, not an object`;
    report([], problem("FIELD_INVALID", sentence, 'write {"baseUrl": "…", "model": "…"}'));
    return undefined;
  }
  let sound = true;
  const at: Report = (path, what) => {
    sound = false;
    report(path, what);
  };
  const fields = new Fields(value, (field, what) => at([field], what));
  const baseUrl = readAddress(fields, "baseUrl", "required");
  const model = fields.text("model", "required", MODEL_UNITS_MAX);
  const health = readAddress(fields, "health", "optional", baseUrl);
  const temperature = readTemperature(fields);
  const prices = readPrices(fields, at);
  const { caps, spendFile } = readBudget(fields, folder, prices, at);
  const task = await readTask(fields, folder);
  const start = readStart(fields, folder);
  const apiKey = await readSecret(fields, { env: "apiKeyEnv", file: "apiKeyFile" }, folder);
  const rest = {
    maxTokens: fields.integer("maxTokens", 1, TOKENS_MAX) ?? TOKENS_DEFAULT,
    maxTokensField: fields.oneOf("maxTokensField", FIELDS_OF_TOKENS, "optional") ?? "max_tokens",
    stream: fields.flag("stream") ?? true,
  };
  fields.rejectUnknown();
  if (baseUrl !== undefined) portFits(fields, "baseUrl", baseUrl, start ?? undefined);
  if (!sound || baseUrl === undefined || model === undefined) return undefined;
  return {
    kind: "llm",
    baseUrl,
    model,
    caps,
    ...rest,
    ...(typeof apiKey === "string" ? { apiKey } : {}),
    ...(spendFile === undefined ? {} : { spendFile }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(prices === undefined ? {} : { prices }),
    ...(task === undefined ? {} : { task }),
    ...(health === undefined ? {} : { health }),
    ...(start ? { start } : {}),
  };
};

const readTemperature = (fields: Fields): number | undefined => {
  const value = fields.value("temperature", "optional");
  if (value === undefined) return undefined;
  if (typeof value === "number" && value >= 0 && value <= TEMPERATURE_MAX) return value;
  const wanted = `a number from 0 to ${TEMPERATURE_MAX}`;
  return fields.invalid("temperature", `"temperature" is ${show(value)}, not ${wanted}`);
};

/** An object of amounts, with its unknown fields reported; undefined where it is absent or none. */
const readAmounts = <T extends string>(
  fields: Fields,
  name: string,
  of: { readonly names: readonly T[]; readonly need: "required" | "optional"; readonly at: Report },
): Partial<Record<T, bigint>> | undefined => {
  const value = fields.value(name, "optional");
  if (value === undefined) return undefined;
  if (!isObject(value)) return fields.invalid(name, `"${name}" is ${show(value)}, not an object`);
  const amounts = new Fields(value, (field, what) => of.at([name, field], what));
  const read = of.names.map((one) => [one, amounts.amount(one, of.need)] as const);
  amounts.rejectUnknown();
  return Object.fromEntries(read.filter(([, amount]) => amount !== undefined)) as Partial<
    Record<T, bigint>
  >;
};

const readPrices = (fields: Fields, at: Report): Prices | undefined => {
  const of = { names: ["input", "output"], need: "required", at } as const;
  const { input, output } = readAmounts(fields, "prices", of) ?? {};
  return input === undefined || output === undefined ? undefined : { input, output };
};

const readBudget = (
  fields: Fields,
  folder: string,
  prices: Prices | undefined,
  at: Report,
): { readonly caps: Caps; readonly spendFile?: string } => {
  const value = fields.value("budget", "optional");
  const { file, ...amounts } = isObject(value) ? value : {};
  const given = new Fields({ budget: isObject(value) ? amounts : value }, (field, what) =>
    at([field], what),
  );
  const of = { names: ["call", "need", "total"], need: "optional", at } as const;
  const caps = readAmounts(given, "budget", of);
  if (caps === undefined) return { caps: {} };
  if (fields.value("prices", "optional") === undefined && prices === undefined)
    fields.invalid(
      "budget",
      "there is a budget, and no prices to count with",
      'add "prices": {"input": "0.15", "output": "0.60"}, for a million tokens each',
    );
  if (file === undefined) return { caps };
  const invalid = (sentence: string): void =>
    at(["budget", "file"], problem("FIELD_INVALID", sentence));
  if (typeof file !== "string" || file === "") {
    invalid(`"file" is ${show(file)}, not a path`);
    return { caps };
  }
  const spendFile = resolve(folder, file);
  try {
    readSpent(spendFile);
  } catch (error) {
    invalid(`${show(file)} cannot say what was spent: ${(error as Error).message}`);
  }
  return { caps, spendFile };
};

const readTask = async (fields: Fields, folder: string): Promise<string | undefined> => {
  const name = fields.text("prompt", "optional", PATH_UNITS_MAX);
  if (name === undefined) return undefined;
  const path = resolve(folder, name);
  const fail = (code: "FILE_MISSING" | "FIELD_INVALID", sentence: string): undefined =>
    fields.report("prompt", problem(code, sentence)) as undefined;
  try {
    if ((await stat(path)).size > PROMPT_BYTES_MAX)
      return fail("FIELD_INVALID", `the prompt ${show(name)} is larger than 64 KiB`);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path)).trim();
    return text === "" ? fail("FIELD_INVALID", `the prompt ${show(name)} is empty`) : text;
  } catch (error) {
    return error instanceof TypeError
      ? fail("FIELD_INVALID", `the prompt ${show(name)} is not UTF-8`)
      : fail("FILE_MISSING", `there is no prompt ${show(name)}`);
  }
};
