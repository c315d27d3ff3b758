/**
 * What the ways to run an agent over the network have in common: an address, a secret that is named and
 * never written down, and the program that is the service. Each reader reports through `fields` and gives
 * undefined where there is nothing sound.
 */

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { findProgram } from "#agent/runner/program.ts";
import type { Command } from "#agent/runner/spec.ts";
import { problem } from "./bad-line.ts";
import { show, type Fields } from "./fields.ts";

const ADDRESS_UNITS_MAX = 2_000;
const VARIABLE_UNITS_MAX = 200;
/** What a header can carry, without the two characters that JSON writes otherwise. */
const SECRET = /^[!#-[\]-~]{1,4096}$/;
const NEVER_WRITTEN = "secrets do not belong into this file";

/** An http or https address. `base` makes a path like "/health" whole. */
export const readAddress = (
  fields: Fields,
  name: string,
  need: "required" | "optional",
  base?: string,
): string | undefined => {
  const text = fields.text(name, need, ADDRESS_UNITS_MAX);
  if (text === undefined) return undefined;
  const what = base === undefined ? "an address" : "a path or an address";
  const wanted = `write ${what} like "http://127.0.0.1:8080/work"`;
  const url = URL.parse(text, base);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    return fields.invalid(name, `"${name}" is ${show(text)}, not an http or https address`, wanted);
  if (url.username !== "" || url.password !== "")
    return fields.invalid(
      name,
      `"${name}" holds a user or password`,
      `${NEVER_WRITTEN}: use tokenEnv`,
    );
  if (url.hash !== "") return fields.invalid(name, `"${name}" has a fragment (#…)`, wanted);
  return url.href;
};

/** A port of 0 is told by the program that is started, and by nobody else. */
export const portFits = (
  fields: Fields,
  name: string,
  address: string,
  start: Command | undefined,
): boolean => {
  if (new URL(address).port !== "0" || start !== undefined) return true;
  fields.invalid(name, `"${name}" has port 0, and nothing is started that could tell its port`);
  return false;
};

/** From the variable that `env` names or the file that `file` names; null where there should be one. */
export const readSecret = async (
  fields: Fields,
  names: { readonly env: string; readonly file: string },
  folder: string,
): Promise<string | null | undefined> => {
  const variable = fields.text(names.env, "optional", VARIABLE_UNITS_MAX);
  const file = fields.text(names.file, "optional", ADDRESS_UNITS_MAX);
  if (variable !== undefined && file !== undefined) {
    fields.invalid(names.file, `both "${names.env}" and "${names.file}" are there`, "take one");
    return null;
  }
  if (variable === undefined && file === undefined) return undefined;
  const [name, from] =
    variable === undefined
      ? [names.file, `the file ${show(file)}`]
      : [names.env, `the environment variable ${show(variable)}`];
  const secret =
    variable === undefined ? await textOf(resolve(folder, file!)) : process.env[variable];
  const fail = (how: string): null => {
    fields.report(name, problem("SECRET_MISSING", `${from} ${how}`));
    return null;
  };
  if (secret === undefined) return fail("is not there");
  if (secret.trim() === "") return fail("is empty");
  return SECRET.test(secret.trim()) ? secret.trim() : fail("is no secret that a header can carry");
};

const textOf = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
};

/** Program and arguments of the service; null where they should be there and are not. */
export const readStart = (fields: Fields, folder: string): Command | null | undefined => {
  const value = fields.value("start", "optional");
  if (value === undefined) return undefined;
  const words = Array.isArray(value) ? (value as unknown[]) : [];
  const isWord = (word: unknown): word is string =>
    typeof word === "string" && !word.includes("\u0000");
  const [program, ...args] = words.filter(isWord);
  if (!words.every(isWord) || !program) {
    const sentence = `"start" is ${show(value)}, not a program and its arguments`;
    fields.invalid("start", sentence, 'write for example ["node", "service.mjs"]');
    return null;
  }
  if (findProgram(program, folder) !== undefined) return [program, ...args];
  const where = program.includes("/") ? "there" : "in PATH";
  const sentence = `no program ${show(program)} that can be executed is ${where}`;
  fields.report("start", problem("PROGRAM_MISSING", sentence));
  return null;
};
