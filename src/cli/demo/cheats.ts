/** Four lies about a minified file, each worth money if nobody looks. */

import type { Minified } from "./minifiers.ts";

export const CHEATS = ["empty", "export", "operator", "size"] as const;
export type Cheat = (typeof CHEATS)[number];

/** As people are told. */
export const CHEAT_TEXTS: Readonly<Record<Cheat, string>> = {
  empty: "empty output",
  export: "an export dropped",
  operator: "one operator changed",
  size: "a false size",
};

const SWAPPED: Readonly<Record<string, string>> = {
  "===": "!==",
  "!==": "===",
  "&&": "||",
  "||": "&&",
  ">=": "<=",
  "<=": ">=",
  "==": "!=",
  "!=": "==",
  "++": "--",
  "<<": ">>",
  "+": "-",
  "<": ">",
};
const OPERATOR = /===|!==|&&|\|\||>=|<=|==|!=|\+\+|<<|\+|</;

/** Tried in this order: the first one that is there goes. */
const EXPORTS = [
  /\bexport\s*\{[^}]*\}(?:\s*from\s*["'][^"']*["'])?;?/,
  /\bexport\s+(?:default\s+)?/,
  /\bmodule\.exports\s*=/,
  /\bexports\.[\w$]+\s*=/,
];

const dropExport = (code: string): string | undefined => {
  const pattern = EXPORTS.find((one) => one.test(code));
  return pattern === undefined ? undefined : code.replace(pattern, "");
};

const swapOperator = (code: string): string | undefined =>
  OPERATOR.test(code) ? code.replace(OPERATOR, (found) => SWAPPED[found]!) : undefined;

const codeOf = (cheat: Exclude<Cheat, "size">, code: string): string | undefined => {
  if (cheat === "empty") return code === "" ? undefined : "";
  return cheat === "operator" ? swapOperator(code) : dropExport(code);
};

/** What a cheat says has come out, in percent of what did. */
const SIZE_TOLD_PERCENT = 80;

/** The lie, dressed as an honest delivery; undefined where the file gives no occasion for it. */
export const cheatOn = (cheat: Cheat, honest: Minified): Minified | undefined => {
  if (cheat === "size")
    return { ...honest, bytesOut: Math.floor((honest.bytesOut * SIZE_TOLD_PERCENT) / 100) };
  const code = codeOf(cheat, honest.code);
  return code === undefined ? undefined : { ...honest, code, bytesOut: Buffer.byteLength(code) };
};
