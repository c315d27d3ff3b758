/** Three small lies about a minified file, hard to see and each worth money if nobody looks. */

import type { Minified } from "./minifiers.ts";

export const CHEATS = ["operator", "export", "size"] as const;
export type Cheat = (typeof CHEATS)[number];

const SWAPPED: Readonly<Record<string, string>> = {
  "===": "!==",
  "!==": "===",
  "&&": "||",
  "||": "&&",
  ">=": "<=",
  "<=": ">=",
  "==": "!=",
  "!=": "==",
  "+": "-",
  "<": ">",
};
const OPERATOR = /===|!==|&&|\|\||>=|<=|==|!=|\+|</;

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

/** The lie, dressed as an honest delivery; undefined where the file gives no occasion for it. */
export const cheatOn = (cheat: Cheat, honest: Minified): Minified | undefined => {
  if (cheat === "size") return { ...honest, bytesOut: Math.floor(honest.bytesOut * 0.8) };
  const code = cheat === "operator" ? swapOperator(honest.code) : dropExport(honest.code);
  return code === undefined ? undefined : { ...honest, code, bytesOut: Buffer.byteLength(code) };
};
